/**
 * The types of views.
 *
 * @module
 */
import type { ViewConstructor } from "../../mod.ts";

/** Typed arrays of numbers. */
export const NUMBER_ARRAYS: readonly ViewConstructor<
  ArrayBufferView & { [index: number]: unknown }
>[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
];

/** Typed arrays, and `DataView`. */
export const VIEW_TYPES: readonly ViewConstructor<ArrayBufferView>[] = [
  ...NUMBER_ARRAYS,
  BigInt64Array,
  BigUint64Array,
  DataView,
];
