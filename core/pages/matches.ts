/**
 * Finds one match after the other: `count()` and `split()`.
 *
 * @module
 */
import type { ByteRange } from "../checks/ranges.ts";
import type { Mapping } from "./mapping.ts";
import type { PageState } from "./page_state.ts";
import { copyOut, firstIn } from "./searching.ts";

/** A range of bytes of a mapping. */
export interface MmapRange {
  /** The first byte. */
  readonly byteOffset: number;
  /** The length in bytes. */
  readonly byteLength: number;
}

/** Matches within this distance are searched for in JavaScript: a C call for each takes longer. */
const NEAR = 512;
/** The shortest and the longest window, in bytes. */
const MIN_WINDOW = 4096;
const MAX_WINDOW = 65_536;
/** Longer patterns are searched for by C alone, in linear time. */
const MAX_PATTERN = 64;
/** The comparisons for each byte after which C does the rest: most places begin like the pattern. */
const MAX_COMPARED = 8;

/** Counts the matches in a range, which do not overlap. */
export function count(pages: PageState, range: ByteRange, pattern: Uint8Array): number {
  const matches = new Matches(range, pattern);
  let number = 0;
  while (matches.next(pages) !== -1) number++;
  return number;
}

/** Yields the records in a range. The mapping may be resized or unmapped between two steps. */
export function* split(
  opened: () => Mapping,
  range: ByteRange,
  separator: Uint8Array,
): Generator<MmapRange, void, undefined> {
  const { end } = range;
  const matches = new Matches(range, separator);
  for (let byteOffset = range.start; byteOffset < end;) {
    const mapping = opened();
    if (mapping.byteLength < end) {
      throw new RangeError(
        `The range ends at ${end}, but the mapping was resized to ${mapping.byteLength} bytes`,
      );
    }
    const found = matches.next(mapping.track());
    const past = found === -1 ? end : found;
    yield { byteOffset, byteLength: past - byteOffset };
    byteOffset = past + separator.byteLength;
  }
}

/** The matches in a range, in order. */
class Matches {
  readonly #pattern: Uint8Array;
  readonly #end: number;
  /** Where the search goes on. */
  #from: number;
  /** A copy of bytes of the range, in which all matches are known. */
  #window = new Uint8Array(0);
  #windowStart = 0;
  /** The matches in the window, counted from its start. */
  #places = new Uint16Array(0);
  #found = 0;
  #taken = 0;
  /** Whether the last matches were near to each other. */
  #areNear = false;
  /** Whether a window took too many comparisons. */
  #isCostly = false;

  constructor({ start, end }: ByteRange, pattern: Uint8Array) {
    this.#pattern = pattern;
    this.#from = start;
    this.#end = end;
  }

  /** Returns the byteOffset of the next match, or -1. */
  next(pages: PageState): number {
    while (this.#taken === this.#found && this.#areNear) this.#fill(pages);
    if (this.#taken < this.#found) return this.#windowStart + this.#places[this.#taken++]!;
    const { length } = this.#pattern;
    const from = this.#from;
    const found = firstIn(pages, { start: from, end: this.#end }, this.#pattern);
    this.#from = found === -1 ? this.#end : found + length;
    this.#areNear = found !== -1 && found - from < NEAR && length <= MAX_PATTERN &&
      !this.#isCostly;
    this.#window = new Uint8Array(0);
    return found;
  }

  /** Copies the next window, and finds all matches in it. Windows become longer. */
  #fill(pages: PageState): void {
    const length = Math.min(Math.max(2 * this.#window.length, MIN_WINDOW), MAX_WINDOW);
    if (this.#window.length !== length) {
      this.#window = new Uint8Array(length);
      this.#places = new Uint16Array(length);
    }
    const start = this.#from;
    const end = Math.min(start + length, this.#end);
    const bytes = this.#window.subarray(0, end - start);
    copyOut(pages, { start, end }, bytes);
    this.#windowStart = start;
    this.#taken = 0;
    const { number, compared } = placesIn(bytes, this.#pattern, this.#places);
    this.#found = number;
    this.#isCostly = compared > MAX_COMPARED * bytes.length;
    this.#areNear = number * NEAR > bytes.length && !this.#isCostly;
    const last = this.#found === 0 ? -1 : start + this.#places[this.#found - 1]!;
    const unknown = Math.max(start, end - this.#pattern.length + 1);
    this.#from = last === -1 ? unknown : Math.max(unknown, last + this.#pattern.length);
  }
}

/**
 * Finds all matches, and returns their number and that of the bytes compared. Compares four bytes at a time with the first one of
 * the pattern: https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
 */
function placesIn(
  bytes: Uint8Array,
  pattern: Uint8Array,
  places: Uint16Array,
): { readonly number: number; readonly compared: number } {
  const words = new Int32Array(bytes.buffer);
  const { length } = pattern;
  const first = pattern[0]!;
  const four = Math.imul(first, 0x0101_0101);
  const past = bytes.length - length + 1;
  let number = 0;
  let compared = 0;
  for (let at = 0; at < past;) {
    if (at % 4 === 0) {
      for (; at + 4 <= past; at += 4) {
        const word = words[at >> 2]! ^ four;
        if (((word - 0x0101_0101) & ~word & 0x8080_8080) !== 0) break;
      }
    }
    if (at >= past) break;
    let same = bytes[at] === first ? 1 : 0;
    if (same === 1) { while (same < length && bytes[at + same] === pattern[same]) same++; }
    compared += same;
    if (same === length) places[number++] = at;
    at += same === length ? length : 1;
  }
  return { number, compared };
}
