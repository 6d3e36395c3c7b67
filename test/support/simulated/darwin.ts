/**
 * The calls that macOS alone has: those of Mach, and waiting on addresses.
 *
 * @module
 */
import type { Calls } from "./calls.ts";
import { PAGE } from "./address_space.ts";
import { OVERWRITTEN } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";

export function darwinCalls({ kernel, setError, status }: Calls): StandIns {
  const [ENOENT, KERN_INVALID_ADDRESS] = [2, 1];
  const { space } = kernel;
  let wakes = 0;

  return {
    ...status({ os_sync_wait_on_address_with_timeout() {} }),
    os_sync_wake_by_address_any() {
      // Every other time somebody waits.
      const error = kernel.called("os_sync_wake_by_address_any") ??
        (wakes++ % 2 === 0 ? undefined : ENOENT);
      setError(error ?? OVERWRITTEN);
      return error === undefined ? 0 : -1;
    },
    mach_vm_read_overwrite: () => kernel.called("mach_vm_read_overwrite") ?? 0,
    mach_vm_write: () => kernel.called("mach_vm_write") ?? 0,
    mach_vm_remap(
      _task: number,
      target: Uint8Array,
      byteLength: bigint,
      _mask: bigint,
      _flags: number,
      _source: number,
      address: bigint,
    ) {
      const error = kernel.called("mach_vm_remap") ?? 0;
      const to = new DataView(target.buffer).getBigUint64(0, true);
      space.own(to, byteLength);
      if (error === 0) space.map(to, byteLength, space.states(address, byteLength)[0]!, true);
      return error;
    },
    mach_vm_region(
      _task: number,
      place: Uint8Array,
      size: Uint8Array,
      flavor: number,
      info: Uint8Array,
    ) {
      const error = kernel.called("mach_vm_region");
      if (error !== undefined) return error;
      const at = new DataView(place.buffer);
      const run = space.from(at.getBigUint64(0, true));
      if (run === undefined) return KERN_INVALID_ADDRESS;
      at.setBigUint64(0, run.start, true);
      new DataView(size.buffer).setBigUint64(0, run.end - run.start, true);
      const fields = new DataView(info.buffer);
      fields.setInt32(0, Number(/\d+$/.exec(run.state)![0]), true); // protection
      const VM_REGION_BASIC_INFO_64 = 9;
      const isShared = flavor === VM_REGION_BASIC_INFO_64 && run.state.startsWith("shared ");
      fields.setUint32(8, isShared ? 0 : 1, true); // inheritance, or pages_resident
      return 0;
    },
    proc_regionfilename(_pid: number, address: bigint, path: Uint8Array) {
      const isRefused = kernel.called("proc_regionfilename") !== undefined;
      if (isRefused || !space.states(address, PAGE)[0]!.includes("file")) return 0;
      return new TextEncoder().encodeInto("/a file", path).written;
    },
    task_self_trap: () => 259,
    clock_gettime_nsec_np: () => kernel.now(),
    pthread_self: () => 0x9000n,
  };
}
