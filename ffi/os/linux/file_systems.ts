/**
 * File systems of Linux.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { OpenFile } from "../contract/files.ts";
import type { Failure } from "../contract/memory.ts";
import type { CLibrary } from "../posix/library.ts";
import { HUGETLBFS_MAGIC, LINUX } from "./calls.ts";

/** More than `sizeof(struct statfs)`. */
const STATFS_BYTES = 256;
/** `offsetof(struct statfs, f_bsize)`; `f_type` is at 0 */
const F_BSIZE = 8;
/** `offsetof(struct statfs, f_blocks)` */
const F_BLOCKS = 16;
/** `offsetof(struct statfs, f_bavail)` */
const F_BAVAIL = 32;

/** The facts of a file system. */
export interface FileSystem {
  /** The number of its kind: {@link https://man7.org/linux/man-pages/man2/statfs.2.html} */
  readonly magic: bigint;
  /** The bytes that are free for users; `undefined` if the size is not limited. */
  readonly free: bigint | undefined;
}

/** Opens `fstatfs`. */
export function linuxFileSystems(
  { open, failed }: CLibrary,
): (file: OpenFile) => FileSystem | Failure {
  const { fstatfs } = open(LINUX, "fstatfs");
  const status = new Uint8Array(STATFS_BYTES);
  const fields = new DataView(status.buffer);
  const field = (offset: number) => fields.getBigUint64(offset, true);
  return (file) =>
    fstatfs(file, status) !== 0 ? failed("fstatfs") : {
      magic: BigInt.asUintN(32, field(0)),
      free: field(F_BLOCKS) === 0n ? undefined : field(F_BSIZE) * field(F_BAVAIL),
    };
}

/**
 * Opens the function that recognizes files of huge pages. Their blocks are huge pages, so the file
 * system of shorter blocks need not be asked for.
 */
export function linuxHasHugePages(
  library: CLibrary,
): (file: OpenFile, blockByteLength: number) => boolean {
  const fileSystemOf = lazily(() => linuxFileSystems(library));
  return (file, blockByteLength) => {
    if (blockByteLength <= library.pageSize) return false;
    const found = fileSystemOf()(file);
    return "magic" in found && found.magic === HUGETLBFS_MAGIC;
  };
}
