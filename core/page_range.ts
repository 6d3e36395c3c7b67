/**
 * Which pages a call means: the checks of what callers ask for.
 *
 * @module
 */
import { byteCount } from "./validate.ts";

/** Bytes of a mapping, of which there is at least one. */
export interface PageRange {
  /** Where they start in the mapping. */
  readonly start: number;
  /** One past the last one. */
  readonly end: number;
}

/** Checks that a range lies within a mapping. */
export function byteRange(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  mappedByteLength: number,
): PageRange {
  const start = byteCount(byteOffset, "The byteOffset");
  if (start >= mappedByteLength) {
    throw new RangeError(
      `The byteOffset must be below ${mappedByteLength}, the length of the mapping, got ${start}`,
    );
  }
  const rest = mappedByteLength - start;
  const length = byteLength === undefined ? rest : byteCount(byteLength, "The byteLength");
  if (length === 0 || length > rest) {
    throw new RangeError(
      `The byteLength must be from 1 to ${rest} from byteOffset ${start}, got ${length}`,
    );
  }
  return { start, end: start + length };
}

/**
 * Checks that a range is of whole pages within a mapping, whose own end is the
 * end of a page whatever its length.
 */
export function pageRange(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  mappedByteLength: number,
  pageSize: number,
): PageRange {
  const { start, end } = byteRange(byteOffset, byteLength, mappedByteLength);
  if (start % pageSize !== 0) {
    throw new RangeError(
      `The byteOffset must be a multiple of the page size, ${pageSize} bytes, got ${start}`,
    );
  }
  const length = end - start;
  if (length % pageSize !== 0 && end !== mappedByteLength) {
    throw new RangeError(
      `The byteLength must be a multiple of the page size, ${pageSize} bytes, ` +
        `or reach the end of the mapping, got ${length}`,
    );
  }
  return { start, end };
}
