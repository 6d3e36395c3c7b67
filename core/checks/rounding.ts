/**
 * Rounding.
 *
 * @module
 */

/** The first multiple of `unit` that is not below `value`. */
export function roundUp(value: bigint, unit: bigint): bigint {
  return (value + unit - 1n) / unit * unit;
}
