/**
 * Locking private mappings of files on Linux, without a copy of each page.
 *
 * @module
 */
import type { CLibrary } from "../posix/library.ts";
import type { LockingCalls } from "../posix/residency.ts";
import { CAP_IPC_LOCK, LINUX, MLOCK_ONFAULT, processor } from "./calls.ts";
import type { AnyText } from "./text.ts";

/** Kernels before 4.4 and 5.14 lack the calls, and sandboxes forbid them. */
const FALLS_BACK: readonly string[] = ["ENOSYS", "EINVAL", "EPERM"];

/** Whether the limit of locked memory does not apply to this process. */
export function mayLock(read: AnyText): boolean {
  return isCapable(read("/proc/self/status"), CAP_IPC_LOCK);
}

/** Whether a process has a capability, by its `/proc/self/status`. */
export function isCapable(status: string, capability: bigint): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  return match !== null && (BigInt(`0x${match[1]}`) >> capability & 1n) === 1n;
}

/**
 * Returns the calls that lock pages of a private mapping of a file. `mlock` would copy each
 * writable page. These calls back the pages with the page cache, as a load does; a page that a
 * store copies later is locked then.
 */
export function linuxLocking(
  { open, failed, arch }: CLibrary,
  { lock, unlock, populate }: LockingCalls,
): LockingCalls["lock"] {
  const { syscall } = open(LINUX, "syscall");
  const { mlock2 } = processor(arch).calls;
  return (address, byteLength) => {
    if (syscall(mlock2, address, byteLength, MLOCK_ONFAULT, 0n, 0n, 0n) !== 0) {
      const failure = failed("mlock2");
      return FALLS_BACK.includes(failure.code) ? lock(address, byteLength) : failure;
    }
    // After the lock, because a page that the system evicts in between would not be locked.
    let failure = populate(address, byteLength, false);
    if (failure === "unsupported" || (failure && FALLS_BACK.includes(failure.code))) {
      failure = lock(address, byteLength);
    }
    if (failure !== undefined) unlock(address, byteLength);
    return failure;
  };
}
