/**
 * `fstat` and `stat` of Linux.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { CLibrary } from "../posix/library.ts";
import type { StatCalls } from "../posix/status.ts";
import { AT_FDCWD, processor, SYSCALL_INTO_BUFFER, SYSCALL_OF_PATH } from "./calls.ts";

/** Opens `fstat`, and `newfstatat` at its first use: {@link https://man7.org/linux/man-pages/man2/fstat.2.html} */
export function linuxStat(
  { native, file: library, arch }: Pick<CLibrary, "native" | "file" | "arch">,
): StatCalls {
  const { syscall } = native.open(library, SYSCALL_INTO_BUFFER);
  const { fstat, newfstatat } = processor(arch).calls;
  const ofPath = lazily(() => native.open(library, SYSCALL_OF_PATH));
  const folder = BigInt.asUintN(64, BigInt(AT_FDCWD));
  return {
    fstat: (file, status) => syscall(fstat, BigInt(file), status, 0n, 0n, 0n, 0n),
    stat: (path, status) => ofPath().syscall(newfstatat, folder, path, status, 0n, 0n, 0n),
  };
}
