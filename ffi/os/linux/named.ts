/**
 * Named memory on Linux: files of `/dev/shm`, where `shm_open` has its own.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { cString } from "../posix/c_string.ts";
import type { OpenFile } from "../contract/files.ts";
import { lazily } from "../../lazily.ts";
import { linuxMemory, refusedMemory } from "./control_groups.ts";
import { anyText, linuxParts } from "./text.ts";
import {
  type AdvisedFailure,
  type Failure,
  isFailure,
  meaning,
  refusal,
  UNSUPPORTED,
} from "../contract/memory.ts";
import type { NamedMemory, NewMemory, Owner } from "../contract/named.ts";
import type { PosixShared } from "../posix/calls.ts";
import { O_RDONLY, O_RDWR, SEEK_END } from "../posix/files.ts";
import { makeTemporary, MODE, type NewFile, openTemporary, prepared } from "../posix/named.ts";
import { posixTruncate } from "../posix/truncate.ts";

/** `O_PATH`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
export const O_PATH = 0o10_000_000;
/** `TMPFS_MAGIC`: {@link https://man7.org/linux/man-pages/man2/statfs.2.html} */
export const TMPFS_MAGIC = 0x01021994n;
/** `AT_FDCWD`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
export const AT_FDCWD = -100;
/** `AT_SYMLINK_FOLLOW`: {@link https://man7.org/linux/man-pages/man2/link.2.html} */
export const AT_SYMLINK_FOLLOW = 0x400;

/** The flags of `open` that processors do not agree on. */
export interface OpenFlags {
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
  readonly O_TMPFILE: number;
}

/** Those flags, by the names of `process.arch`. */
export const OPEN_FLAGS: Readonly<Record<"x64" | "arm64", OpenFlags>> = {
  x64: { O_DIRECTORY: 0o200_000, O_NOFOLLOW: 0o400_000, O_TMPFILE: 0o20_200_000 },
  arm64: { O_DIRECTORY: 0o40_000, O_NOFOLLOW: 0o100_000, O_TMPFILE: 0o20_040_000 },
};

/** Where the C library has named memory: {@link https://man7.org/linux/man-pages/man7/shm_overview.7.html} */
const FOLDER = "/dev/shm";
const NEEDED = `named memory needs a tmpfs there (mount -t tmpfs tmpfs ${FOLDER})`;
const NO_SPACE = `${FOLDER} has no room for it (df ${FOLDER}): remove what is no longer used, ` +
  "make less, or use noReserve()";
/** By which a file without a name gets one: `linkat` takes the descriptor itself only from root. */
const DESCRIPTORS = "/proc/self/fd";
/** How files without a name are refused: by kernels, sandboxes (gVisor) and file systems that have none. */
const NO_UNNAMED: readonly string[] = ["ENOTSUP", "EISDIR", "EINVAL", "ENOSYS", "EPERM"];

/** More than `sizeof(struct statfs)`. */
const STATFS_BYTES = 256;
/** `offsetof(struct statfs, f_type)` */
const F_TYPE = 0;
/** `offsetof(struct statfs, f_bsize)` */
const F_BSIZE = 8;
/** `offsetof(struct statfs, f_blocks)` */
const F_BLOCKS = 16;
/** `offsetof(struct statfs, f_bavail)` */
const F_BAVAIL = 32;

/** How much is set aside by one call at most. */
const SLICE_BYTE_LENGTH = 1n << 26n;
/** How often in a row a call that a signal came upon is made again. */
const INTERRUPTIONS = 1000;

const FUNCTIONS = {
  // int open(const char *pathname, int flags, ... /* mode_t mode */): on Linux,
  // the last one is passed as the others are
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int fstatfs(int fd, struct statfs *buf)
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  // int unlink(const char *pathname)
  unlink: { parameters: ["buffer"], result: "i32" },
  // off_t lseek(int fd, off_t offset, int whence)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int fchmod(int fd, mode_t mode)
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int fallocate(int fd, int mode, off_t offset, off_t len)
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  // int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
} as const satisfies SymbolTable;

/**
 * Opens the calls of named memory. A new file has no name at first
 * ({@link https://man7.org/linux/man-pages/man2/open.2.html}, `O_TMPFILE`); it
 * gets one when it has its whole length, so that no other process ever finds a
 * shorter one, and a process that ends before leaves nothing. Where there are no
 * such files, or `/proc` is missing, it has another name meanwhile.
 */
