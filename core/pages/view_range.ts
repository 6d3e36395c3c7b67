/**
 * Which bytes a view covers: the checks of what callers ask for.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { Source } from "../lifetime/mapping_info.ts";
import type { Extent } from "../checks/ranges.ts";
import { byteCount, describe } from "../checks/arguments.ts";

const { getPrototypeOf, hasOwn } = Object;

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

/**
 * The view that a constructor makes of a mapping; of one of several, as of a table, one of theirs.
 *
 * @typeParam T The type of the constructor.
 */
export type ViewOf<T extends ViewConstructor<ArrayBufferView>> = T extends DataViewConstructor
  ? DataView<ArrayBuffer>
  : T extends ViewConstructor<infer V> ? V
  : never;

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

/** Checks that a view of elements of `size` bytes is within the mapping, aligned, and not too long for this runtime. */
export function viewRange(
  size: number,
  byteOffset: number | bigint,
  length: number | bigint | undefined,
  { byteLength: mappedByteLength, pageOffset, source }: Viewed,
): ViewRange {
  const start = byteCount(byteOffset, "The byteOffset");
  if (start > mappedByteLength) {
    throw new RangeError(
      `The byteOffset must be at most ${mappedByteLength}, the length of the mapping, got ${start}`,
    );
  }
  if ((pageOffset + start) % size !== 0) {
    throw new RangeError(
      `The byteOffset must be a multiple of ${size}, the element size, got ${start}` +
        (pageOffset % size === 0
          ? ""
          : ` in a mapping that starts ${pageOffset % size} bytes past one`),
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
  return { byteOffset: pageOffset + start, length: count, byteLength };
}

/** Checks the type of a view. Returns the length of its elements in bytes. */
export function elementByteLength(type: ViewConstructor<ArrayBufferView>): number {
  const prototype: unknown = typeof type === "function" ? type.prototype : undefined;
  switch (familyOf(prototype)) {
    case "TypedArray": {
      // Read once: the bounds are checked with what is then used.
      const { BYTES_PER_ELEMENT } = type as typeof Uint8Array;
      if ([1, 2, 4, 8].includes(BYTES_PER_ELEMENT)) return BYTES_PER_ELEMENT;
      break;
    }
    case "DataView":
      return 1;
  }
  throw new TypeError(
    `The type must be a typed array constructor or DataView, got ${describe(type)}`,
  );
}

/**
 * The kind of views that have a prototype, by what only those of views have in any realm: Jest
 * mixes those of two. No constructor is called for it. One that passes for what it is not is
 * given a buffer, which all code gets that has a view.
 */
function familyOf(prototype: unknown): "TypedArray" | "DataView" | undefined {
  let holder = typeof prototype === "object" ? prototype : null;
  while (holder !== null) {
    const next: object | null = getPrototypeOf(holder);
    if (next === null) return undefined; // what a program adds to Object.prototype does not count
    if (hasOwn(holder, "BYTES_PER_ELEMENT")) return "TypedArray";
    if (hasOwn(holder, "getFloat64")) return "DataView";
    holder = next;
  }
}
