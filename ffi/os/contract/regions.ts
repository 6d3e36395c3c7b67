/**
 * What an operating system must offer to tell what is mapped.
 *
 * @module
 */
import type { Failure, Protection } from "./memory.ts";

/** What plain loads, stores and jumps may do with memory of anybody's. */
export type RegionProtection =
  | Protection
  | "execute"
  | "read-write-execute"
  | "copy-on-write-execute";

/** What one mapping is. */
export interface RegionFacts {
  readonly address: bigint;
  readonly byteLength: number;
  readonly access: RegionProtection;
  readonly isShared: boolean;
  readonly path: string | undefined;
  readonly isDeleted: boolean;
  readonly name: string | undefined;
  readonly residentByteLength: number | undefined;
}

/** Which mappings are asked for, and what of them. */
export interface RegionsRequest {
  /** The process, where it is not this one and there is {@linkcode Regions.fileOf}. */
  readonly pid: number | undefined;
  /** Whether to tell what is in RAM. */
  readonly resident: boolean;
}

/** How one operating system tells what is mapped. */
export interface Regions {
  /**
   * The file that tells of another process, which the runtime must permit to be
   * read. Where the system tells of this process alone, there is no such function.
   */
  readonly fileOf: ((pid: number, resident: boolean) => string) | undefined;

  /** Lists mappings in the order of their addresses. None overlaps another, whatever changes meanwhile. */
  list(request: RegionsRequest): RegionFacts[] | Failure;
}

/** The access of memory that may be read, written and executed so. What can be written can be read on every processor that there is a runtime for. */
export function protectionOf(
  canRead: boolean,
  canWrite: boolean,
  canExecute: boolean,
  isCopyOnWrite: boolean,
): RegionProtection {
  if (canWrite) {
    if (isCopyOnWrite) return canExecute ? "copy-on-write-execute" : "copy-on-write";
    return canExecute ? "read-write-execute" : "read-write";
  }
  if (canRead) return canExecute ? "read-execute" : "read";
  return canExecute ? "execute" : "none";
}
