/**
 * Rounding to multiples of a unit.
 *
 * @module
 */

/** Rounds down to a multiple of `unit`. */
export function roundDown(value: bigint, unit: bigint): bigint {
  return value - value % unit;
}

/** Rounds up to a multiple of `unit`. */
export function roundUp(value: bigint, unit: bigint): bigint {
  return roundDown(value + unit - 1n, unit);
}
