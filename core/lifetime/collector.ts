/**
 * Unmapping by the garbage collector.
 *
 * The collector watches a token instead of the handle: an object that only the handle, and so
 * every buffer, can reach. When a mapping is unmapped explicitly, its token goes to the next one:
 * watching a new token costs a tenth of mapping, and V8 keeps watched objects through their first
 * collections, which then take a fifth of a loop's time.
 *
 * @module
 */
import { FreeList } from "../../ffi/free_list.ts";
import { type Allocation, closeFile, plainAllocation, refreshShare } from "./allocation.ts";
import { leave, makePending, release } from "./release.ts";

/** Unmaps its allocation when it is collected. */
export interface CollectorToken {
  readonly allocation: Allocation;
}

/** The fields in which an allocation can differ from plain anonymous memory. */
type Kind = Pick<Allocation, "backing" | "layout" | "isMirrored" | "share">;

/** The number of tokens that are kept for the next mappings. */
const MAX_SPARE = 64;

const spare: FreeList<CollectorToken> = new FreeList();

/** The token of a closed handle: nothing is left to unmap. */
export const CLOSED: CollectorToken = { allocation: plainAllocation(0n, 0n) };

/** A token for memory that is about to be mapped. */
export function newToken(kind: Kind): CollectorToken {
  const kept = isPlain(kind) ? spare.take() : undefined;
  if (kept !== undefined) return kept;
  const token = { allocation: allocationOf(kind) };
  unmapWithOwner(token, token.allocation);
  return token;
}

/** Takes back the token of a handle that has unmapped and does not refer to it any more. */
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

/**
 * Unmaps `allocation` when `owner`, which is reachable from every buffer, is collected.
 * Nothing undoes it: an allocation without length costs less than taking it out of the registry.
 */
export function unmapWithOwner(owner: object, allocation: Allocation): void {
  registry.register(owner, allocation);
}

const registry: FinalizationRegistry<Allocation> = new FinalizationRegistry(unmapCollected);
let isScheduled = false;

/** Unmaps a collected allocation, together with others: the collector reports many at a time. */
export function unmapCollected(allocation: Allocation): void {
  if (allocation.byteLength === 0n) { // and no part in shared memory
    closeFile(allocation);
    return;
  }
  if (allocation.isTransferred) {
    if (refreshShare(allocation)) {
      allocation.share!.pin();
      leave(allocation);
    } else closeFile(allocation); // the new owner needs no file
    return;
  }
  makePending(allocation);
  if (!isScheduled) void releaseSoon();
}

/** Releases pending ranges in a microtask: programs can fake timers, but not `await`. */
async function releaseSoon(): Promise<void> {
  isScheduled = true;
  await undefined;
  isScheduled = false;
  release([]);
}
