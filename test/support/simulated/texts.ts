/**
 * C strings, and what a file says.
 *
 * @module
 */

/** A string in UTF-8 with its NUL. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** The text of a string in UTF-8 that ends in NUL. */
export function textOf(string: Uint8Array): string {
  return new TextDecoder().decode(string.subarray(0, -1));
}

/** The text of a string in UTF-16 that ends in NUL. */
export function wideTextOf(string: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(string.subarray(0, -2));
}

/** Writes UTF-16; returns the number of code units. */
export function writeWide(target: Uint8Array, text: string): number {
  const units = new DataView(target.buffer);
  for (let index = 0; index < text.length; index++) {
    units.setUint16(2 * index, text.charCodeAt(index), true);
  }
  return text.length;
}

/** Text that is read in parts of at most so many bytes, as the kernel tells its own. */
export class Reading {
  #left: Uint8Array;
  readonly #part: number;

  constructor(text: string, part = 1000) {
    this.#left = new TextEncoder().encode(text);
    this.#part = part;
  }

  /** Writes the next part; returns its length in bytes. */
  read(target: Uint8Array): bigint {
    const part = this.#left.subarray(0, this.#part);
    this.#left = this.#left.subarray(part.length);
    target.set(part);
    return BigInt(part.length);
  }
}
