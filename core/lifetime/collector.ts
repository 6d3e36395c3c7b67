/**
 * Unmapping by the garbage collector.
 *
 * The collector watches a token instead of the handle. Only the handle refers to the token, and
 * every buffer refers to the handle. When a mapping is unmapped explicitly, the next mapping reuses
 * its token. Watching a new token costs a tenth of mapping, and V8 keeps watched objects through
 * their first collections, which then take a fifth of the time of a loop that maps and unmaps.
 *
 * @module
 */
import { FreeList } from "../../ffi/free_list.ts";
import {
  type Allocation,
  closeFile,
  noteUnmapped,
  plainAllocation,
  refreshShare,
} from "./allocation.ts";
import { leaveToEngine } from "./engine_leaving.ts";
import { leave, makePending, release } from "./release.ts";

/** Unmaps its allocation when it is collected. */
export interface CollectorToken {
  readonly allocation: Allocation;
}

/** The fields in which an allocation can differ from plain anonymous memory. */
type Kind = Pick<Allocation, "backing" | "layout" | "isMirrored" | "share" | "engine">;

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

/** Keeps the token of a closed handle for the next mapping. */
export function endToken(token: CollectorToken): void {
  if (token.allocation.isReusable && spare.length < MAX_SPARE) spare.add(token);
}

function allocationOf(kind: Kind): Allocation {
  const { backing, layout, isMirrored, share, engine } = kind;
  const isReusable = isPlain(kind);
  return { ...plainAllocation(0n, 0n), isReusable, backing, layout, isMirrored, share, engine };
}

function isPlain({ backing, layout, isMirrored, share, engine }: Kind): boolean {
  return backing === undefined && layout === undefined && !isMirrored && share === undefined &&
    engine === undefined;
}

/**
 * Unmaps `allocation` when `owner` is collected. Every buffer refers to the owner. After an
 * explicit unmap, the allocation stays registered with length 0, which costs less than
 * unregistering it.
 */
export function unmapWithOwner(owner: object, allocation: Allocation): void {
  registry.register(owner, allocation);
}

const registry: FinalizationRegistry<Allocation> = new FinalizationRegistry(unmapCollected);
let isScheduled = false;

/** Unmaps a collected allocation, together with others: the collector reports many at a time. */
export function unmapCollected(allocation: Allocation): void {
  if (allocation.byteLength === 0n) { // and no part in shared memory
    noteUnmapped(allocation); // what is left if the stack was exhausted in unmap()
    return;
  }
  if (allocation.engine !== undefined) return leaveToEngine(allocation);
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
