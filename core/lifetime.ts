/**
 * What garbage collection does to a mapping: it is unmapped once its owner,
 * the handle, is unreachable. Views keep the owner reachable.
 *
 * @module
 */
import type { Failure } from "../ffi/os/os.ts";
import { host } from "../ffi/host.ts";

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
 * Unmaps `allocation` when `owner` is collected. There is no way back: an
 * allocation without length costs less than taking it out of the registry.
 */
export function unmapWithOwner(owner: object, allocation: Allocation): void {
  registry.register(owner, allocation);
}

// munmap can be refused (on Linux with ENOMEM, where it would split a mapping
// at the limit of their number): tried again when the next one is collected.
const refused: Allocation[] = [];

/** Unmaps what was collected, and what was refused before. */
export function unmapCollected(collected: Allocation): void {
  if (collected.isTransferred || collected.byteLength === 0n) return;
  refused.push(collected);
  // Up to the first refusal: where one is refused, most are.
  while (refused.length > 0 && !unmapAllocation(refused.at(-1)!)) refused.pop();
}

const registry: FinalizationRegistry<Allocation> = new FinalizationRegistry(unmapCollected);
