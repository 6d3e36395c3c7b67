/**
 * The check of the constructor of a view.
 *
 * @module
 */
import { describe } from "../checks/arguments.ts";

const { getPrototypeOf, hasOwn } = Object;

/** `%TypedArray%`, from which the typed array constructors inherit. */
const TypedArray: object = getPrototypeOf(Uint8Array);

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

/** A typed array constructor or `DataView`, reduced to the call that makes a view. */
export type ViewMaker<V> = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => V;

type ViewFrom<V> = (buffer: ArrayBuffer, byteOffset: number, length: number) => V;

/** A constructor that was checked. */
interface ViewType {
  readonly type: unknown;
  /** The constructor that makes the view. */
  readonly maker: ViewMaker<ArrayBufferView>;
  /** The length of an element in bytes. */
  readonly elementByteLength: number;
}

/** The built-in constructor that was checked last: programs mostly use it again. */
let lastBuiltIn: ViewType | undefined;

/** Checks the constructor of a view. */
export function viewType(type: ViewConstructor<ArrayBufferView>): ViewType {
  if (lastBuiltIn !== undefined && type === lastBuiltIn.type) return lastBuiltIn;
  const checked = {
    type,
    elementByteLength: elementByteLength(type),
    maker: withoutWarning(type as ViewMaker<ArrayBufferView>),
  };
  const constructor: unknown = type;
  if (constructor === DataView || getPrototypeOf(type) === TypedArray) lastBuiltIn = checked;
  return checked;
}

/** A constructor of the same views without the warning of Node.js for `new Buffer()`. */
function withoutWarning<V>(type: ViewMaker<V>): ViewMaker<V> {
  if (!hasOwn(type, "isBuffer")) return type;
  return function (buffer: ArrayBuffer, start: number, length: number) {
    return (type as unknown as { from: ViewFrom<V> }).from(buffer, start, length);
  } as unknown as ViewMaker<V>;
}

function elementByteLength(type: ViewConstructor<ArrayBufferView>): number {
  const prototype: unknown = typeof type === "function" ? type.prototype : undefined;
  switch (familyOf(prototype)) {
    case "TypedArray": {
      // Read once: the length that is checked is the length that is used.
      const { BYTES_PER_ELEMENT } = type as unknown as typeof Uint8Array;
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
