/**
 * The status of files on Linux and macOS, by `fstat` and `stat`.
 *
 * @module
 */
import type { FileIdentity, OpenFile } from "../contract/files.ts";
import type { Failure } from "../contract/memory.ts";
import type { Owner } from "../contract/named.ts";
import { POSIX } from "./calls.ts";
import { type CLibrary, cString } from "./library.ts";

/** Fill a `struct stat`. Return 0, or -1 for a failure. */
export interface StatCalls {
  fstat(file: OpenFile, status: Uint8Array): number;
  /** Follows links. The path ends in a NUL. */
  stat(path: Uint8Array, status: Uint8Array): number;
}

/**
 * The calls of a system. Its `struct stat` starts with the lower 32 bits of `st_dev`, and has the
 * 64 bits of `st_ino` at offset 8.
 */
export interface StatFacts {
  readonly open: (library: CLibrary) => StatCalls;
  /** `offsetof(struct stat, st_mode)`, whose lower 16 bits are read. */
  readonly mode: number;
  /** `offsetof(struct stat, st_uid)` */
  readonly user: number;
  /** `offsetof(struct stat, st_size)` */
  readonly byteLength: number;
  /** `offsetof(struct stat, st_blksize)`, whose lower 32 bits are read. */
  readonly blockByteLength: number;
}

/** The status of a file. */
export interface PosixStatus extends FileIdentity {
  readonly isFile: boolean;
  readonly byteLength: number;
  /** The length of its blocks in bytes. */
  readonly blockByteLength: number;
  /** The ID of its owner. */
  readonly user: number;
  /** The bits of its mode that are permissions. */
  readonly mode: number;
}

/** Reads the status of files. */
export interface StatusReader {
  read(file: OpenFile): PosixStatus | Failure;
  /** Returns true if there is a file at a path. */
  isFile(path: string): boolean;
  /** Returns the owner of a file with this status. */
  ownerOf(status: PosixStatus): Owner;
}

/** More than `sizeof(struct stat)`. */
const STAT_BYTES = 256;
/** `offsetof(struct stat, st_dev)` */
const ST_DEV = 0;
/** `offsetof(struct stat, st_ino)` */
const ST_INO = 8;
/** The bits of a mode that are permissions. */
const PERMISSIONS = 0o7777;
/** The other bits, which are the kind: {@link https://man7.org/linux/man-pages/man7/inode.7.html} */
const S_IFMT = 0o170_000;
/** `S_IFREG` */
const S_IFREG = 0o100_000;

/** Opens the calls. */
export function posixStatus(library: CLibrary, facts: StatFacts): StatusReader {
  const { open, failed } = library;
  const c = facts.open(library);
  const status = new Uint8Array(STAT_BYTES);
  const fields = new DataView(status.buffer);
  const modeOf = () => fields.getUint16(facts.mode, true);
  const isFile = () => (modeOf() & S_IFMT) === S_IFREG;
  return {
    isFile: (path) => c.stat(cString(path), status) === 0 && isFile(),

    read(file) {
      if (c.fstat(file, status) !== 0) return failed("fstat");
      return {
        device: fields.getUint32(ST_DEV, true),
        inode: fields.getBigUint64(ST_INO, true),
        created: undefined,
        isFile: isFile(),
        byteLength: Number(fields.getBigInt64(facts.byteLength, true)),
        blockByteLength: fields.getUint32(facts.blockByteLength, true),
        user: fields.getUint32(facts.user, true),
        mode: modeOf() & PERMISSIONS,
      };
    },

    ownerOf: ({ user, mode }) => ({ user, self: open(POSIX, "geteuid").geteuid(), mode }),
  };
}
