/**
 * The description of a mapping: its access, and the kind of its memory.
 *
 * @module
 */
import type { Extent } from "../checks/ranges.ts";

/**
 * The access to memory: `"none"`; `"read"` for loads; `"read-write"` for loads and
 * stores; `"copy-on-write"` for loads, and for stores that do not reach the file (memory of
 * {@linkcode MmapOptions.map}); `"read-execute"` for loads and jumps.
 */
export type Access = "none" | "read" | "read-write" | "copy-on-write" | "read-execute";

/** All values of {@linkcode Access}. */
export const ACCESSES: readonly Access[] = [
  "none",
  "read",
  "read-write",
  "copy-on-write",
  "read-execute",
];

/**
 * The kind of memory: anonymous, mapped twice in a row, a private copy of a file, a file that
 * stores change, or a file that others change and this mapping only reads.
 */
export type Source = "memory" | "mirror" | "private file" | "shared file" | "read-only file";

/** A mapping as it was made or resized. */
export interface MappingInfo extends Extent {
  readonly access: Access;
  readonly source: Source;
  /** The length of the lower guard in bytes. */
  readonly guardByteLength: number;
  /** Whether memory of a file is guarded from its truncation, if the system supports that. */
  readonly isGuarded: boolean;
  /** Whether no swap space was reserved. */
  readonly noReserve: boolean;
  /** Whether only addresses were reserved. */
  readonly isReserved: boolean;
}

/** A run of pages as another handle of the same memory sees it. */
export interface PageSnapshot {
  readonly start: number;
  readonly end: number;
  readonly access: Access;
  /**
   * `"decommitted"` if a buffer covered the pages before: a pending call may still store to them.
   */
  readonly past: "memory" | "reserved" | "decommitted";
}
