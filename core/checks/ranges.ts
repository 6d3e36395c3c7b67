/**
 * Which pages a call means: the checks of what callers ask for.
 *
 * @module
 */
import { byteCount } from "./arguments.ts";

/**
 * Bytes of the pages of a mapping, of which there is at least one. They are
 * counted from the first page: below the first byte of the mapping there are
 * `skip` more, where the offset in its file is not a multiple of the granularity.
 */
export interface PageRange {
  /** Where they start. */
  readonly start: number;
  /** One past the last one. */
  readonly end: number;
}

/** A mapping, as far as ranges go. */
export interface Extent {
  /** Its length in bytes. */
  readonly byteLength: number;
  /** How many bytes of its first page, or granule, are below its first byte. */
  readonly pageOffset: number;
}

/**
 * Checks that a range is of whole pages within a mapping, whose own start and
 * end are those of pages, wherever they are.
 */
export function pageRange(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  extent: Extent,
  pageSize: number,
): PageRange {
  const { start, end } = byteRange(byteOffset, byteLength, extent.byteLength);
  const { pageOffset } = extent;
  const isPage = (offset: number) => (pageOffset + offset) % pageSize === 0;
  const boundary = pageOffset % pageSize === 0
    ? `a multiple of the page size, ${pageSize} bytes`
    : `${pageOffset % pageSize} bytes below a multiple of the page size, ${pageSize} bytes`;
  if (start !== 0 && !isPage(start)) {
    throw new RangeError(`The byteOffset must be ${boundary}, got ${start}`);
  }
  if (end !== extent.byteLength && !isPage(end)) {
    throw new RangeError(
      pageOffset % pageSize === 0
        ? `The byteLength must be ${boundary}, or reach the end of the mapping, got ${end - start}`
        : `The byteOffset plus the byteLength must be ${boundary}, ` +
          `or reach the end of the mapping, got ${end}`,
    );
  }
  return { start: start === 0 ? 0 : pageOffset + start, end: pageOffset + end };
}

/** The pages that bytes within a mapping lie in, also in part. */
export function pagesAround(
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  { byteLength: mappedByteLength, pageOffset }: Extent,
  pageSize: number,
): PageRange {
  const { start, end } = byteRange(byteOffset, byteLength, mappedByteLength);
  const first = pageOffset + start;
  return { start: first - first % pageSize, end: pageOffset + end };
}

/** Checks that bytes, of which there must be one, are within a mapping. */
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
