/**
 * The check of the range of a view.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { byteCount } from "../checks/arguments.ts";
import type { Extent } from "../checks/ranges.ts";
import type { Source } from "../lifetime/mapping_info.ts";

/** The bytes that a view covers. */
export interface ViewRange {
  /** The start, counted from the first page of the mapping, in bytes. */
  readonly byteOffset: number;
  /** The length in elements. */
  readonly length: number;
  /** The length in bytes. */
  readonly byteLength: number;
}

/** The properties of a mapping that views depend on. */
interface Viewed extends Extent {
  readonly source: Source;
}

/** Checks that a view with elements of `size` bytes is in bounds, aligned, and not too long. */
export function viewRange(
  size: number,
  byteOffset: number | bigint,
  length: number | bigint | undefined,
  extent: Viewed,
): ViewRange {
  const { byteLength: mappedByteLength, pageOffset, source } = extent;
  const start = byteCount(byteOffset, "The byteOffset");
  // A view of a mirror must not repeat bytes.
  const copyByteLength = source === "mirror" ? mappedByteLength / 2 : mappedByteLength;
  const rest = Math.min(mappedByteLength - start, copyByteLength);
  // Sizes are powers of two. Beyond 32 bits a remainder takes long.
  const isAligned = ((pageOffset + start) & (size - 1)) === 0;
  const isWhole = length !== undefined || (rest & (size - 1)) === 0;
  if (rest < 0 || !isAligned || !isWhole) throw startError(size, start, rest, extent);
  const count = length === undefined
    ? rest / size
    : byteCount(length, "The length", size === 1 ? "bytes" : "elements");
  const byteLength = count * size;
  if (byteLength > rest || byteLength > currentRuntime().maxViewByteLength) {
    throw lengthError(size, start, count, rest, extent);
  }
  return { byteOffset: pageOffset + start, length: count, byteLength };
}

/** The error for a view that starts outside the mapping or within an element. */
function startError(
  size: number,
  start: number,
  rest: number,
  { byteLength, pageOffset }: Extent,
): RangeError {
  if (rest < 0) {
    return new RangeError(
      `The byteOffset must be at most ${byteLength}, the length of the mapping, got ${start}`,
    );
  }
  if ((pageOffset + start) % size === 0) {
    return new RangeError(
      `The ${rest} bytes from byteOffset ${start} are not whole elements of ${size} bytes: ` +
        "give a length",
    );
  }
  const excess = pageOffset % size;
  return new RangeError(
    `The byteOffset must be a multiple of ${size}, the element size, got ${start}` +
      (excess === 0 ? "" : ` in a mapping that starts ${excess} bytes after one`) +
      ": use a DataView, which takes any byteOffset",
  );
}

/** The error for a view that is too long for the mapping or for the runtime. */
function lengthError(
  size: number,
  start: number,
  count: number,
  rest: number,
  { byteLength }: Extent,
): RangeError {
  if (count * size > rest) {
    const unit = size === 1 ? "bytes" : `elements of ${size} bytes`;
    return new RangeError(
      `The length must be at most ${Math.floor(rest / size)} ${unit} ` +
        `from byteOffset ${start}, got ${count}` +
        (rest < byteLength - start ? ": a view of a mirror has at most one copy" : ""),
    );
  }
  return new RangeError(
    `A view in this runtime is at most ${currentRuntime().maxViewByteLength} bytes long, got ` +
      `${count * size}: use several views`,
  );
}
