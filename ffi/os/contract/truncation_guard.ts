/**
 * What keeps a load or a store in a mapped file from ending the process where
 * another process truncated the file.
 *
 * @module
 */

/** The guard of this process. */
export interface TruncationGuard {
  /**
   * Guards a mapping of a file, from a page on, its length in bytes: what is
   * truncated there reads as zero from then on. `undefined` where there is no
   * memory to keep record of it.
   */
  add(address: bigint, byteLength: bigint): GuardEntry | undefined;

  /**
   * Whether its handler is the first that is asked: where others have put theirs above it, it
   * depends on them whether a fault gets to it.
   */
  readonly isInPlace: boolean;
}

/** One guarded mapping. */
export interface GuardEntry {
  /** Where it is in memory, by which other threads find it. */
  readonly address: bigint;

  /** How often memory that is gone was replaced; above 0, some of it reads as zero. */
  readonly faults: number;

  /**
   * How often that was done to its end. Where it is less, a thread is still at it; asked for before
   * `faults`, equal numbers mean that what is replaced can be looked for.
   */
  readonly settledFaults: number;

  /** Guards the mapping up to an address, a page's, from now on: before what is above is unmapped. */
  endAt(address: bigint): void;

  /**
   * To be called before other memory is put into the range, which is kept for calls
   * that may still be at it: one of them can have faulted already, and be handled only then.
   * Its faults are not counted any more.
   */
  vacate(): void;

  /**
   * Guards the mapping no more, until it is resumed: before it is unmapped,
   * when nothing can fault in its range any more, and before anything else can
   * be mapped there.
   */
  suspend(): void;

  /** Guards the mapping as before, which could not be vacated, or not be unmapped. */
  resume(): void;

  /** Guards the mapping no more, for ever; what is to be called when `suspend()` is goes for it too. */
  release(): void;
}
