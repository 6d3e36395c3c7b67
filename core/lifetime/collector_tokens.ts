/**
 * What the collector watches in place of a handle: a lease, which only its handle,
 * and so every buffer, can reach.
 *
 * A lease outlives a mapping that was unmapped by hand, and goes to the next one. To
 * watch a new one costs a tenth of what mapping does, and V8 keeps whatever is
 * watched through its first collections, which then take a fifth of a loop's time.
 *
 * @module
 */
import { FreeList } from "../../ffi/free_list.ts";
import { type Allocation, plainAllocation, unmapWithOwner } from "./allocations.ts";

/** Has its allocation unmapped when it is collected. */
export interface Lease {
  readonly allocation: Allocation;
}

/** What makes an allocation one that is not simply pages of anonymous memory. */
type Kind = Pick<Allocation, "backing" | "placing" | "isMirrored" | "share">;

/** How many are kept for the next mappings. */
const MAX_SPARE = 64;

const spare: FreeList<Lease> = new FreeList();

/** The lease of a handle that is closed: there is nothing to unmap. */
export const CLOSED: Lease = { allocation: plainAllocation(0n, 0n) };

/** A lease of what is not mapped yet. */
export function newLease(kind: Kind): Lease {
  const kept = isPlain(kind) ? spare.take() : undefined;
  if (kept !== undefined) return kept;
  const lease = { allocation: allocationOf(kind) };
  unmapWithOwner(lease, lease.allocation);
  return lease;
}

/** Takes back the lease of a handle that unmapped, and has it no more. */
export function endLease(lease: Lease): void {
  if (lease.allocation.isReusable && spare.length < MAX_SPARE) spare.add(lease);
}

function allocationOf(kind: Kind): Allocation {
  const { backing, placing, isMirrored, share } = kind;
  const isReusable = isPlain(kind);
  return { ...plainAllocation(0n, 0n), isReusable, backing, placing, isMirrored, share };
}

function isPlain({ backing, placing, isMirrored, share }: Kind): boolean {
  return backing === undefined && placing === undefined && !isMirrored && share === undefined;
}
