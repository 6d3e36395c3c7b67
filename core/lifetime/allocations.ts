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
import { atomics } from "../../ffi/atomics.ts";
import { host } from "../../ffi/host.ts";
import type { OpenFile } from "../../ffi/os/contract/files.ts";
import type { Failure, Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import { checkStack } from "../checks/call_stack.ts";

/** What the memory of a file keeps until it is unmapped. */
export interface Backing {
  /** The library's own opening of the file, where a later call needs it. */
  file: OpenFile | undefined;
  /** Where processes share it by its name: a hash of that name. */
  readonly name: bigint | undefined;
  /** What guards the memory from the file's truncation, from when it is first looked at. */
  guard: GuardEntry | undefined;
  /** Where in the file the pages start, in bytes. */
  readonly offset: number;
}

/** How memory lies in its allocation: guard pages, memory, guard pages. All lengths are in bytes. */
export interface GuardLayout {
  /** How long the guard below is: whole granules, so that the memory starts at one. */
  readonly below: bigint;
  /** How long the memory is: whole pages. */
  readonly byteLength: bigint;
  /** How long the guard above is: whole pages. */
  readonly above: bigint;
  /** How long a page is, where it is a huge one. */
  readonly hugePage: number | undefined;
}

/** The part that one handle has in memory that other threads can have handles of, too. */
export interface Share {
  /** Whether nobody else has a part in it; then it is not shared any more. */
  takeBack(): boolean;

  /** Uses the memory no more; tells whether that was the last to use it. */
  leave(): boolean;

  /** Whether it uses the memory no more. */
  readonly hasLeft: boolean;

  /** Holds the range no more; tells whether that was the last to hold it. */
  drop(): boolean;

  /** Keeps the memory for ever: it has a new owner, who knows nothing of the others. */
  pin(): void;

  /** Whether somebody pinned it. */
  readonly isPinned: boolean;

  /** What guards the memory from its file's truncation. */
  readonly guard: GuardEntry | undefined;
}

/** Who waits for a word of the memory, without blocking a thread. */
export interface Waiter {
  /** Where the word starts, from the first page. */
  readonly start: number;
  /** Ends it, with a reason: not at once, because it can have been woken already. */
  cancel(reason: unknown): void;
  /** Sleeps until nothing waits any more; tells whether it came to that. */
  join(): boolean;
}

/** Memory that is to be unmapped. Leads to neither the handle nor a buffer: the registry holds it. */
export interface Allocation {
  /** The address of its first byte. */
  address: bigint;
  /** Its length in bytes; `0n` once there is nothing to unmap any more. */
  byteLength: bigint;
  /** Whether a view's buffer was transferred away: its new owner can use the memory for ever. */
  isTransferred: boolean;
  /** Whether the system may keep it in several pieces, because a part of it was changed. */
  isSplit: boolean;
  /** Whether it can be another handle's once it is unmapped: it is plain, and only its handle has it. */
  isReusable: boolean;
  /** Where it is memory of a file: what that keeps. */
  readonly backing: Backing | undefined;
  /** Where it has guard pages, or huge ones. */
  readonly layout: GuardLayout | undefined;
  /** Whether it is memory that is mapped twice in a row. */
  readonly isMirrored: boolean;
  /** The calls that it wants, where it never became a mapping. */
  readonly mapper: Mapper<MapRequest> | undefined;
  /** Where it is shared: this handle's part in it. */
  share: Share | undefined;
  /** Who waits for words of it. */
  waits: readonly Waiter[] | undefined;
}

/** What is mapped there, and is nobody's next. It has all fields: see `ffi/own.ts`. */
export function plainAllocation(address: bigint, byteLength: bigint): Allocation {
  return {
    address,
    byteLength,
    isTransferred: false,
    isReusable: false,
    isSplit: false,
    backing: undefined,
    layout: undefined,
    isMirrored: false,
    mapper: undefined,
    share: undefined,
    waits: undefined,
  };
}

/**
 * Ends sharing where no other handle or ticket has a part in the memory or its range any more.
 * Returns whether it is still shared.
 */
export function refreshShare(allocation: Allocation): boolean {
  if (allocation.share === undefined) return false;
  if (!allocation.share.takeBack()) return true;
  allocation.share = undefined;
  allocation.isSplit = true; // another handle can have changed a part
  return false;
}

/** Unmaps; afterwards there is nothing to unmap, unless the system refused. */
export function unmapAllocation(allocation: Allocation): Failure | undefined {
  if (refreshShare(allocation)) {
    // It is pending only when it cannot stay as it is any more: where the stack ends
    // before, its handle stays open.
    if (dropHold(allocation)) {
      checkStack();
      release([allocation]);
    }
    return undefined;
  }
  const guard = allocation.backing?.guard;
  guard?.suspend();
  const failure = mapperOf(allocation).unmap(allocation.address, allocation.byteLength);
  if (failure === undefined) unmapped(allocation);
  else guard?.resume();
  return failure;
}

/** Notes that there is nothing to unmap any more. */
function unmapped(allocation: Allocation): void {
  allocation.byteLength = 0n;
  releaseGuard(allocation);
  closeFile(allocation);
}

/** The calls that this kind of memory wants. */
export function mapperOf(
  { mapper, backing, layout, isMirrored }: Pick<
    Allocation,
    "mapper" | "backing" | "layout" | "isMirrored"
  >,
): Omit<Mapper<MapRequest>, "map"> {
  const { os } = host();
  if (mapper !== undefined) return mapper;
  if (layout?.hugePage !== undefined) return os.huge!.mapper(layout.hugePage)!;
  if (isMirrored) return os.mirrors;
  return backing === undefined ? os : os.files;
}

/**
 * Guards memory of a file no more, which is unmapped. Not before: a call can have faulted in it
 * before it was vacated, and its fault be handled after.
 */
function releaseGuard({ backing }: Pick<Allocation, "backing">): void {
  if (backing?.guard === undefined) return;
  const { guard } = backing;
  backing.guard = undefined; // first: an entry that is free can be someone else's next
  guard.release();
}

/** Closes the file that was kept for later calls. */
export function closeFile({ backing }: Pick<Allocation, "backing">): void {
  if (backing?.file === undefined) return;
  const { file } = backing;
  backing.file = undefined; // first: a number that is closed can be someone else's next
  host().os.files.close(file);
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
 * How many ranges all threads together hold at most: a quarter of the mappings that
 * Linux allows by default, because the runtime needs some too. What they are long
 * together, the system's `maxHeldByteLength` limits.
 */
export const MAX_HELD_RANGES = 16_384;
/** The part of what the process's own limits allow that held ranges may take. */
const PART_OF_LIMITS = 1 / 8;
/** The part of both limits that each thread has, whatever others hold. */
const OWN_SHARE = 1 / 64;
/** What is to be left of what is too much, so that neighbours go together. */
const REST = 0.75;

/** The held ranges of this thread, oldest first. */
const held: Set<Allocation> = new Set();
let heldByteLength = 0;
/** The same in units of `HELD_UNIT`, each range rounded up. */
let heldUnits = 0;

/** What the lengths of all threads' ranges are counted in: all addresses that there are fit in 32 bits. */
const HELD_UNIT = 65_536;
/** How much room the counts of all threads take, in bytes. */
export const HELD_COUNTS_BYTES = 8;
/** How many ranges all threads hold, and how long they are. Until it is known where, this thread's own. */
let counts: Int32Array = new Int32Array(HELD_COUNTS_BYTES / 4);

/** Counts what is held from now on where other threads do, too; returns where it was counted before. */
export function countHeldIn(common: Int32Array): Int32Array {
  const before = counts;
  count(-held.size, -heldUnits);
  counts = common;
  count(held.size, heldUnits);
  return before;
}

function count(ranges: number, units: number): void {
  atomics.add(counts, 0, ranges);
  atomics.add(counts, 1, units);
}

/** Counts a range that is held from now on, or (`-1`) is not any more. */
function countRange({ byteLength }: Allocation, sign: 1 | -1): void {
  const length = Number(byteLength);
  const units = Math.ceil(length / HELD_UNIT);
  heldByteLength += sign * length;
  heldUnits += sign * units;
  count(sign, sign * units);
}

/** How much other threads hold. */
function heldByOthers(): { readonly count: number; readonly byteLength: number } {
  return {
    count: atomics.load(counts, 0) - held.size,
    byteLength: (atomics.load(counts, 1) - heldUnits) * HELD_UNIT,
  };
}

/** What is to be unmapped: what was collected, and what the system refused to unmap before. */
const pending: Set<Allocation> = new Set();
let isScheduled = false;

/** How many ranges this thread holds, and how long they are together, in bytes. */
export function heldRanges(): { readonly count: number; readonly byteLength: number } {
  return { count: held.size, byteLength: heldByteLength };
}

/**
 * Gives the memory back and holds the range until its owner, a handle that is
 * closed, is collected, or until it is among the oldest of too many.
 */
export function holdRange(allocation: Allocation): void {
  const byteLength = Number(allocation.byteLength);
  const max = maxHeldByteLength();
  held.add(allocation);
  countRange(allocation, 1);
  if (refreshShare(allocation)) leave(allocation);
  else giveBack(allocation);
  if (byteLength > max) release([allocation]);
  else releaseOldest(max);
}

/** How long held ranges may be together, in bytes. The process's own limits count them, and that of commitments. */
function maxHeldByteLength(): number {
  const { maxHeldByteLength, room } = host().os;
  if (room === undefined) return maxHeldByteLength;
  const { addresses, data } = room.byteLimits();
  const part = PART_OF_LIMITS * Math.min(addresses, data, room.committable());
  return Math.min(maxHeldByteLength, part);
}

/** Gives the memory back, and closes its file. */
function giveBack(allocation: Allocation): void {
  const guard = allocation.backing?.guard;
  guard?.vacate();
  // Where that is refused, the memory goes with the range.
  if (vacate(allocation) !== undefined) guard?.resume();
  closeFile(allocation);
}

/** Uses memory no more that is shared. The last one to do so gives it back: nobody can come to use it again. */
function leave(allocation: Allocation): void {
  const share = allocation.share!;
  if (!share.leave()) return;
  if (share.isPinned) closeFile(allocation);
  else giveBack(allocation);
}

/** Drops this handle's hold on a range that is shared. Returns whether the range is to be unmapped. */
function dropHold(allocation: Allocation): boolean {
  const { share } = allocation;
  if (share === undefined) return true;
  if (!share.hasLeft) {
    if (!refreshShare(allocation)) return true;
    leave(allocation);
  }
  // First: where the stack ends in it, it is held still, and not this handle's alone.
  const wasLast = share.drop();
  allocation.share = undefined;
  if (!wasLast) allocation.byteLength = 0n;
  return wasLast;
}

/**
 * From how many bytes on a held range does not stay committed, which takes longer, and can make
 * a mapping more of it: what shorter ones commit together is little.
 */
const UNCOMMITTED_BYTE_LENGTH = 0x10_0000n;

/**
 * Gives the memory back. The range stays mapped, in one piece where the system counts
 * them, whatever it was before: held ranges would use up all the mappings there can be.
 */
function vacate(allocation: Allocation): Failure | undefined {
  const { address, byteLength, layout, share, isSplit } = allocation;
  const mapper = mapperOf(allocation);
  if (layout !== undefined && !host().os.unmapsNeighbours) {
    return mapper.vacate(address + layout.below, layout.byteLength);
  }
  const isOnePiece = !isSplit && layout === undefined && share === undefined &&
    byteLength < UNCOMMITTED_BYTE_LENGTH;
  return mapper.vacate(address, byteLength, isOnePiece);
}

/** Releases ranges of this thread where all together are too many, or too long. */
function releaseOldest(maxByteLength: number): void {
  const others = heldByOthers();
  let count = held.size;
  let byteLength = heldByteLength;
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

/** Releases all held ranges; tells whether there were any. */
export function releaseHeldRanges(): boolean {
  const count = held.size + pending.size;
  release(held);
  return count > 0;
}

/** Releases the held ranges that have a page in common with `byteLength` bytes at `address`; tells whether there were any. */
export function releaseHeldRangesIn(address: bigint, byteLength: bigint): boolean {
  const end = address + byteLength;
  const within = [...held, ...pending].filter((range) =>
    range.address < end && endOf(range) > address
  );
  if (within.length > 0) release(within);
  return within.length > 0;
}

/** Unmaps what was collected, together with what is reported right after it: the collector reports much at a time. */
export function unmapCollected(allocation: Allocation): void {
  if (allocation.byteLength === 0n) { // nor has it a part in what is shared
    closeFile(allocation);
    return;
  }
  if (allocation.isTransferred) {
    if (refreshShare(allocation)) {
      allocation.share!.pin();
      leave(allocation);
    } else closeFile(allocation); // the memory of a new owner needs no file
    return;
  }
  letGo(allocation);
  if (!isScheduled) void releaseSoon();
}

/** Releases what is pending in a microtask: `await`, which no program can fake, as it can a timer. */
async function releaseSoon(): Promise<void> {
  isScheduled = true;
  await undefined;
  isScheduled = false;
  release([]);
}

/**
 * Unmaps ranges, neighbours together. munmap can be refused (on Linux with
 * ENOMEM, where it would split a mapping at the limit of their number): such a
 * range is tried again with what is released next.
 */
export function release(allocations: Iterable<Allocation>): void {
  for (const allocation of allocations) letGo(allocation);
  // What others still hold must not be unmapped with its neighbours.
  for (const allocation of pending) if (!dropHold(allocation)) pending.delete(allocation);
  const { os } = host();
  const ranges = [...pending].sort((a, b) => a.address < b.address ? -1 : 1);
  for (let index = 0; index < ranges.length;) {
    const first = index;
    let end = endOf(ranges[index++]!);
    while (os.unmapsNeighbours && index < ranges.length && ranges[index]!.address === end) {
      end = endOf(ranges[index++]!);
    }
    const neighbours = ranges.slice(first, index);
    const { address } = neighbours[0]!;
    if (neighbours.length > 1) {
      for (const range of neighbours) range.backing?.guard?.suspend();
      if (os.unmap(address, end - address) === undefined) neighbours.forEach(unmapped);
    }
    for (const range of neighbours) {
      if (range.byteLength === 0n || unmapAllocation(range) === undefined) pending.delete(range);
    }
  }
}

function letGo(allocation: Allocation): void {
  pending.add(allocation);
  if (held.delete(allocation)) countRange(allocation, -1);
}

/** Unmaps what never became a mapping; where that is refused, it is tried again when other ranges are released. */
export function unmapStray(
  mapper: Mapper<MapRequest>,
  address: bigint,
  byteLength: bigint,
): Failure | undefined {
  const failure = mapper.unmap(address, byteLength);
  if (failure !== undefined) pending.add({ ...plainAllocation(address, byteLength), mapper });
  return failure;
}

/** The end of the last page of a range. */
function endOf({ address, byteLength }: Allocation): bigint {
  const pageSize = BigInt(host().os.pageSize);
  return (address + byteLength + pageSize - 1n) / pageSize * pageSize;
}

const registry: FinalizationRegistry<Allocation> = new FinalizationRegistry(unmapCollected);
