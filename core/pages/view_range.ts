/**
 * Checks of the type and the range of a view.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { byteCount, describe } from "../checks/arguments.ts";
import type { Extent } from "../checks/ranges.ts";
import type { Source } from "../lifetime/mapping_info.ts";

const { getPrototypeOf, hasOwn } = Object;

/**
 * The constructor of a view: a typed array constructor (`Uint8Array`, `Float64Array`,
 * `BigInt64Array`, …) or `DataView`.
 *
 * @typeParam V The type of the view.
 */
export interface ViewConstructor<V extends ArrayBufferView> {
  /** Makes a view of `length` elements (bytes, for a `DataView`) from `byteOffset`. */
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): V;
  /** The prototype of the views: `Uint8Array.prototype`, …. */
  readonly prototype: ArrayBufferView;
}

/**
 * The view of a mapping that a constructor makes. For a union of constructors, a union of views.
 *
 * @typeParam T The type of the constructor.
 */
export type ViewOf<T extends ViewConstructor<ArrayBufferView>> = T extends DataViewConstructor
  ? DataView<ArrayBuffer>
  : T extends ViewConstructor<infer V> ? V
  : never;

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
          : ` in a mapping that starts ${pageOffset % size} bytes after one`),
    );
  }
  // A view of a mirror must not repeat bytes.
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
        (rest < mappedByteLength - start ? ": a view of a mirror has at most one copy" : ""),
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

/** Checks the constructor of a view. Returns the length of its elements in bytes. */
export function elementByteLength(type: ViewConstructor<ArrayBufferView>): number {
  const prototype: unknown = typeof type === "function" ? type.prototype : undefined;
  switch (familyOf(prototype)) {
    case "TypedArray": {
      // Read once: the length that is checked is the length that is used.
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
 * Returns the kind of views with this prototype, by properties that only such prototypes have. This
 * works for every realm, and Jest mixes two. A fake constructor gets a buffer, which any code with
 * a view can get too.
 */
function familyOf(prototype: unknown): "TypedArray" | "DataView" | undefined {
  let holder = typeof prototype === "object" ? prototype : null;
  while (holder !== null) {
    const next: object | null = getPrototypeOf(holder);
    if (next === null) return undefined; // properties of Object.prototype do not count
    if (hasOwn(holder, "BYTES_PER_ELEMENT")) return "TypedArray";
    if (hasOwn(holder, "getFloat64")) return "DataView";
    holder = next;
  }
}
