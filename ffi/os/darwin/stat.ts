/**
 * `fstat` and `stat` of macOS.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { CLibrary } from "../posix/library.ts";
import type { StatCalls } from "../posix/status.ts";
import { DARWIN } from "./calls.ts";

/**
 * Opens `fstat`, and `stat` at its first use, with inodes of 64 bits. On x64 the plain names are
 * those of older functions, with 32 bits ({@link https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/cdefs.h},
 * `$INODE64`).
 */
export function darwinStat({ open, arch }: Pick<CLibrary, "open" | "arch">): StatCalls {
  const isOld = arch === "x64";
  const fstat = isOld ? "fstat$INODE64" : "fstat";
  const stat = isOld ? "stat$INODE64" : "stat";
  const ofPath = lazily(() => open(DARWIN, stat)[stat]);
  return {
    fstat: open(DARWIN, fstat)[fstat],
    stat: (path, status) => ofPath()(path, status),
  };
}