export function linuxNamed(
  native: Native,
  opening: number,
  O_CLOEXEC: number,
  { O_DIRECTORY, O_NOFOLLOW, O_TMPFILE }: OpenFlags,
  ownerOf: (file: OpenFile) => Owner | Failure,
  shared: PosixShared,
  pageSize: number,
): NamedMemory {
  const { library, failed } = shared;
  const c = native.open(library, FUNCTIONS);
  const page = BigInt(pageSize);
  const truncate = lazily(() => posixTruncate(native, shared));
  const temporary = lazily(() => openTemporary(native, library));
  const status = new Uint8Array(STATFS_BYTES);
  const fields = new DataView(status.buffer);
  const pathOf = (name: string) => `${FOLDER}/${name}`;

  /** The failure of a call that needs the folder: that one is missing, and no memory. */
  const ofFolder = (failure: Failure): AdvisedFailure => {
    const isMissing = failure.code === "ENOENT" || failure.code === "ENOTDIR";
    return isMissing ? meaning(failure, "ENOTSUP", `there is no ${FOLDER}: ${NEEDED}`) : failure;
  };

  /** Refuses files that are not in memory: a disk would be written to. */
  const checkMemory = (file: OpenFile): AdvisedFailure | undefined => {
    if (c.fstatfs(file, status) !== 0) return failed("fstatfs");
    if (BigInt.asUintN(32, fields.getBigUint64(F_TYPE, true)) === TMPFS_MAGIC) return undefined;
    return refusal("ENOTSUP", `${FOLDER} is not in memory: ${NEEDED}`);
  };

  const shortageOf = linuxMemory(anyText(linuxParts(native, opening, shared)));

  /**
   * Refuses what there is no room for. The kernel would set aside what it can, and
   * end processes, also others, where no memory is left.
   */
  const checkRoom = (byteLength: bigint): AdvisedFailure | undefined => {
    // Those of the file system, which checkMemory() has just asked for.
    const isLimited = fields.getBigUint64(F_BLOCKS, true) !== 0n;
    const size = fields.getBigUint64(F_BSIZE, true);
    if (isLimited && byteLength > size * fields.getBigUint64(F_BAVAIL, true)) {
      return refusal("ENOSPC", NO_SPACE);
    }
    const shortage = shortageOf(byteLength);
    return shortage && refusedMemory(shortage, "make less, use noReserve()");
  };

  const reserve = (file: OpenFile, byteLength: bigint): AdvisedFailure | undefined => {
    const refusal = checkRoom(byteLength);
    if (refusal !== undefined) return refusal;
    // A signal has the kernel undo all of a call. Where signals come all the time, as under a
    // profiler, one is done only if it takes less time than passes between two of them.
    let slice = SLICE_BYTE_LENGTH;
    let interruptions = 0;
    for (let start = 0n; start < byteLength;) {
      const length = least(slice, byteLength - start);
      if (c.fallocate(file, 0, start, length) === 0) {
        start += length;
        slice = least(2n * slice, SLICE_BYTE_LENGTH);
        interruptions = 0;
        continue;
      }
      const failure = failed("fallocate");
      if (failure.code !== "EINTR" || ++interruptions === INTERRUPTIONS) {
        return failure.code === "ENOSPC" ? { ...failure, advice: NO_SPACE } : failure;
      }
      if (slice > page) slice /= 2n;
    }
    return undefined;
  };

  /** Makes a file that gets its name by its descriptor. */
  const makeUnnamed = (): NewFile | Failure => {
    const file = c.open(cString(FOLDER), O_RDWR | O_TMPFILE | opening, MODE);
    if (file === -1) return failed("open");
    const own = cString(`${DESCRIPTORS}/${file}`);
    const found = c.open(own, O_PATH | O_NOFOLLOW | opening, 0);
    if (found === -1) {
      c.close(file);
      return UNSUPPORTED; // by this way
    }
    c.close(found);
    return {
      file,
      publish(path) {
        const result = c.linkat(AT_FDCWD, own, AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW);
        return result === 0 ? undefined : failed("linkat");
      },
      discard: undefined,
    };
  };
  const make = (): NewFile | Failure => {
    const made = makeUnnamed();
    return isFailure(made) && NO_UNNAMED.includes(made.code)
      ? makeTemporary(temporary(), failed, `${FOLDER}/`, O_CLOEXEC)
      : made;
  };

  /** Opens what has a name without a right to load or store. */
  const look = (name: string): OpenFile =>
    c.open(cString(pathOf(name)), O_PATH | O_NOFOLLOW | opening, 0);

  return {
    isKeptOpen: false,

    pathOf,

    open(name) {
      const file = c.open(cString(pathOf(name)), O_RDWR | O_NOFOLLOW | opening, 0);
      if (file === -1) {
        const failure = failed("open");
        if (failure.code !== "ENOENT") return failure;
        const folder = c.open(cString(FOLDER), O_RDONLY | O_DIRECTORY | opening, 0);
        if (folder === -1) return ofFolder(failed("open"));
        c.close(folder);
        return failure;
      }
      const owner = ownerOf(file);
      let failure = isFailure(owner) ? owner : checkMemory(file);
      const byteLength = failure === undefined ? c.lseek(file, 0n, SEEK_END) : 0n;
      if (byteLength === -1n) failure = failed("lseek");
      if (failure === undefined) {
        return { file, byteLength: Number(byteLength), owner: owner as Owner };
      }
      c.close(file);
      return failure;
    },

    ownerOf(name) {
      const file = look(name);
      if (file === -1) return failed("open");
      const owner = ownerOf(file);
      c.close(file);
      return owner;
    },

    create(name, byteLength, isReserved): NewMemory | AdvisedFailure {
      // Nothing is set aside for a name that is taken.
      const taken = look(name);
      if (taken !== -1) {
        c.close(taken);
        return refusal("EEXIST");
      }
      const made = make();
      if (isFailure(made)) return ofFolder(made);
      const whole = prepared<AdvisedFailure>(made, c.close, (file) =>
        checkMemory(file) ??
          // The process's umask can have taken from the mode.
          (c.fchmod(file, MODE) === 0 ? undefined : failed("fchmod")) ??
          truncate()(file, byteLength) ??
          (isReserved ? reserve(file, BigInt(byteLength)) : undefined));
      if (isFailure(whole)) return whole;
      const { file, discard } = whole;
      return { file, publish: () => whole.publish(pathOf(name)), discard };
    },

    remove(name) {
      return c.unlink(cString(pathOf(name))) === 0 ? undefined : failed("unlink");
    },
  };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
