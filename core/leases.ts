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
import { type Allocation, unmapWithOwner } from "./lifetime.ts";

/** Has its allocation unmapped when it is collected. */
export interface Lease {
  readonly allocation: Allocation;
}

/** What makes an allocation one that is not simply pages of anonymous memory. */
type Kind = Pick<Allocation, "backing" | "placing" | "isMirrored" | "share">;

/** How many are kept for the next mappings. */
const MAX_SPARE = 64;

const spare: Lease[] = [];

/** The lease of a handle that is closed: there is nothing to unmap. */
export const CLOSED: Lease = { allocation: allocationOf({}) };

/** A lease of what is not mapped yet. */
export function newLease(kind: Kind): Lease {
  if (isPlain(kind) && spare.length > 0) return spare.pop()!;
  const lease = { allocation: allocationOf(kind) };
  unmapWithOwner(lease, lease.allocation);
  return lease;
}

/** Takes back the lease of a handle that unmapped, and has it no more. */
export function endLease(lease: Lease): void {
  if (lease.allocation.isReusable && spare.length < MAX_SPARE) spare.push(lease);
}

function allocationOf(kind: Kind): Allocation {
  const { backing, placing, isMirrored = false, share } = kind;
  return {
    address: 0n,
    byteLength: 0n,
    isTransferred: false,
    isSplit: false,
    isReusable: isPlain(kind),
    backing,
    placing,
    isMirrored,
    share,
  };
}

function isPlain({ backing, placing, isMirrored = false, share }: Kind): boolean {
  return backing === undefined && placing === undefined && !isMirrored && share === undefined;
}
