/**
 * Allocations: memory to unmap, and the resources that end with it.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { OpenFile } from "../../ffi/os/contract/files.ts";
import type { Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import type { EngineMemory } from "./engine_memory.ts";

/** The resources of memory of a file. */
export interface Backing {
  /** The library's own descriptor of the file, if a later call needs one. */
  file: OpenFile | undefined;
  /** A hash of the name, for named memory. */
  readonly name: bigint | undefined;
  /** The guard from truncation of the file, once a view or call has needed it. */
  guard: GuardEntry | undefined;
  /** The position of the first page in the file, in bytes. */
  readonly offset: number;
  /** Whether blocks of the disk are set aside for bytes that are added. */
  readonly isAllocated: boolean;
}

/**
 * The parts of an allocation: guard pages, memory, guard pages. All lengths are in bytes. With a
 * capacity, the memory includes the addresses that it can grow into.
 */
export interface GuardLayout {
  /** The length of the lower guard: whole granules, so that the memory starts at one. */
  readonly below: bigint;
  /** The length of the memory: whole pages. */
  readonly byteLength: bigint;
  /** The length of the upper guard: whole pages. */
  readonly above: bigint;
  /** The length of a page, if pages are huge. */
  readonly hugePage: number | undefined;
  /** Whether the memory has a capacity. */
  readonly isGrowable: boolean;
}

/** One handle's part in memory that several handles share. */
export interface Share {
  /** Ends sharing if no other handle or ticket is left. Returns whether it did. */
  takeBack(): boolean;

  /**
   * Stops using the memory and holding its range, in one step, if other handles go on with both.
   * Returns whether they do.
   */
  endAmongOthers(): boolean;

  /** Stops using the memory. Returns whether this handle was the last to use it. */
  leave(): boolean;

  /** The length of memory with a capacity, in bytes: another handle can make it longer. */
  readonly byteLength: number;

  /** Makes memory with a capacity longer. Does nothing if it is as long already. */
  growTo(byteLength: number): void;

  /** Whether the handle has stopped using the memory. */
  readonly hasLeft: boolean;

  /** Stops holding the range. Returns whether this handle was the last to hold it. */
  drop(): boolean;

  /** Keeps the memory for ever, for the new owner of a transferred buffer. */
  pin(): void;

  /** Whether a handle has pinned the memory. */
  readonly isPinned: boolean;

  /** Guards the memory from truncation of its file. */
  readonly guard: GuardEntry | undefined;
}

/** A pending call that another thread runs: a wait for a word, or a flush. */
export interface Waiter {
  readonly call: "waitAsync" | "flushAsync";
  /** Where the word starts, from the first page; `undefined` for a flush. */
  readonly start: number | undefined;
  /**
   * Asks the thread to end the call. A wait may still end otherwise, because it may have been woken
   * already.
   */
  cancel(reason: unknown): void;
  /** Blocks until the thread does not use the memory. Returns whether it does not. */
  join(): boolean;
}

/** Memory to unmap. It refers to neither the handle nor a buffer, because the collector's registry holds it. */
export interface Allocation {
  /** The address of the first byte. */
  address: bigint;
  /** The length in bytes; `0n` when nothing is left to unmap. */
  byteLength: bigint;
  /** Whether a view's buffer was transferred away: its new owner may use the memory for ever. */
  isTransferred: boolean;
  /** Whether the system may count the memory as several mappings, because a part was changed. */
  isSplit: boolean;
  /**
   * Whether a later mapping may reuse this record after `unmap()`, as for plain memory that was
   * never viewed.
   */
  isReusable: boolean;
  /** Set for memory of a file. */
  readonly backing: Backing | undefined;
  /** Set for memory with guard pages, of huge pages, or with a capacity. */
  readonly layout: GuardLayout | undefined;
  /**
   * For memory with a capacity: the greatest length that it had, in bytes. Pages behind it take no
   * memory, and nothing can use them.
   */
  usedByteLength: bigint;
  /** Whether the same memory is mapped twice in a row. */
  readonly isMirrored: boolean;
  /** Set for memory that is the engine's. */
  readonly engine: EngineMemory | undefined;
  /** The calls that unmap it, if it never became a mapping. */
  readonly mapper: Mapper<MapRequest> | undefined;
  /** Set for memory that is shared: this handle's part. */
  share: Share | undefined;
  /** The pending calls of other threads for this memory. */
  waits: readonly Waiter[] | undefined;
  /** The number of pins for native code. */
  pins: number;
}

/** A record of plain memory. It has all fields: see `ffi/own.ts`. */
export function plainAllocation(address: bigint, byteLength: bigint): Allocation {
  return {
    address,
    byteLength,
    isTransferred: false,
    isReusable: false,
    isSplit: false,
    backing: undefined,
    layout: undefined,
    usedByteLength: 0n,
    isMirrored: false,
    engine: undefined,
    mapper: undefined,
    share: undefined,
    waits: undefined,
    pins: 0,
  };
}

/** The system's calls for this kind of memory. */
export function mapperOf(
  { mapper, backing, layout, isMirrored }: Pick<
    Allocation,
    "mapper" | "backing" | "layout" | "isMirrored"
  >,
): Omit<Mapper<MapRequest>, "map"> {
  const { os } = host();
  if (mapper !== undefined) return mapper;
  if (layout?.hugePage !== undefined) return os.huge!.mapper(layout.hugePage)!;
  if (isMirrored) return os.mirrors;
  if (backing === undefined) return os;
  return (layout === undefined ? undefined : os.files.pieces) ?? os.files;
}

/**
 * Ends sharing if no other handle or ticket has a part in the memory or its range.
 * Returns whether the memory is still shared.
 */
export function refreshShare(allocation: Allocation): boolean {
  if (allocation.share === undefined) return false;
  if (!allocation.share.takeBack()) return true;
  allocation.share = undefined;
  allocation.isSplit = true; // another handle may have changed a part
  return false;
}

/** Notes that nothing is left to unmap. */
export function noteUnmapped(allocation: Allocation): void {
  allocation.byteLength = 0n;
  releaseGuard(allocation);
  closeFile(allocation);
}

/**
 * Ends the guard of memory that is unmapped. The guard must not end earlier: a thread may still be
 * handling a fault from before the memory was vacated.
 */
export function releaseGuard({ backing }: Pick<Allocation, "backing">): void {
  if (backing?.guard === undefined) return;
  const { guard } = backing;
  guard.release();
  backing.guard = undefined; // last: if the stack was exhausted, the collector releases it
}

/** Closes the file that was kept for later calls. */
export function closeFile({ backing }: Pick<Allocation, "backing">): void {
  if (backing?.file === undefined) return;
  const { file } = backing;
  backing.file = undefined; // first: another file may get a closed number
  host().os.files.close(file);
}
