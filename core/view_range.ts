/**
 * Which bytes a view covers: the checks of what callers ask for.
 *
 * @module
 */
import { currentRuntime } from "../ffi/host.ts";
import type { Source } from "./mapped.ts";
import type { Extent } from "./page_range.ts";
import { byteCount, describe } from "./validate.ts";

/**
 * A typed array constructor (`Uint8Array`, `Float64Array`, `BigInt64Array`,
 * …) or `DataView`, that makes views of type `V`.
 *
 * @typeParam V The type of the view.
 */
export interface ViewConstructor<V extends ArrayBufferView> {
  /** Makes a view of `length` elements (bytes, for a `DataView`) from `byteOffset`. */
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): V;
  /** What the views are: `Uint8Array.prototype`, … */
  readonly prototype: ArrayBufferView;
}

/** The bytes that a view covers. */
export interface ViewRange {
  /** Where it starts in the pages of the mapping, in bytes. */
  readonly byteOffset: number;
  /** Its length in elements. */
  readonly length: number;
  /** Its length in bytes. */
  readonly byteLength: number;
}

/** A mapping, as far as views go. */
interface Viewed extends Extent {
  readonly source: Source;
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as typeof Uint8Array;

/** Checks that a view is within the mapping, aligned, and not too long for this runtime. */
export function viewRange(
  type: ViewConstructor<ArrayBufferView>,
  byteOffset: number,
  length: number | undefined,
  { byteLength: mappedByteLength, skip, source }: Viewed,
): ViewRange {
  const size = elementByteLength(type);
  const start = byteCount(byteOffset, "The byteOffset");
  if (start > mappedByteLength) {
    throw new RangeError(
      `The byteOffset must be at most ${mappedByteLength}, the length of the mapping, got ${start}`,
    );
  }
  if ((skip + start) % size !== 0) {
    throw new RangeError(
      `The byteOffset must be a multiple of ${size}, the element size, got ${start}` +
        (skip % size === 0 ? "" : ` in a mapping that starts ${skip % size} bytes past one`),
    );
  }
  // A view of a mirror holds no byte twice.
  const copyByteLength = source === "mirror" ? mappedByteLength / 2 : mappedByteLength;
  const rest = Math.min(mappedByteLength - start, copyByteLength);
  if (length === undefined && rest % size !== 0) {
    throw new RangeError(
      `The ${rest} bytes from byteOffset ${start} are not whole elements of ${size} bytes: ` +
        "give a length",
    );
  }
  const count = length === undefined ? rest / size : byteCount(length, "The length");
  const byteLength = count * size;
  if (byteLength > rest) {
    throw new RangeError(
      `The length must be at most ${Math.floor(rest / size)} elements of ${size} bytes ` +
        `from byteOffset ${start}, got ${count}` +
        (rest < mappedByteLength - start ? ": a view holds no byte of a mirror twice" : ""),
    );
  }
  const { maxViewByteLength } = currentRuntime();
  if (byteLength > maxViewByteLength) {
    throw new RangeError(
      `A view in this runtime is at most ${maxViewByteLength} bytes long, got ${byteLength}: ` +
        "use several views",
    );
  }
  return { byteOffset: skip + start, length: count, byteLength };
}

function elementByteLength(type: ViewConstructor<ArrayBufferView>): number {
  const prototype: unknown = typeof type === "function" ? type.prototype : undefined;
  const family = familyOf(prototype);
  if (family === "TypedArray") {
    // Read once: the bounds are checked with what is then used.
    const { BYTES_PER_ELEMENT } = type as typeof Uint8Array;
    if ([1, 2, 4, 8].includes(BYTES_PER_ELEMENT)) return BYTES_PER_ELEMENT;
  } else if (family === "DataView") {
    return 1;
  }
  throw new TypeError(
    `The type must be a typed array constructor or DataView, got ${describe(type)}`,
  );
}

/** The kind of views that have a prototype, which can be of any realm: Jest mixes those of two. */
function familyOf(prototype: unknown): "TypedArray" | "DataView" | undefined {
  if (prototype instanceof TypedArray) return "TypedArray"; // most are, and it is quick
  if (typeof prototype !== "object" || prototype === null) return undefined;
  if (!(Symbol.toStringTag in prototype)) return undefined;
  const tag = prototype[Symbol.toStringTag];
  if (tag === "DataView") return "DataView";
  // A typed array's is a getter, which gives nothing where there is no array.
  return tag === undefined && "BYTES_PER_ELEMENT" in prototype ? "TypedArray" : undefined;
}
