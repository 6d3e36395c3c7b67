/**
 * Searches mappings: `indexOf()` and `lastIndexOf()`.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { describeRange } from "../checks/errors.ts";
import type { ByteRange, PageRange } from "../checks/ranges.ts";
import { PIECE_BYTE_LENGTH } from "./copy_order.ts";
import { find } from "./find.ts";
import type { PageState } from "./page_state.ts";

/** The shortest and the longest range that is searched at a time for a last match, in bytes. */
const MIN_STEP = 4096;
const MAX_STEP = 2 ** 20;

/** The bytes that the kernel has copied. They must not be collected while C searches them. */
let copied: Uint8Array | undefined;

/** Returns the byteOffset of the first match in a range, or -1. */
export function indexOf(pages: PageState, range: ByteRange, pattern: Uint8Array): number {
  return pattern.length === 0 ? range.start : firstIn(pages, range, pattern);
}

/** Returns the byteOffset of the last match in a range, or -1. */
export function lastIndexOf(pages: PageState, range: ByteRange, pattern: Uint8Array): number {
  if (pattern.length === 0) return range.end;
  if (range.end - range.start < pattern.length) return -1;
  // The whole range is checked first: the place of a match must not decide whether it can be read.
  const offset = search(pages, range, (inPages) => lastIn(pages, inPages, pattern));
  return offset === -1 ? -1 : range.start + offset;
}

/** Finds the first match of a pattern of at least one byte. */
export function firstIn(pages: PageState, range: ByteRange, pattern: Uint8Array): number {
  if (range.end - range.start < pattern.length) return -1;
  const offset = search(pages, range, (inPages) => firstOffset(pages, inPages, pattern));
  return offset === -1 ? -1 : range.start + offset;
}

/** Returns the offset of the first match in a range that was checked, from its start; or -1. */
function firstOffset(pages: PageState, range: PageRange, pattern: Uint8Array): number {
  const { start, end } = range;
  return canLoad(pages)
    ? find(pages.addressOf(start), end - start, pattern)
    : firstInCopies(pages, range, pattern);
}

/** Copies bytes of a mapping to search them. */
export function copyOut(pages: PageState, range: ByteRange, target: Uint8Array): void {
  if (target.length === 0) return;
  search(pages, range, ({ start }) => read(pages, start, target, !canLoad(pages)));
}

/** Runs a search of bytes that must be readable and not lost. */
function search<T>(pages: PageState, { start, end }: ByteRange, run: (range: PageRange) => T): T {
  const { pageOffset } = pages.info;
  const range = { start: pageOffset + start, end: pageOffset + end };
  if (!pages.allows("read", range)) throw pages.accessError("searched", range);
  pages.checkNotLost(range);
  const found = run(range);
  pages.checkNotLost(range); // the search itself may have found pages lost
  return found;
}

/** Whether plain loads end no process. A page of a file can be lost at any moment. */
function canLoad(pages: PageState): boolean {
  return pages.areAnonymous || pages.areGuarded;
}

/** Copies pieces by the kernel, which reports a lost page as an error, and searches the copies. */
function firstInCopies(pages: PageState, { start, end }: PageRange, pattern: Uint8Array): number {
  const { length } = pattern;
  const longest = Math.max(PIECE_BYTE_LENGTH, 4 * length);
  copied = copied?.byteLength === longest ? copied : new Uint8Array(longest);
  const address = host().os.searching.addressOf(copied);
  try {
    for (let from = start; end - from >= length;) {
      const piece = copied.subarray(0, Math.min(longest, end - from));
      read(pages, from, piece, true);
      const found = find(address, piece.byteLength, pattern);
      if (found !== -1) return from - start + found;
      from += piece.byteLength - length + 1;
    }
  } finally {
    if (longest > PIECE_BYTE_LENGTH) copied = undefined;
  }
  return -1;
}

function read(pages: PageState, start: number, target: Uint8Array, canFault: boolean): void {
  const address = pages.addressOf(start);
  const failure = host().os.copying.read(address, target, canFault);
  if (failure === undefined) return;
  const { byteLength } = target;
  throw pages.systemError(`to search ${describeRange({ address, byteLength })}`, failure);
}

/**
 * Finds the last match. No C library searches backwards for more than a byte, so ever longer ranges
 * from the end are searched forwards, and the first with a match is halved until one match is left.
 */
function lastIn(pages: PageState, { start, end }: PageRange, pattern: Uint8Array): number {
  const { length } = pattern;
  // One past the last place at which a match can start.
  let past = end - length + 1;
  const firstFrom = (from: number) => {
    const offset = firstOffset(pages, { start: from, end: past + length - 1 }, pattern);
    return offset === -1 ? -1 : from + offset;
  };
  let step = Math.max(MIN_STEP, length);
  while (past > start) {
    const from = Math.max(start, past - step);
    let last = firstFrom(from);
    if (last !== -1) {
      while (past - last > 1) {
        const middle = Math.ceil((last + past) / 2);
        const later = firstFrom(middle);
        if (later === -1) past = middle;
        else last = later;
      }
      return last - start;
    }
    past = from;
    step = Math.min(2 * step, Math.max(MAX_STEP, 4 * length));
  }
  return -1;
}
