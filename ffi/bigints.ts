/**
 * Arithmetic with bigints, which `Math` does not support.
 *
 * @module
 */

/** Returns the smaller of two numbers. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Rounds down to a multiple of a unit. */
export function roundDown(value: bigint, unit: bigint): bigint {
  return value - value % unit;
}

/** Rounds up to a multiple of a unit. */
export function roundUp(value: bigint, unit: bigint): bigint {
  return roundDown(value + unit - 1n, unit);
}
