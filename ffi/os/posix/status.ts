/**
 * Identities and owners of files on Linux and macOS, by `fstat`.
 *
 * @module
 */
import type { FileIdentity, OpenFile } from "../contract/files.ts";
import type { Failure } from "../contract/memory.ts";
import type { Owner } from "../contract/named.ts";
import { POSIX } from "./calls.ts";
import type { CLibrary } from "./library.ts";

/** Fills a `struct stat`. Returns 0, or -1 for a failure. */
export type StatCall = (file: OpenFile, status: Uint8Array) => number;

/**
 * The `fstat` of a system. Its `struct stat` starts with the lower 32 bits of `st_dev`, and has the
 * 64 bits of `st_ino` at offset 8.
 */
export interface StatFacts {
  readonly open: (library: CLibrary) => StatCall;
  /** `offsetof(struct stat, st_mode)`, whose lower 16 bits are read. */
  readonly mode: number;
  /** `offsetof(struct stat, st_uid)` */
  readonly user: number;
}

/** Reads the identity or the owner of a file. */
export interface FileStatus {
  identify(file: OpenFile): FileIdentity | Failure;
  ownerOf(file: OpenFile): Owner | Failure;
}

/** More than `sizeof(struct stat)`. */
const STAT_BYTES = 256;
/** `offsetof(struct stat, st_dev)` */
const ST_DEV = 0;
/** `offsetof(struct stat, st_ino)` */
const ST_INO = 8;
/** The bits of a mode that are permissions. */
const PERMISSIONS = 0o7777;

/** Opens `fstat`. */
export function posixStatus(library: CLibrary, facts: StatFacts): FileStatus {
  const { open, failed } = library;
  const fstat = facts.open(library);
  const status = new Uint8Array(STAT_BYTES);
  const fields = new DataView(status.buffer);
  return {
    identify: (file) =>
      fstat(file, status) !== 0 ? failed("fstat") : {
        device: fields.getUint32(ST_DEV, true),
        inode: fields.getBigUint64(ST_INO, true),
        created: undefined,
      },

    ownerOf: (file) =>
      fstat(file, status) !== 0 ? failed("fstat") : {
        user: fields.getUint32(facts.user, true),
        self: open(POSIX, "geteuid").geteuid(),
        mode: fields.getUint16(facts.mode, true) & PERMISSIONS,
      },
  };
}
