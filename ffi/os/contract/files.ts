/**
 * The contract of an operating system for files.
 *
 * @module
 */
import type { AdvisedFailure, Failure, Mapper, MapRequest, Protection } from "./memory.ts";

/** A file that the library has opened: a descriptor, or a `HANDLE` on Windows. */
export type OpenFile = number;

/** The identity of a file on its system. */
export interface FileIdentity {
  /** The lower 32 bits of the device number; on Windows of the volume's serial number. */
  readonly device: number;
  /** The number of the file on its device. */
  readonly inode: bigint;
  /** On Windows the time of creation, in milliseconds since 1970. */
  readonly created: number | undefined;
}

/** The identity, the kind and the length of an open file. */
export interface FileStatus extends FileIdentity {
  /** False for a directory, a pipe or a device. */
  readonly isFile: boolean;
  /** The length in bytes. */
  readonly byteLength: number;
  /**
   * True for a file of huge pages, as far as the system tells. Only whole huge pages of it could be
   * unmapped, and a store ends the process if no huge page is left.
   */
  readonly hasHugePages: boolean;
}

/** The access that a mapping needs to its file. */
export type FileUse = "read" | "read-write" | "read-execute";

/** A request to map a part of a file. */
export interface FileRequest extends MapRequest {
  readonly kind: "file";
  /**
   * The file, opened with the access that `protection` needs. Memory of `"read"` and `"read-write"`
   * is that of the file, and other memory is a private copy.
   */
  readonly file: OpenFile;
  /** True for the memory of the file itself, false for a private copy of it. */
  readonly isShared: boolean;
  /** The name of the file in messages. */
  readonly name: string;
  /** True for named memory, which {@linkcode NamedMemory} opened or created. */
  readonly isNamed: boolean;
  /** Offset of the mapping in the file, in bytes: a multiple of {@linkcode Os.allocationGranularity}. */
  readonly offset: bigint;
}

/** Returns true for a request to map a file. */
export function isOfFile(request: MapRequest): request is FileRequest {
  return request.kind === "file";
}

/** A flush in another thread. */
export interface ThreadFlush {
  /** The cloneable message to that thread. */
  readonly job: unknown;
  /** Called once, when the thread has flushed or never began. */
  end(): void;
}

/** The report of a thread that has flushed. */
export type FlushReport =
  | { readonly ending: "flushed" }
  | { readonly syscall: string; readonly osError: number };

/** A request to map a further piece of a file. */
export interface PieceRequest extends Omit<FileRequest, "protection"> {
  /** The access; `undefined` for that with which the page before the piece was mapped. */
  readonly protection: Protection | undefined;
}

/**
 * Memory of files with addresses around it, on a system that maps no file over other memory. Of
 * the {@linkcode Mapper}, `map()` only reserves addresses, and `unmap()` unmaps all pieces with
 * them.
 */
export interface FilePieces extends Mapper<MapRequest> {
  /**
   * Maps pages of a file, from the hint on, except those that are mapped. Several threads may do it
   * at the same time. After a failure, some of the pages may be mapped.
   */
  fill(request: PieceRequest): Failure | undefined;
}

/** Files on one system, and the memory mapped from them. */
export interface Files extends Mapper<FileRequest> {
  /** Returns true if {@linkcode Mapper.map} honours `populate` without copying pages. */
  populates(request: Pick<FileRequest, "protection" | "isNamed">): boolean;

  /**
   * Maps over the library's own addresses, from the hint on; `undefined` if the system
   * cannot replace a mapping.
   */
  readonly mapOver: ((request: FileRequest) => Failure | undefined) | undefined;

  /** Mapping in pieces, only on systems without {@linkcode mapOver}. */
  readonly pieces: FilePieces | undefined;

  /**
   * Returns true if there is a file at a path. Other objects must not be opened only to see what
   * they are: that ends the wait of a pipe's other end, and resets some devices. `undefined` if the
   * system does not tell.
   */
  readonly isFile: ((path: string) => boolean) | undefined;

  /** Opens an existing file. */
  open(path: string, use: FileUse): OpenFile | Failure;

  /**
   * Opens the file of a descriptor again; `undefined` if the runtime's descriptors are not
   * the system's.
   */
  readonly reopen: ((descriptor: number, use: FileUse) => OpenFile | Failure) | undefined;

  /** Closes a file. */
  close(file: OpenFile): void;

  /** Returns the identity, the kind and the length of a file. */
  status(file: OpenFile): FileStatus | Failure;

  /** Returns the length of a file in bytes. */
  byteLength(file: OpenFile): number | Failure;

  /**
   * Truncates a file or extends it with zeros. A length beyond the process's limit fails with
   * `EFBIG` and raises no signal.
   */
  resize(file: OpenFile, byteLength: number): AdvisedFailure | undefined;

  /**
   * Makes a file at least this long, with zeros. Never makes it shorter, whoever else makes it
   * longer at the same time. `undefined` if the system has no such call; fails with `ENOTSUP` or
   * `ENOSYS` if the file system or a sandbox does not support it. The limit of {@linkcode resize}
   * applies.
   */
  readonly extend: ((file: OpenFile, byteLength: number) => AdvisedFailure | undefined) | undefined;

  /**
   * Sets blocks of the disk aside for a range, so that stores to it cannot lack space, and makes
   * the file at least that long. Changes no data. `undefined` if the system has no such call.
   */
  readonly allocate:
    | ((file: OpenFile, start: number, byteLength: number) => AdvisedFailure | undefined)
    | undefined;

  /**
   * The bytes that are free on the disk of a file; `undefined` if there is no limit, or the system
   * does not tell.
   */
  readonly freeByteLength: ((file: OpenFile) => bigint | undefined) | undefined;

  /**
   * Writes whole pages back to the file. With `waits`, returns when they are on the
   * disk.
   */
  flush(
    file: OpenFile | undefined,
    address: bigint,
    byteLength: bigint,
    waits: boolean,
  ): Failure | undefined;

  /**
   * Prepares a flush that waits, in another thread. The memory may be unmapped meanwhile, and the
   * file closed: then the flush has no effect, or that of another flush.
   */
  prepareFlush(
    file: OpenFile | undefined,
    address: bigint,
    byteLength: bigint,
  ): ThreadFlush | Failure;

  /**
   * The source of that thread's function, as {@linkcode Waiting.threadSource}. Its parameter is the
   * thread's own {@linkcode Native}. It returns a function that runs a `job` and returns a
   * {@linkcode FlushReport}.
   */
  readonly flushSource: string;
}
