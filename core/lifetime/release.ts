/**
 * Returning memory and address ranges to the system.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure, Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import { checkStack } from "../checks/call_stack.ts";
import { roundUp } from "../../ffi/bigints.ts";
import {
  type Allocation,
  closeFile,
  mapperOf,
  noteUnmapped,
  plainAllocation,
  refreshShare,
} from "./allocation.ts";
import { removeHeld } from "./held_totals.ts";

/** Ranges to unmap: those that were collected, and those that the system refused to unmap before. */
export const pending: Set<Allocation> = new Set();

/** Unmaps an allocation, or drops this handle's hold on a shared one. */
export function unmapAllocation(allocation: Allocation): Failure | undefined {
  if (refreshShare(allocation)) {
    // Must follow dropHold(): if the stack is exhausted there, the handle stays open.
    if (dropHold(allocation)) {
      checkStack();
      release([allocation]);
    }
    return undefined;
  }
  const { address, byteLength, backing, engine } = allocation;
  const guard = backing?.guard;
  const mapper = mapperOf(allocation);
  let failure: Failure | undefined;
  try {
    if (engine === undefined) {
      guard?.suspend();
      failure = mapper.unmap(address, byteLength);
    } else {
      guard?.vacate(); // other threads may load from the pages meanwhile
      failure = mapper.vacate(address, byteLength); // the addresses stay the engine's
    }
  } catch (error) {
    guard?.resume();
    throw error;
  }
  if (failure === undefined) {
    allocation.byteLength = 0n; // without a call, for which no stack may be left
    noteUnmapped(allocation);
  } else guard?.resume();
  return failure;
}

/** Unmaps memory that never became a mapping. If the system refuses, later releases try again. */
export function unmapStray(
  mapper: Mapper<MapRequest>,
  address: bigint,
  byteLength: bigint,
): Failure | undefined {
  const failure = mapper.unmap(address, byteLength);
  if (failure !== undefined) pending.add({ ...plainAllocation(address, byteLength), mapper });
  return failure;
}

/** Frees the memory of a range that stays mapped, unless other handles still use it. */
export function purge(allocation: Allocation): void {
  if (refreshShare(allocation)) leave(allocation);
  else purgeAlone(allocation);
}

function purgeAlone(allocation: Allocation): void {
  const guard = allocation.backing?.guard;
  guard?.vacate();
  // If the system refuses, the memory is freed with the range.
  if (vacate(allocation) !== undefined) guard?.resume();
  closeFile(allocation);
}

/**
 * Unmaps the addresses of a capacity that were never used, so that a held range does not keep
 * them.
 */
export function unmapUnused(allocation: Allocation): void {
  const { layout, usedByteLength, address, byteLength } = allocation;
  const { os } = host();
  if (!layout?.isGrowable || !os.unmapsNeighbours || refreshShare(allocation)) return;
  const kept = layout.below + roundUp(usedByteLength, BigInt(os.pageSize));
  if (kept === byteLength || os.unmap(address + kept, byteLength - kept) !== undefined) return;
  allocation.byteLength = kept;
}

/** Drops this handle's use of shared memory. The last user frees the memory. */
export function leave(allocation: Allocation): void {
  const share = allocation.share!;
  if (!share.leave()) return;
  if (share.isPinned) closeFile(allocation);
  else purgeAlone(allocation);
}

/** Drops this handle's hold on a range. Returns whether the range is to be unmapped. */
function dropHold(allocation: Allocation): boolean {
  const { share } = allocation;
  if (share === undefined) return true;
  if (share.endAmongOthers()) {
    allocation.share = undefined;
    allocation.byteLength = 0n;
    return false;
  }
  if (!share.hasLeft) {
    if (!refreshShare(allocation)) return true;
    leave(allocation);
  }
  // First: if the stack is exhausted in drop(), this handle still holds the range.
  const wasLast = share.drop();
  allocation.share = undefined;
  if (!wasLast) allocation.byteLength = 0n;
  return wasLast;
}

/**
 * Held ranges of this length or longer, in bytes, are mapped anew, so that they do not stay
 * committed. That takes longer and can split a mapping, and all shorter ranges together commit
 * little.
 */
const UNCOMMITTED_BYTE_LENGTH = 0x10_0000n;

/**
 * Frees the memory and keeps the range mapped. On systems that limit the number of mappings, the
 * range stays in one piece, so that held ranges do not use up that number.
 */
function vacate(allocation: Allocation): Failure | undefined {
  const { address, byteLength, layout, usedByteLength, share, isSplit } = allocation;
  const mapper = mapperOf(allocation);
  if (layout !== undefined && !host().os.unmapsNeighbours) {
    return mapper.vacate(
      address + layout.below,
      layout.isGrowable ? usedByteLength : layout.byteLength,
    );
  }
  if (layout?.isGrowable) return mapper.vacate(address, layout.below + usedByteLength);
  const isOnePiece = !isSplit && layout === undefined && share === undefined &&
    byteLength < UNCOMMITTED_BYTE_LENGTH;
  return mapper.vacate(address, byteLength, isOnePiece);
}

/**
 * Unmaps these ranges and the pending ones, neighbours together. If the system refuses a range, the
 * next release tries again. (At the limit of mappings, Linux refuses with `ENOMEM` to split one.)
 */
export function release(allocations: Iterable<Allocation>): void {
  for (const allocation of allocations) makePending(allocation);
  // A range that others still hold must not be unmapped with its neighbours.
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
      if (os.unmap(address, end - address) === undefined) neighbours.forEach(noteUnmapped);
    }
    for (const range of neighbours) {
      if (range.byteLength === 0n || unmapAllocation(range) === undefined) pending.delete(range);
    }
  }
}

/** Marks a range for the next release. */
export function makePending(allocation: Allocation): void {
  pending.add(allocation);
  removeHeld(allocation);
}

/** The end of the last page of a range. */
export function endOf({ address, byteLength }: Allocation): bigint {
  return roundUp(address + byteLength, BigInt(host().os.pageSize));
}
