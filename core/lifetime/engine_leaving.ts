/**
 * Mappings in memory of the engine whose handles were collected.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import { type Allocation, closeFile } from "./allocation.ts";
import { findMappedOver, listRegions } from "./engine_memory.ts";

/**
 * Leaves a mapping in memory of the engine, which a module may still use without its handle. An
 * engine that unmaps the memory ends the mapping with it. One that stores zeros to the memory
 * before it reuses it would store them to the file, so that the memory is kept for ever.
 */
export function leaveToEngine(allocation: Allocation): void {
  const { address, byteLength, backing, engine } = allocation;
  if (!currentRuntime().wasm.unmapsMemory) {
    kept.add(allocation);
    return;
  }
  closeFile(allocation);
  const guard = backing?.guard;
  if (guard !== undefined) guards.register(engine!.memory, { guard, address, byteLength });
}

/** Memory of the engine whose handle was collected, and that the engine would reuse. */
const kept: Set<Allocation> = new Set();
/** A guard of memory of the engine, and the range that it guards. */
interface LeftGuard {
  readonly guard: GuardEntry;
  readonly address: bigint;
  readonly byteLength: bigint;
}

/** Guards whose memory this thread does not use any more, and other threads may. */
const left: Set<LeftGuard> = new Set();
const guards: FinalizationRegistry<LeftGuard> = new FinalizationRegistry((guard) => {
  left.add(guard);
  releaseLeftGuards();
});

/** Releases the guards of memory that the engine has unmapped since. */
function releaseLeftGuards(): void {
  const regions = listRegions(); // once for all guards
  left.forEach((entry) => {
    if (findMappedOver(entry, regions) !== undefined) return;
    left.delete(entry);
    entry.guard.release();
  });
}
