/**
 * The common parts of the works, the same as in the other languages.
 *
 * @module
 */

/** The length of a page for all contenders, so that they touch the same bytes. */
export const PAGE = 4096;
/** The length of one record of a file. */
export const RECORD = 64;
/** The length of one read of a file, from the start to the end. */
export const CHUNK: number = 2 ** 20;
/** In how many steps memory grows. */
export const GROWTH_STEPS = 8;

/** The places of random items: the same ones in every language. */
export class Random {
  #seed = 1;

  next(count: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(this.#seed * count / 2 ** 32);
  }
}

/** The length of one call of {@linkcode sumWords}: short, because V8 leaves code that it optimized in a running loop at the loop's end. */
const PART = 4096;

/** The sum of 32-bit words, modulo 2^32. */
export function sumWords(words: Uint32Array): number {
  let sum = 0;
  for (let start = 0; start < words.length; start += PART) {
    sum = (sum + sumPart(words, start, Math.min(start + PART, words.length))) | 0;
  }
  return sum;
}

function sumPart(words: Uint32Array, start: number, end: number): number {
  let sum = 0;
  for (let index = start; index < end; index++) sum = (sum + words[index]!) | 0;
  return sum;
}

/** The bytes as words; copies them where they are not aligned. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Uint32Array(bytes.slice().buffer);
}

/** Stores to every page, and returns how many there are. */
export function touch(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let pages = 0;
  for (let at = start; at < end; at += PAGE) {
    bytes[at] = 1;
    pages += bytes[at]!;
  }
  return pages;
}
