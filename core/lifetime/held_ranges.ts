/**
 * Held ranges: the address ranges of viewed mappings after `unmap()`.
 *
 * A pending call of the runtime may still use a buffer after it is detached. So the memory is
 * freed immediately, and the address range stays reserved until nothing reaches the handle or a
 * buffer. Held ranges have a budget for all threads together; beyond it the oldest are released.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Allocation } from "./allocation.ts";
import { addHeld, held, heldByOthers, heldRanges } from "./held_totals.ts";
import { endOf, pending, purge, release } from "./release.ts";

/**
 * The number of ranges that all threads together may hold: a quarter of the mappings that Linux
 * allows by default, because the runtime needs some too. The system's `maxHeldByteLength` limits
 * their length.
 */
export const MAX_HELD_RANGES = 16_384;
/** The part of the process's own limits that held ranges may take. */
const PART_OF_LIMITS = 1 / 8;
/** The part of both budgets that each thread has, whatever the others hold. */
const OWN_SHARE = 1 / 64;
/**
 * The part of a spent budget that stays held. Releasing many ranges at a time unmaps neighbours
 * together.
 */
const REST = 0.75;

/**
 * Frees the memory of a closed handle. Holds the range until the handle is collected, or until
 * a budget is spent and the range is among the oldest.
 */
export function holdRange(allocation: Allocation): void {
  const byteLength = Number(allocation.byteLength);
  const max = maxHeldByteLength();
  addHeld(allocation);
  purge(allocation);
  if (byteLength > max) release([allocation]);
  else releaseOldest(max);
}

/** The budget in bytes. Held ranges count against the limits of the process and of commitments. */
function maxHeldByteLength(): number {
  const { maxHeldByteLength, room } = host().os;
  if (room === undefined) return maxHeldByteLength;
  return Math.min(maxHeldByteLength, PART_OF_LIMITS * room.ceiling());
}

/** Releases the oldest ranges of this thread if a budget is spent. */
function releaseOldest(maxByteLength: number): void {
  const others = heldByOthers();
  let { count, byteLength } = heldRanges();
  const areWithin = (part: number) =>
    (others.count + count <= part * MAX_HELD_RANGES &&
      others.byteLength + byteLength <= part * maxByteLength) ||
    (count <= part * OWN_SHARE * MAX_HELD_RANGES &&
      byteLength <= part * OWN_SHARE * maxByteLength);
  if (areWithin(1)) return;
  release([...held].filter((allocation) => {
    if (areWithin(REST)) return false;
    count--;
    byteLength -= Number(allocation.byteLength);
    return true;
  }));
}

/** Releases all held ranges of this thread. Returns whether there were any. */
export function releaseHeldRanges(): boolean {
  const count = held.size + pending.size;
  release(held);
  return count > 0;
}

/** Releases the held ranges that overlap `byteLength` bytes at `address`. Returns whether there were any. */
export function releaseHeldRangesIn(address: bigint, byteLength: bigint): boolean {
  const end = address + byteLength;
  const within = [...held, ...pending].filter((range) =>
    range.address < end && endOf(range) > address
  );
  if (within.length > 0) release(within);
  return within.length > 0;
}
