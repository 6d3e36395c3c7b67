/**
 * Files on Linux and macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { cString } from "./c_string.ts";
import { lazily } from "../../lazily.ts";
import type { FileIdentity, FileRequest, Files, FileUse, OpenFile } from "../contract/files.ts";
import { type Failure, type Protection, UNSUPPORTED } from "../contract/memory.ts";
import { MAP_FAILED, MAP_FIXED, MAP_PRIVATE, type MemoryCalls } from "./calls.ts";
import { posixTruncate } from "./truncate.ts";

/** `O_RDONLY`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
export const O_RDONLY = 0;
/** `O_RDWR` */
export const O_RDWR = 2;
/** `MAP_SHARED`: {@link https://man7.org/linux/man-pages/man2/mmap.2.html} */
export const MAP_SHARED = 0x1;
/** `MS_ASYNC`: {@link https://man7.org/linux/man-pages/man2/msync.2.html} */
export const MS_ASYNC = 0x1;
/** `SEEK_SET`: {@link https://man7.org/linux/man-pages/man2/lseek.2.html} */
export const SEEK_SET = 0;
/** `SEEK_CUR` */
export const SEEK_CUR = 1;
/** `SEEK_END` */
export const SEEK_END = 2;

/** In what files on one POSIX system differ from those on another. */
export interface PosixFiles {
  /** `O_CLOEXEC | O_NONBLOCK | O_NOCTTY`: what is opened is not inherited, and opening waits for nothing. */
  readonly opening: number;
  /** Whether `mmap` can populate memory of such protection, and copies no page for it. */
  readonly populates: Files["populates"];
  /** The flags of `mmap` beside `MAP_SHARED` and `MAP_PRIVATE`. */
  readonly flags: (request: FileRequest) => number;
  /** The advice of `madvise` by which private pages are as in the file again, where there is one. */
  readonly freeing: number | undefined;
  /** `MS_SYNC` */
  readonly MS_SYNC: number;
  /** Opens what tells files of huge pages, where there are such. */
  readonly hasHugePages:
    | ((native: Native, library: string) => (file: OpenFile) => boolean)
    | undefined;
  /**
   * Opens `fstat`, whose `struct stat` starts with `st_dev`, the device, in 32 bits that
   * tell it, and has the 64 bits of `st_ino` after 8 bytes.
   */
  readonly stat: (native: Native, library: string) => StatCall;
  /** The folder in which each descriptor has a file, by its number. */
  readonly descriptors: string;
}

/** Fills a `struct stat`; returns 0, or -1 where that is refused. */
export type StatCall = (file: OpenFile, status: Uint8Array) => number;

/** Makes room for a `struct stat`. */
export function newStatus(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(STAT_BYTES);
}

/** More than `sizeof(struct stat)`. */
const STAT_BYTES = 256;
/** `offsetof(struct stat, st_dev)` */
const ST_DEV = 0;
/** `offsetof(struct stat, st_ino)` */
const ST_INO = 8;

const FUNCTIONS = {
  // int open(const char *pathname, int flags, ...): nothing but these two is
  // read where no file is made, so that both are passed as any argument is
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // off_t lseek(int fd, off_t offset, int whence)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
} as const satisfies SymbolTable;

/** What not every mapping of a file needs. */
const LATER_FUNCTIONS = {
  // int msync(void *addr, size_t length, int flags)
  msync: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int munlock(const void *addr, size_t len)
  munlock: { parameters: ["usize", "usize"], result: "i32" },
} as const satisfies SymbolTable;

/** What {@linkcode posixFiles} shares with anonymous memory. */
export interface Shared {
  /** The C library's name. */
  readonly library: string;
  /** The calls of anonymous memory. */
  readonly memory: MemoryCalls;
  /** `PROT_*` */
  readonly protections: Readonly<Record<Protection, number>>;
  /** Maps readable and writable anonymous memory over what is there. */
  readonly mapVacant: (address: bigint, byteLength: bigint) => Failure | undefined;
  /** Gives whole pages back, with their range. */
  readonly unmap: (address: bigint, byteLength: bigint) => Failure | undefined;
  /** Makes the failure of the call that has just failed. */
  readonly failed: (syscall: string) => Failure;
  /** Changes access. */
  readonly protect: (address: bigint, byteLength: bigint, to: Protection) => Failure | undefined;
}

/** Opens the file calls of the C library. */
export function posixFiles(native: Native, system: PosixFiles, shared: Shared): Files {
  const { opening, flags, freeing, descriptors, MS_SYNC } = system;
  const { memory, protections, mapVacant, unmap, failed } = shared;
  const { mmap, madvise } = memory;
  const { close, lseek, ...c } = native.open(shared.library, FUNCTIONS);
  const later = lazily(() => native.open(shared.library, LATER_FUNCTIONS));
  const truncate = lazily(() => posixTruncate(native, shared));
  const stat = lazily(() => system.stat(native, shared.library));
  const status = newStatus();
  const fields = new DataView(status.buffer);

  const open = (path: string, use: FileUse): OpenFile | Failure => {
    const file = c.open(
      cString(path),
      (use === "read-write" ? O_RDWR : O_RDONLY) | opening,
    );
    return file === -1 ? failed("open") : file;
  };

  const map = (request: FileRequest, fixed: number): bigint | Failure => {
    const { hint, byteLength, protection, file, offset } = request;
    const kind = protection === "read-write" ? MAP_SHARED : MAP_PRIVATE;
    const all = kind | flags(request) | fixed;
    const address = mmap(hint, byteLength, protections[protection], all, file, offset);
    return address === MAP_FAILED ? failed("mmap") : address;
  };

  return {
    populates: system.populates,

    open,
    reopen: (descriptor, use) => open(`${descriptors}/${descriptor}`, use),

    close(file) {
      close(file);
    },

    hasHugePages: system.hasHugePages?.(native, shared.library),

    identify(file): FileIdentity | Failure {
      if (stat()(file, status) !== 0) return failed("fstat");
      return {
        device: fields.getUint32(ST_DEV, true),
        inode: fields.getBigUint64(ST_INO, true),
        created: undefined,
      };
    },

    byteLength(file) {
      // Where it was reopened, the position can be the caller's own.
      const position = lseek(file, 0n, SEEK_CUR);
      const byteLength = lseek(file, 0n, SEEK_END);
      if (byteLength === -1n) return failed("lseek");
      lseek(file, position, SEEK_SET);
      return Number(byteLength);
    },

    resize: (file, byteLength) => truncate()(file, byteLength),

    map(request) {
      return map(request, 0);
    },

    mapOver(request) {
      const result = map(request, MAP_FIXED);
      return typeof result === "bigint" ? undefined : result;
    },

    unmap,

    // Anonymous memory in its place: the file is let go at once.
    vacate: mapVacant,

    discard(address, byteLength) {
      if (freeing === undefined) return UNSUPPORTED;
      if (madvise(address, byteLength, freeing) === 0) return undefined;
      later().munlock(address, byteLength); // MADV_DONTNEED takes no locked pages
      return madvise(address, byteLength, freeing) === 0 ? undefined : failed("madvise");
    },

    protect: shared.protect,

    flush(_file, address, byteLength, waits) {
      const how = waits ? MS_SYNC : MS_ASYNC;
      return later().msync(address, byteLength, how) === 0 ? undefined : failed("msync");
    },
  };
}
