/**
 * Checks of the ranges that callers pass, and their conversion to ranges of pages.
 *
 * @module
 */
import { byteCount } from "./arguments.ts";

/**
 * A range of bytes, counted from the start of the first page. A mapping of a file starts
 * `pageOffset` bytes behind that if its offset is not a multiple of the allocation granularity.
 */
export interface PageRange {
  /** The first byte. */
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** A range that may be empty, counted from the first byte of the mapping. */
export interface ByteRange {
  /** The first byte. */
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** The length of a mapping, and where it starts in its first page. */
export interface Extent {
  /** The length in bytes. */
  readonly byteLength: number;
  /** The number of bytes of the first page, or granule, that are below the first byte. */
  readonly pageOffset: number;
}

/** Whether a range has no byte, so that a call for it has nothing to do. */
export function isEmpty({ start, end }: PageRange): boolean {
  return start === end;
}

/** Whether two ranges have a byte in common. */
export function overlap(a: PageRange, b: PageRange): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Checks that a range is whole pages. The mapping may start and end within a page. */
export function pageRange(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  extent: Extent,
  pageSize: number,
): PageRange {
  const { start, end } = checkedRange(byteOffset, byteLength, extent.byteLength);
  const { pageOffset } = extent;
  const isPage = (offset: number) => (pageOffset + offset) % pageSize === 0;
  const boundary = pageOffset % pageSize === 0
    ? `a multiple of the page size, ${pageSize} bytes`
    : `${pageOffset % pageSize} bytes below a multiple of the page size, ${pageSize} bytes`;
  if (start !== 0 && start !== extent.byteLength && !isPage(start)) {
    throw new RangeError(`The byteOffset must be ${boundary}, got ${start}`);
  }
  if (end !== start && end !== extent.byteLength && !isPage(end)) {
    throw new RangeError(
      pageOffset % pageSize === 0
        ? `The byteLength must be ${boundary}, or reach the end of the mapping, got ${end - start}`
        : `The byteOffset plus the byteLength must be ${boundary}, ` +
          `or reach the end of the mapping, got ${end}`,
    );
  }
  // The bytes below the first one are of its page.
  return { start: start === 0 && end > 0 ? 0 : pageOffset + start, end: pageOffset + end };
}

/** Checks a range of bytes, and rounds its start down to a page. */
export function pagesAround(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  extent: Extent,
  pageSize: number,
): PageRange {
  const range = byteRange(byteOffset, byteLength, extent);
  const { start, end } = range;
  return isEmpty(range) ? range : { start: start - start % pageSize, end };
}

/** Checks that a range lies within the mapping. */
export function byteRange(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  { byteLength: mappedByteLength, pageOffset }: Extent,
): PageRange {
  const { start, end } = checkedRange(byteOffset, byteLength, mappedByteLength);
  return { start: pageOffset + start, end: pageOffset + end };
}

/** Checks a range to search, which may be empty. */
export function searchRange(
  byteOffset: number | bigint,
  byteEnd: number | bigint | undefined,
  { byteLength }: Pick<Extent, "byteLength">,
): ByteRange {
  const start = byteCount(byteOffset, "The byteOffset");
  const end = byteEnd === undefined ? byteLength : byteCount(byteEnd, "The byteEnd");
  if (end > byteLength) {
    throw new RangeError(
      `The byteEnd must be at most ${byteLength}, the length of the mapping, got ${end}`,
    );
  }
  if (start > end) {
    throw new RangeError(
      `The byteOffset must be at most ${end}, where the range ends, got ${start}`,
    );
  }
  return { start, end };
}

/** Checks a range, which it returns counted from the first byte of the mapping. */
function checkedRange(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  mappedByteLength: number,
): PageRange {
  const start = byteCount(byteOffset, "The byteOffset");
  const rest = mappedByteLength - start;
  const length = byteLength === undefined
    ? Math.max(0, rest)
    : byteCount(byteLength, "The byteLength");
  if (rest < 0 || (rest === 0 && length > 0)) {
    throw new RangeError(
      `The byteOffset must be ${
        length > 0 ? "below" : "at most"
      } ${mappedByteLength}, the length ` +
        `of the mapping, got ${start}`,
    );
  }
  if (length > rest) {
    throw new RangeError(
      `The byteLength must be at most ${rest} from byteOffset ${start}, got ${length}`,
    );
  }
  return { start, end: start + length };
}
