/**
 * `fstat` of macOS.
 *
 * @module
 */
import type { CLibrary } from "../posix/library.ts";
import type { StatCall } from "../posix/status.ts";
import { DARWIN } from "./calls.ts";

/**
 * Opens `fstat` with inodes of 64 bits. On x64 the plain name is that of an older function, with
 * 32 bits ({@link https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/cdefs.h},
 * `$INODE64`).
 */
export function darwinStat({ open, arch }: Pick<CLibrary, "open" | "arch">): StatCall {
  const name = arch === "x64" ? "fstat$INODE64" : "fstat";
  return open(DARWIN, name)[name];
}
