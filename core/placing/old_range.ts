/**
 * The old range of a mapping that a resize has moved, or the part that a resize has cut off.
 *
 * @module
 */
import type { Host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import { hex, type MmapError, systemError } from "../checks/errors.ts";
import { type Allocation, plainAllocation } from "../lifetime/allocation.ts";
import { unmapWithOwner } from "../lifetime/collector.ts";
import { holdRange } from "../lifetime/held_ranges.ts";
import type { MappingInfo } from "../lifetime/mapping_info.ts";
import { unmapAllocation } from "../lifetime/release.ts";
import type { PageState } from "../pages/page_state.ts";

/** A mapping that is resized. */
export interface Resizing {
  readonly host: Host;
  readonly allocation: Allocation;
  /** The mapping before the change, with the current access of all pages. */
  readonly info: MappingInfo;
  /** The state of the pages, if any. Their buffers are detached. */
  readonly pages: PageState | undefined;
  /** The new length in bytes. */
  readonly byteLength: number;
}

/** Notes the length of the allocation, if the system can unmap a part of it. */
export function setLength(
  { host: { os }, allocation, info: { pageOffset }, byteLength }: Resizing,
): void {
  if (os.unmapsNeighbours) allocation.byteLength = BigInt(pageOffset + byteLength);
}

/** Unmaps or holds the old range. If the system refuses, throws the result of `undo`. */
export function releaseOld(
  { allocation, pages }: Resizing,
  undo: (reason: unknown) => unknown,
): void {
  const old = wholeOf(allocation);
  if (pages?.wereViewed) return holdOld(old, pages);
  const failure = unmapAllocation(old);
  if (failure !== undefined) throw undo(resizeError(allocation, failure));
}

/** Moves the allocation to another range. With `leaves`, holds the old range. */
export function replace(
  { allocation, pages }: Pick<Resizing, "allocation" | "pages">,
  address: bigint,
  byteLength: bigint,
  leaves: boolean,
): void {
  const old = wholeOf(allocation);
  allocation.address = address;
  allocation.byteLength = byteLength;
  if (allocation.backing !== undefined) allocation.backing.guard = undefined; // of the old range
  if (leaves) holdOld(old, pages!);
}

/** Holds a range until no buffer that the pages had is reachable. */
export function holdOld(allocation: Allocation, pages: PageState): void {
  unmapWithOwner(pages, allocation);
  holdRange(allocation);
}

/** A copy of an allocation's record, for its old range. */
function wholeOf(allocation: Allocation): Allocation {
  const { address, byteLength, backing } = allocation;
  return partOf(allocation, address, byteLength, backing?.guard);
}

/** A record for a part of an allocation. The file stays with the allocation. */
export function partOf(
  { backing, isSplit }: Allocation,
  address: bigint,
  byteLength: bigint,
  guard: GuardEntry | undefined,
): Allocation {
  return {
    ...plainAllocation(address, byteLength),
    isSplit,
    backing: backing && { ...backing, file: undefined, guard },
  };
}

/** The error for a resize that the system refused. */
export function resizeError({ address }: Allocation, failure: Failure): MmapError {
  return systemError(`to resize the mapping at ${hex(address)}`, failure);
}
