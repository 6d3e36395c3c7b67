/**
 * The contract of an operating system for listing mappings.
 *
 * @module
 */
import type { Failure, Protection } from "./memory.ts";

/** The access of plain loads, stores and jumps to any memory of a process. */
export type RegionProtection =
  | Protection
  | "execute"
  | "read-write-execute"
  | "copy-on-write-execute";

/** One mapping. */
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

/** A range of addresses. */
export interface AddressRange {
  readonly address: bigint;
  readonly byteLength: bigint;
}

/** A request to list mappings. */
export interface RegionsRequest {
  /** Another process, if the system has {@linkcode Regions.fileOf}; `undefined` for this process. */
  readonly pid: number | undefined;
  /** Count the bytes in RAM. */
  readonly resident: boolean;
  /** The only addresses that matter: a system need not list mappings elsewhere. */
  readonly within: AddressRange | undefined;
}

/** The list of mappings on one system. */
export interface Regions {
  /**
   * Returns the file that describes another process, which the runtime must permit to
   * read; `undefined` if the system describes only this process.
   */
  readonly fileOf: ((pid: number, resident: boolean) => string) | undefined;

  /** Lists mappings by ascending address. None overlap, even if mappings change meanwhile. */
  list(request: RegionsRequest): RegionFacts[] | Failure;
}

/** The name of an access. Every supported processor can read memory that it can write. */
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
