/**
 * Simulated Linux and macOS, with every C function that either of them calls.
 *
 * @module
 */
import type { Os } from "../../../ffi/os/contract/os.ts";
import { callsOf } from "./calls.ts";
import { darwinCalls } from "./darwin.ts";
import { Kernel, type Machine, OVERWRITTEN, type SimulatedSystem } from "./kernel.ts";
import { linuxCalls } from "./linux.ts";
import { fileCalls } from "./posix_files.ts";
import { memoryCalls } from "./posix_memory.ts";
import { GROWTH, SimulatedRuntime, type StandIns } from "./runtime.ts";

const ERRNO_ADDRESS = 0x7f12_3456_789cn;

/** Opens Linux or macOS. */
export function simulatedPosix(
  open: (runtime: SimulatedRuntime) => Os,
  machine: Machine = {},
): SimulatedSystem {
  const kernel = new Kernel(machine);
  const errno = new Int32Array([OVERWRITTEN]);
  const calls = callsOf(kernel, (error) => errno[0] = error, -1, 0);
  const { [machine.missing ?? ""]: _missing, ...standIns }: StandIns = {
    ...GROWTH,
    ...memoryCalls(calls),
    ...fileCalls(calls),
    ...linuxCalls(calls),
    ...darwinCalls(calls),
    sysconf: () => BigInt(machine.pageSize ?? 4096),
    __errno_location: () => ERRNO_ADDRESS,
    __error: () => ERRNO_ADDRESS,
  };
  const runtime = new SimulatedRuntime(
    standIns,
    new Map([[ERRNO_ADDRESS, errno.buffer]]),
    (address, byteLength) => kernel.view(address, byteLength),
  );
  const os = open(runtime);
  const { guard, guardAt } = os;
  if (guard !== undefined && guardAt !== undefined) {
    Object.assign(os, {
      guard() {
        const opened = guard.call(os);
        return opened && kernel.guards.watch(opened);
      },
      guardAt: (address: bigint) => kernel.guards.watchEntry(guardAt.call(os, address)),
    });
  }
  return { os, runtime, kernel };
}
