/**
 * `fstat` of Linux.
 *
 * @module
 */
import type { CLibrary } from "../posix/library.ts";
import type { StatCall } from "../posix/status.ts";
import { processor, SYSCALL_INTO_BUFFER } from "./calls.ts";

/** Opens `fstat`: {@link https://man7.org/linux/man-pages/man2/fstat.2.html} */
export function linuxStat(
  { native, file: library, arch }: Pick<CLibrary, "native" | "file" | "arch">,
): StatCall {
  const { syscall } = native.open(library, SYSCALL_INTO_BUFFER);
  const { fstat } = processor(arch).calls;
  return (file, status) => syscall(fstat, BigInt(file), status, 0n, 0n, 0n, 0n);
}
