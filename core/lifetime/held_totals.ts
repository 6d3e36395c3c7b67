/**
 * The list of this thread's held ranges, and the totals of all threads. The budget is in
 * `held_ranges.ts`.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import type { Allocation } from "./allocation.ts";

/** A number of ranges, and their total length in bytes. */
interface Amount {
  readonly count: number;
  readonly byteLength: number;
}

/** The held ranges of this thread, oldest first. */
export const held: Set<Allocation> = new Set();
let heldByteLength = 0;
/** The same in units of `UNIT`, each range rounded up. */
let heldUnits = 0;

/** The unit of the sums, in bytes: in units of 64 KiB, the whole address space fits in 32 bits. */
const UNIT = 65_536;
/** The length of the sums of all threads, in bytes. */
export const HELD_COUNTS_BYTES = 8;
/** The number of ranges and units of all threads; of this thread alone without a table. */
let counts: Int32Array = new Int32Array(HELD_COUNTS_BYTES / 4);

/** Adds this thread's ranges to sums that all threads share. Returns the previous sums. */
export function countHeldIn(common: Int32Array): Int32Array {
  const before = counts;
  count(-held.size, -heldUnits);
  counts = common;
  count(held.size, heldUnits);
  return before;
}

/** Adds a range. */
export function addHeld(allocation: Allocation): void {
  held.add(allocation);
  countRange(allocation, 1);
}

/** Removes a range, if it is held. */
export function removeHeld(allocation: Allocation): void {
  if (held.delete(allocation)) countRange(allocation, -1);
}

function countRange({ byteLength }: Allocation, sign: 1 | -1): void {
  const length = Number(byteLength);
  const units = Math.ceil(length / UNIT);
  heldByteLength += sign * length;
  heldUnits += sign * units;
  count(sign, sign * units);
}

function count(ranges: number, units: number): void {
  atomics.add(counts, 0, ranges);
  atomics.add(counts, 1, units);
}

/** The ranges that this thread holds. */
export function heldRanges(): Amount {
  return { count: held.size, byteLength: heldByteLength };
}

/** The ranges that the other threads hold. */
export function heldByOthers(): Amount {
  return {
    count: atomics.load(counts, 0) - held.size,
    byteLength: (atomics.load(counts, 1) - heldUnits) * UNIT,
  };
}
