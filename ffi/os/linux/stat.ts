/**
 * `fstat` of Linux.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { StatCall } from "../posix/files.ts";
import type { OwnerFields } from "../posix/owner.ts";

/** `offsetof(struct stat, …)`, by `process.arch`. */
export const OWNER_FIELDS: Readonly<Record<"x64" | "arm64", OwnerFields>> = {
  x64: { mode: 24, user: 28 },
  arm64: { mode: 16, user: 24 },
};

/** The number of the system call, by `process.arch`: before 2.33 glibc has no function of this name. */
export const FSTAT: Readonly<Record<string, bigint>> = { x64: 5n, arm64: 80n };

const FUNCTIONS = {
  // long syscall(long number, ...): on Linux, what has no name is passed as what has one.
  // The result, 0 or -1, fits in an int. All seven parameters, as everywhere: syscall() reads
  // the last one from above its stack frame, where koffi 3.0 may have no memory.
  syscall: {
    parameters: ["usize", "usize", "buffer", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
} as const satisfies SymbolTable;

/** Opens `fstat`: {@link https://man7.org/linux/man-pages/man2/fstat.2.html} */
export function linuxStat(native: Native, library: string, arch: string): StatCall {
  const { syscall } = native.open(library, FUNCTIONS);
  const number = FSTAT[arch] ?? FSTAT["x64"]!;
  return (file, status) => syscall(number, BigInt(file), status, 0n, 0n, 0n, 0n);
}
