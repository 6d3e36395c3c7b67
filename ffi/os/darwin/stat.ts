/**
 * `fstat` of macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { StatCall } from "../posix/files.ts";
import type { OwnerFields } from "../posix/owner.ts";

/** `offsetof(struct stat, …)`, with inodes of 64 bits. */
export const OWNER_FIELDS: OwnerFields = { mode: 4, user: 16 };

/**
 * The names that `fstat` with inodes of 64 bits has, by `process.arch`: on x64 the plain
 * name is that of the older one, with 32 bits
 * ({@link https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/cdefs.h}, `$INODE64`).
 */
const NAMES: Readonly<Record<string, string>> = { x64: "fstat$INODE64", arm64: "fstat" };

/** Opens `fstat`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/stat.2.html} */
export function darwinStat(native: Native, library: string, arch: string): StatCall {
  const name = NAMES[arch] ?? NAMES["arm64"]!;
  const functions = native.open<SymbolTable>(library, {
    // int fstat(int fildes, struct stat *buf)
    [name]: { parameters: ["i32", "buffer"], result: "i32" },
  });
  return functions[name] as StatCall;
}
