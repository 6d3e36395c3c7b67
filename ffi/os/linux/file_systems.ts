/**
 * Which file systems of Linux have memory that is not like that of others.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";

/** `HUGETLBFS_MAGIC`: {@link https://man7.org/linux/man-pages/man2/statfs.2.html} */
export const HUGETLBFS_MAGIC = 0x958458f6n;

/** More than `sizeof(struct statfs)`, of which the first 8 bytes are `f_type`. */
const STATFS_BYTES = 256;

const FUNCTIONS = {
  // int fstatfs(int fd, struct statfs *buf)
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies SymbolTable;

/**
 * Opens `fstatfs`, by which files of huge pages are told from others: these are
 * unmapped by whole huge pages alone, and a store can find that none is left,
 * which ends the process.
 */
export function linuxHasHugePages(native: Native, library: string): (file: number) => boolean {
  const { fstatfs } = native.open(library, FUNCTIONS);
  const status = new Uint8Array(STATFS_BYTES);
  const fields = new DataView(status.buffer);
  return (file) =>
    fstatfs(file, status) === 0 &&
    BigInt.asUintN(32, fields.getBigUint64(0, true)) === HUGETLBFS_MAGIC;
}
