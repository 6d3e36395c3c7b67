/**
 * The range that a mapping leaves, or the part of it that is cut off, when it is resized.
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
  /** As it is now: with the access that all pages have. */
  readonly info: MappingInfo;
  /** Where there are any: their buffers are detached. */
  readonly pages: PageState | undefined;
  /** The new length in bytes. */
  readonly byteLength: number;
}

/** Notes the length of what is to be unmapped, where a part can be. */
export function setLength(
  { host: { os }, allocation, info: { pageOffset }, byteLength }: Resizing,
): void {
  if (os.unmapsNeighbours) allocation.byteLength = BigInt(pageOffset + byteLength);
}

/** Unmaps the old range, or holds it; where that is refused, throws what `undo` makes of the reason. */
export function releaseOld(
  { allocation, pages }: Resizing,
  undo: (reason: unknown) => unknown,
): void {
  const old = wholeOf(allocation);
  if (pages?.wereViewed) return holdOld(old, pages);
  const failure = unmapAllocation(old);
  if (failure !== undefined) throw undo(resizeError(allocation, failure));
}

/** Has the allocation be another range; holds the old one, where it is still info. */
export function replace(
  { allocation, pages }: Pick<Resizing, "allocation" | "pages">,
  address: bigint,
  byteLength: bigint,
  leaves: boolean,
): void {
  const old = wholeOf(allocation);
  allocation.address = address;
  allocation.byteLength = byteLength;
  if (allocation.backing !== undefined) allocation.backing.guard = undefined; // it is the old range's
  if (leaves) holdOld(old, pages!);
}

/** Holds a range until no buffer that the pages had is reachable. */
export function holdOld(allocation: Allocation, pages: PageState): void {
  unmapWithOwner(pages, allocation);
  holdRange(allocation);
}

/** All of an allocation, as one of its own: what it is before it becomes another range. */
function wholeOf(allocation: Allocation): Allocation {
  const { address, byteLength, backing } = allocation;
  return partOf(allocation, address, byteLength, backing?.guard);
}

/** A part of an allocation, as one of its own, whose file is not its own. */
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

export function resizeError({ address }: Allocation, failure: Failure): MmapError {
  return systemError(`to resize the mapping at ${hex(address)}`, failure);
}
