/**
 * What is told of a mapping's pages, and the words for it.
 *
 * @module
 */
import type { Extent } from "../checks/ranges.ts";

/**
 * What may be done with memory: `"none"` is nothing, `"read"` loads,
 * `"read-write"` loads and stores, `"copy-on-write"` the same of memory of
 * {@linkcode MmapOptions.map}, whose file no store reaches, `"read-execute"`
 * loads and jumps.
 */
export type Access = "none" | "read" | "read-write" | "copy-on-write" | "read-execute";

/** Every access there is. */
export const ACCESSES: readonly Access[] = [
  "none",
  "read",
  "read-write",
  "copy-on-write",
  "read-execute",
];

/** What memory is of: anonymous, mapped once or twice in a row, or a file's, to which stores go or not. */
export type Source = "memory" | "mirror" | "private file" | "shared file";

/** The pages of a mapping, as they were mapped. */
export interface MappingInfo extends Extent {
  readonly access: Access;
  readonly source: Source;
  /** How many bytes of the allocation are below its first page: guard pages. */
  readonly guardByteLength: number;
  /** Whether memory of a file is to be guarded from the file's truncation, where the system can. */
  readonly isGuarded: boolean;
  /** Whether no swap space was set aside. */
  readonly noReserve: boolean;
  /** Whether nothing but addresses was taken. */
  readonly isReserved: boolean;
}

/** What another handle of the same memory has to know of bytes of its pages. */
export interface PageSnapshot {
  readonly start: number;
  readonly end: number;
  readonly access: Access;
  /** Whether they are no memory, or none any more, but can be stored to by calls that are late. */
  readonly past: "memory" | "reserved" | "decommitted";
}
