/**
 * The contract of a system's truncation guard: a load or a store in a mapped file
 * does not end the process after another process has truncated the file.
 *
 * @module
 */
import type { AddressRange } from "./regions.ts";

/** The truncation guard of this process. */
export interface TruncationGuard {
  /**
   * Guards a mapping of a file, which starts at a page: lost pages read as zero from
   * then on. `undefined` if there is no memory for the entry.
   */
  add(address: bigint, byteLength: bigint): GuardEntry | undefined;

  /** Returns the guarded ranges that overlap one and have lost pages. */
  lossesIn(address: bigint, byteLength: bigint): readonly AddressRange[];

  /**
   * Ends the ranges that overlap one, over which a file is about to be mapped. They have lost all
   * pages, or their threads have ended with the memory of the engine that they guarded.
   */
  endRanges(address: bigint, byteLength: bigint): void;

  /**
   * True if the guard's handler is called first. A handler that was installed above it may
   * not pass on faults.
   */
  readonly isInPlace: boolean;
}

/** The entry of one guarded mapping. */
export interface GuardEntry {
  /** The address of the entry, by which other threads find it. */
  readonly address: bigint;

  /** Number of faults in lost pages. If it is above 0, some pages read as zero. */
  readonly faults: number;

  /**
   * Number of faults whose pages were replaced. If it is less than `faults`, a thread is still
   * replacing pages. Read it before `faults`: if they are equal, all lost pages can be found.
   */
  readonly settledFaults: number;

  /** True if {@linkcode TruncationGuard.endRanges} has ended the range. */
  readonly isEnded: boolean;

  /** Ends the guarded range at a page, before the pages above are unmapped. */
  endAt(address: bigint): void;

  /** Moves the end of the guarded range up to a page, unless it is beyond it already. */
  growTo(address: bigint): void;

  /**
   * Marks the range as vacated, before other memory takes its place for pending calls: such a
   * call may have faulted before, and be handled only afterwards. Faults no longer count.
   */
  vacate(): void;

  /**
   * Stops guarding until `resume()`. Call it before the range is unmapped, once nothing can
   * fault there, and before anything else can be mapped there.
   */
  suspend(): void;

  /** Guards as before, if the range could not be vacated or unmapped. */
  resume(): void;

  /** Stops guarding for good. The conditions of `suspend()` apply. */
  release(): void;
}
