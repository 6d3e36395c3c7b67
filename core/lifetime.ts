/**
 * How the memory and the address range of a mapping go back to the system.
 *
 * A mapping that no view was ever asked of is unmapped at once. Of one that
 * was viewed the memory goes back at once, but the range is held until neither
 * its handle nor a buffer of it is reachable: the runtime's own calls, which
 * may still run, keep the buffer that they use.
 *
 * @module
 */
import { host } from "../ffi/host.ts";
import type { Failure } from "../ffi/os/os.ts";

/** Memory that is to be unmapped. Leads to neither the handle nor a buffer: the registry holds it. */
export interface Allocation {
  /** The address of its first byte. */
  address: bigint;
  /** Its length in bytes; `0n` once there is nothing to unmap any more. */
  byteLength: bigint;
  /** Whether a view's buffer was transferred away: its new owner can use the memory for ever. */
  isTransferred: boolean;
}

/** Unmaps; afterwards there is nothing to unmap, unless the system refused. */
export function unmapAllocation(allocation: Allocation): Failure | undefined {
  const failure = host().os.unmap(allocation.address, allocation.byteLength);
  if (failure === undefined) allocation.byteLength = 0n;
  return failure;
}

/**
 * Unmaps `allocation` when `owner`, which is reachable from every buffer, is
 * collected. There is no way back: an allocation without length costs less
 * than taking it out of the registry.
 */
export function unmapWithOwner(owner: object, allocation: Allocation): void {
  registry.register(owner, allocation);
}

/**
 * How many ranges are held at most: a quarter of the mappings that Linux allows
 * by default, because the runtime needs some too. What they are long together,
 * the system's `maxHeldByteLength` limits.
 */
export const MAX_HELD_RANGES = 16_384;

/** The held ranges, oldest first. */
const held: Set<Allocation> = new Set();
let heldByteLength = 0;

/** Counts the held ranges. */
export function countHeldRanges(): number {
  return held.size;
}

/**
 * Gives the memory back and holds the range until its owner is collected, or
 * until it is among the oldest of too many.
 */
export function holdRange(allocation: Allocation): void {
  const { os } = host();
  // Where that is refused, the memory goes with the range.
  os.vacate(allocation.address, allocation.byteLength);
  held.add(allocation);
  heldByteLength += Number(allocation.byteLength);
  if (held.size > MAX_HELD_RANGES || heldByteLength > os.maxHeldByteLength) {
    releaseOldest(os.maxHeldByteLength);
  }
}

/** Releases a quarter more than must be, so that neighbours go together. */
function releaseOldest(maxByteLength: number): void {
  const oldest: Allocation[] = [];
  let byteLength = heldByteLength;
  for (const allocation of held) {
    const count = held.size - oldest.length;
    if (count <= 0.75 * MAX_HELD_RANGES && byteLength <= 0.75 * maxByteLength) break;
    oldest.push(allocation);
    byteLength -= Number(allocation.byteLength);
  }
  release(oldest);
}

/** Releases all held ranges; tells whether there were any. */
export function releaseHeldRanges(): boolean {
  const ranges = [...held, ...collected.splice(0)];
  release(ranges);
  return ranges.length > 0;
}

/** Releases the held ranges that have a page in common with `byteLength` bytes at `address`. */
export function releaseHeldRangesIn(address: bigint, byteLength: bigint): void {
  const end = address + byteLength;
  flushCollected();
  const within = Array.from(held).filter((range) => range.address < end && endOf(range) > address);
  release(within);
}

// Of what the collector reports, it reports much at a time.
const collected: Allocation[] = [];

/** Unmaps what was collected, together with what is reported right after it. */
export function unmapCollected(allocation: Allocation): void {
  if (allocation.isTransferred || allocation.byteLength === 0n) return;
  if (collected.push(allocation) === 1) queueMicrotask(flushCollected);
}

function flushCollected(): void {
  release(collected.splice(0));
}

// munmap can be refused (on Linux with ENOMEM, where it would split a mapping
// at the limit of their number): tried again with what is released next.
let refused: Allocation[] = [];

/** Unmaps ranges, neighbours together. */
function release(allocations: Allocation[]): void {
  const { os } = host();
  const ranges = [...refused, ...allocations].filter(({ byteLength }) => byteLength > 0n);
  refused = [];
  for (const range of ranges) {
    if (held.delete(range)) heldByteLength -= Number(range.byteLength);
  }
  ranges.sort((a, b) => a.address < b.address ? -1 : 1);
  for (let index = 0; index < ranges.length;) {
    const first = index;
    let end = endOf(ranges[index++]!);
    while (os.unmapsNeighbours && ranges[index]?.address === end) end = endOf(ranges[index++]!);
    const neighbours = ranges.slice(first, index);
    const { address, byteLength } = neighbours[0]!;
    const length = neighbours.length === 1 ? byteLength : end - address;
    if (os.unmap(address, length) === undefined) {
      for (const range of neighbours) range.byteLength = 0n;
    } else if (neighbours.length === 1) refused.push(neighbours[0]!);
    else refused.push(...neighbours.filter(unmapAllocation));
  }
}

/** The end of the last page of a range. */
function endOf({ address, byteLength }: Allocation): bigint {
  const pageSize = BigInt(host().os.pageSize);
  return (address + byteLength + pageSize - 1n) / pageSize * pageSize;
}

const registry: FinalizationRegistry<Allocation> = new FinalizationRegistry(unmapCollected);
