/**
 * Arithmetic of bigints, which `Math` lacks.
 *
 * @module
 */

/** Returns the smaller of two numbers. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Rounds up to a multiple of a unit. */
export function roundUp(value: bigint, unit: bigint): bigint {
  return (value + unit - 1n) / unit * unit;
}
