/**
 * Files on Linux and macOS.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { FileRequest, Files, OpenFile } from "../contract/files.ts";
import { type Failure, isFailure, UNSUPPORTED } from "../contract/memory.ts";
import {
  MAP_FAILED,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_ASYNC,
  O_RDONLY,
  O_RDWR,
  POSIX,
} from "./calls.ts";
import type { FlushJob } from "./flushing_thread.ts";
import { THREAD_SOURCE } from "./flushing_thread_code.ts";
import type { CLibrary } from "./library.ts";
import { type PosixMemory, PROTECTIONS } from "./memory.ts";
import type { StatusReader } from "./status.ts";
import { posixTruncate } from "./truncate.ts";

/** The calls that make a file longer, and never shorter, and the room for that. */
export type FileGrowth = {
  readonly [Call in "extend" | "allocate" | "freeByteLength"]: NonNullable<Files[Call]>;
};

/** The differences between Linux and macOS for files. */
export interface FilesFacts {
  /** See {@linkcode Files.populates}. */
  readonly populates: Files["populates"];
  /** The flags of `mmap` in addition to `MAP_SHARED` or `MAP_PRIVATE`. */
  readonly flags: (request: FileRequest) => number;
  /**
   * The advice of `madvise` that discards private copies of pages; `undefined` if the system has
   * none.
   */
  readonly freeing: number | undefined;
  /** `MS_SYNC` */
  readonly MS_SYNC: number;
  /** The folder that has a file for each open descriptor, named by its number. */
  readonly descriptors: string;
  /** Opens the calls that make files longer; `undefined` if the system has none. */
  readonly growth: ((library: CLibrary) => FileGrowth) | undefined;
  /** Opens the function that tells if a file with such blocks is one of huge pages. */
  readonly hasHugePages: (
    library: CLibrary,
  ) => (file: OpenFile, blockByteLength: number) => boolean;
}

/** Opens the calls of files. */
export function posixFiles(
  library: CLibrary,
  { populates, flags, freeing, MS_SYNC, descriptors, growth, hasHugePages }: FilesFacts,
  memory: PosixMemory,
  status: () => StatusReader,
): Files {
  const { open, openFile, failed } = library;
  const { mmap, madvise, close } = open(POSIX, "mmap", "madvise", "open", "close");
  const isHuge = hasHugePages(library);
  /** Calls that not every mapping of a file needs. */
  const later = lazily(() => open(POSIX, "msync", "munlock"));
  const truncate = lazily(() => posixTruncate(library));
  const longer = lazily(() => growth!(library));

  const map = (request: FileRequest, fixed: number): bigint | Failure => {
    const { hint, byteLength, protection, isShared, file, offset } = request;
    const kind = isShared ? MAP_SHARED : MAP_PRIVATE;
    const all = kind | flags(request) | fixed;
    const address = mmap(hint, byteLength, PROTECTIONS[protection], all, file, offset);
    return address === MAP_FAILED ? failed("mmap") : address;
  };
  const openFor: Files["open"] = (path, use) =>
    openFile(path, use === "read-write" ? O_RDWR : O_RDONLY);

  return {
    populates,
    isFile: (path) => status().isFile(path),
    open: openFor,
    reopen: (descriptor, use) => openFor(`${descriptors}/${descriptor}`, use),

    close(file) {
      close(file);
    },

    status(file) {
      const found = status().read(file);
      return isFailure(found)
        ? found
        : { ...found, hasHugePages: isHuge(file, found.blockByteLength) };
    },

    byteLength(file) {
      const found = status().read(file);
      return isFailure(found) ? found : found.byteLength;
    },

    resize: (file, byteLength) => truncate()(file, byteLength),
    extend: growth && ((file, byteLength) => longer().extend(file, byteLength)),
    allocate: growth && ((file, start, byteLength) => longer().allocate(file, start, byteLength)),
    freeByteLength: growth && ((file) => longer().freeByteLength(file)),

    map: (request) => map(request, 0),

    pieces: undefined,

    mapOver(request) {
      const result = map(request, MAP_FIXED);
      return typeof result === "bigint" ? undefined : result;
    },

    unmap: memory.unmap,

    // Maps anonymous memory over it, which releases the file immediately.
    vacate: (address, byteLength) => memory.replace(address, byteLength, "read-write"),

    discard(address, byteLength) {
      if (freeing === undefined) return UNSUPPORTED;
      if (madvise(address, byteLength, freeing) === 0) return undefined;
      later().munlock(address, byteLength); // MADV_DONTNEED refuses locked pages
      return madvise(address, byteLength, freeing) === 0 ? undefined : failed("madvise");
    },

    protect: memory.protect,

    flush(_file, address, byteLength, waits) {
      const how = waits ? MS_SYNC : MS_ASYNC;
      return later().msync(address, byteLength, how) === 0 ? undefined : failed("msync");
    },

    prepareFlush: (_file, address, byteLength) => ({
      job: {
        library: library.file,
        errnoLocation: library.errnoLocation,
        address,
        byteLength,
        MS_SYNC,
      } satisfies FlushJob,
      end() {},
    }),

    flushSource: THREAD_SOURCE,
  };
}
