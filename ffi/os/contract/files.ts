/**
 * What an operating system must offer for files.
 *
 * @module
 */
import type { AdvisedFailure, Failure, Mapper, MapRequest } from "./memory.ts";

/** A file that the library has opened: a descriptor, or a `HANDLE` on Windows. */
export type OpenFile = number;

/** Which file of a system it is. */
export interface FileIdentity {
  /** The lower 32 bits of the number of its device; on Windows that of its volume. */
  readonly device: number;
  /** Its number on the device. */
  readonly inode: bigint;
  /** On Windows, when it was made, in milliseconds since 1970. */
  readonly created: number | undefined;
}

/** What a mapping wants of its file. */
export type FileUse = "read" | "read-write" | "read-execute";

/** What of a file to map. */
export interface FileRequest extends MapRequest {
  readonly kind: "file";
  /** The file, which was opened for what `protection` needs. */
  readonly file: OpenFile;
  /** What messages call it. */
  readonly name: string;
  /** Whether that is named memory, as {@linkcode NamedMemory} opened or made it. */
  readonly isNamed: boolean;
  /** Where in the file the mapping starts, in bytes: a multiple of {@linkcode Os.allocationGranularity}. */
  readonly offset: bigint;
}

/** Whether a request is for memory of a file. */
export function isOfFile(request: MapRequest): request is FileRequest {
  return request.kind === "file";
}

/** How one operating system does files, and memory that is mapped from them. */
export interface Files extends Mapper<FileRequest> {
  /** Whether {@linkcode Mapper.map} honours `populate`, and copies no page for it. */
  populates(request: Pick<FileRequest, "protection" | "isNamed">): boolean;

  /**
   * Maps over addresses that are the library's own, from the hint on. Where a
   * mapping cannot be overwritten, there is no such function.
   */
  readonly mapOver: ((request: FileRequest) => Failure | undefined) | undefined;

  /** Opens a file that is there. */
  open(path: string, use: FileUse): OpenFile | Failure;

  /**
   * Opens the file of a descriptor once more. Where descriptors are not the
   * system's, there is no such function.
   */
  readonly reopen: ((descriptor: number, use: FileUse) => OpenFile | Failure) | undefined;

  /** Closes a file. */
  close(file: OpenFile): void;

  /** Whether a file is of huge pages: its memory is not like that of others. Not every system has such files. */
  readonly hasHugePages: ((file: OpenFile) => boolean) | undefined;

  /** Tells which file it is. */
  identify(file: OpenFile): FileIdentity | Failure;

  /** How long a file is, in bytes. */
  byteLength(file: OpenFile): number | Failure;

  /**
   * Makes a file longer, by zeros, or shorter. A length that the process may not give a file
   * is `EFBIG`, and raises no signal.
   */
  resize(file: OpenFile, byteLength: number): AdvisedFailure | undefined;

  /**
   * Writes what was stored to whole pages back to the file; with `waits` until
   * the disk has it.
   */
  flush(
    file: OpenFile | undefined,
    address: bigint,
    byteLength: bigint,
    waits: boolean,
  ): Failure | undefined;
}
