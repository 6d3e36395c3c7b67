/**
 * The contract of an operating system for searching memory.
 *
 * @module
 */

/** Searches memory that can be loaded from. Each search returns an address, or `0n` for none. */
export interface Searching {
  /** Finds the first byte with a value. */
  readonly byte: (address: bigint, byteLength: number, value: number) => bigint;

  /** Finds the first place of a pattern of at least one byte. */
  readonly bytes: (address: bigint, byteLength: number, pattern: Uint8Array) => bigint;

  /** Returns the address of an array's first byte, which lasts for arrays of 256 KiB and more. */
  readonly addressOf: (bytes: Uint8Array) => bigint;
}
