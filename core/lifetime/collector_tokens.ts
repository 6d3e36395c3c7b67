/**
 * What the collector watches in place of a handle: a token, which only its handle,
 * and so every buffer, can reach.
 *
 * A token outlives a mapping that was unmapped by hand, and goes to the next one. To
 * watch a new one costs a tenth of what mapping does, and V8 keeps whatever is
 * watched through its first collections, which then take a fifth of a loop's time.
 *
 * @module
 */
import { FreeList } from "../../ffi/free_list.ts";
import { type Allocation, plainAllocation, unmapWithOwner } from "./allocations.ts";

/** Has its allocation unmapped when it is collected. */
export interface CollectorToken {
  readonly allocation: Allocation;
}

/** What makes an allocation one that is not simply pages of anonymous memory. */
type Kind = Pick<Allocation, "backing" | "layout" | "isMirrored" | "share">;

/** How many are kept for the next mappings. */
const MAX_SPARE = 64;

const spare: FreeList<CollectorToken> = new FreeList();

/** The token of a handle that is closed: there is nothing to unmap. */
export const CLOSED: CollectorToken = { allocation: plainAllocation(0n, 0n) };

/** A token of what is not mapped yet. */
export function newToken(kind: Kind): CollectorToken {
  const kept = isPlain(kind) ? spare.take() : undefined;
  if (kept !== undefined) return kept;
  const token = { allocation: allocationOf(kind) };
  unmapWithOwner(token, token.allocation);
  return token;
}

/** Takes back the token of a handle that unmapped, and has it no more. */
export function endToken(token: CollectorToken): void {
  if (token.allocation.isReusable && spare.length < MAX_SPARE) spare.add(token);
}

function allocationOf(kind: Kind): Allocation {
  const { backing, layout, isMirrored, share } = kind;
  const isReusable = isPlain(kind);
  return { ...plainAllocation(0n, 0n), isReusable, backing, layout, isMirrored, share };
}

function isPlain({ backing, layout, isMirrored, share }: Kind): boolean {
  return backing === undefined && layout === undefined && !isMirrored && share === undefined;
}
