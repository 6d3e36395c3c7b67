/**
 * Locking private mappings of files on Linux, without a copy of each page.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Failure } from "../contract/memory.ts";
import type { LockingCalls } from "../posix/residency.ts";

/** The number of the system call, by `process.arch`: glibc has the function from 2.27 on, musl has none. */
export const MLOCK2: Readonly<Record<string, bigint>> = { x64: 325n, arm64: 284n };
/** `MLOCK_ONFAULT`: {@link https://man7.org/linux/man-pages/man2/mlock.2.html} */
export const MLOCK_ONFAULT = 1n;

/** `CAP_IPC_LOCK`: {@link https://man7.org/linux/man-pages/man7/capabilities.7.html} */
export const CAP_IPC_LOCK = 14n;

const FUNCTIONS = {
  // long syscall(long number, ...), as in linux_stat.ts. The result, 0 or -1, fits in an int.
  syscall: {
    parameters: ["usize", "usize", "usize", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
} as const satisfies SymbolTable;

/** Kernels before 4.4 and 5.14 lack the calls, and sandboxes forbid them. */
const FALLS_BACK: readonly string[] = ["ENOSYS", "EINVAL", "EPERM"];

/** Whether the process may lock as much as it wants, by what the kernel tells of it. */
export function mayLock(read: (path: string) => string): boolean {
  return isCapable(read("/proc/self/status"), CAP_IPC_LOCK);
}

/** Whether a process has a capability, by its `/proc/self/status`. */
export function isCapable(status: string, capability: bigint): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  return match !== null && (BigInt(`0x${match[1]}`) >> capability & 1n) === 1n;
}

/**
 * Returns what locks pages of a private mapping of a file. `mlock` backs such pages as
 * stores do where they can be stored to, with a copy of each; this backs them as loads do, with
 * the page cache's own pages, and a page that is copied later is locked when it is.
 */
export function linuxLocking(
  native: Native,
  { library, arch }: { readonly library: string; readonly arch: string },
  failed: (syscall: string) => Failure,
  { lock, unlock, populate }: LockingCalls,
): LockingCalls["lock"] {
  const { syscall } = native.open(library, FUNCTIONS);
  const number = MLOCK2[arch] ?? MLOCK2["x64"]!;
  return (address, byteLength) => {
    if (syscall(number, address, byteLength, MLOCK_ONFAULT, 0n, 0n, 0n) !== 0) {
      const failure = failed("mlock2");
      return FALLS_BACK.includes(failure.code) ? lock(address, byteLength) : failure;
    }
    // Not before: what is taken from RAM in between would not be locked.
    let failure = populate(address, byteLength, false);
    if (failure === "unsupported" || (failure && FALLS_BACK.includes(failure.code))) {
      failure = lock(address, byteLength);
    }
    if (failure !== undefined) unlock(address, byteLength);
    return failure;
  };
}
