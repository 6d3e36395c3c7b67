/**
 * The contract of an operating system: one value of {@linkcode Os}. A new system
 * is one new folder beside this one.
 *
 * Implementations trust their input, which the core has validated. They return a
 * {@linkcode Failure} and never throw; the core makes the error.
 *
 * @module
 */
import type { Copying } from "./copying.ts";
import type { Files } from "./files.ts";
import type { AdvisedFailure, Failure, Mapper, MapRequest, MirrorRequest } from "./memory.ts";
import type { Regions } from "./regions.ts";
import type { NamedMemory } from "./named.ts";
import type { GuardEntry, TruncationGuard } from "./truncation_guard.ts";
import type { Residency } from "./residency.ts";
import type { Searching } from "./searching.ts";
import type { ThreadNeeds } from "../../thread_needs.ts";
import type { Waiting } from "./waiting.ts";

/** Huge pages on one system. */
export interface HugePages {
  /** The default length of a huge page in bytes; 0 if the processor has none. */
  readonly pageByteLength: number;

  /**
   * Returns the mapper for huge pages of one length, whose byte lengths are multiples of it;
   * `undefined` if the system has no pages of that length.
   */
  mapper(pageByteLength: number): Mapper<MapRequest> | undefined;
}

/** Moves anonymous memory without copying: whole pages that one call has mapped. */
export interface Remap {
  /** Extends memory in place. The memory stays one mapping, and so can be moved. */
  extend(address: bigint, byteLength: bigint, newByteLength: bigint): Failure | undefined;

  /** Extends memory, which may move; then its old range is unmapped. */
  grow(address: bigint, byteLength: bigint, newByteLength: bigint): bigint | Failure;

  /** Moves memory. The old range stays mapped, as if it had never been stored to. */
  leave(address: bigint, byteLength: bigint): bigint | Failure;

  /** Moves memory over a range of the library's own. */
  moveOver(address: bigint, byteLength: bigint, target: bigint): Failure | undefined;
}

/** The limits of a process for mapped memory. */
export interface Room {
  /** Counts all mappings by listing them; `undefined` if the system does not say. */
  mappings(): {
    readonly count: number;
    readonly limit: number;
    /** The name of the limit in messages. */
    readonly name: string;
  } | undefined;

  /** Refuses more memory than the system has left, if it would kill a process; `remedy` is advice. */
  refuseMemory(byteLength: bigint, remedy: string): AdvisedFailure | undefined;

  /** The limits of the process in bytes; `Infinity` for no limit. */
  byteLimits(): {
    /** For all addresses. */
    readonly addresses: number;
    /** For private writable memory. */
    readonly data: number;
  };

  /**
   * The least limit of private writable memory in bytes: those of the process, and the memory that
   * all processes may still commit; `Infinity` for no limit. Cached for a while.
   */
  ceiling(): number;
}

/** A shortage of a resource. */
export interface Shortage {
  /** The POSIX name of the error. */
  readonly code: string;
  /** The text for a message: the resource, its limit, and the remedy. */
  readonly words: string;
}

/** Virtual memory on one system: anonymous memory, and everything common to all kinds. */
export interface Os extends Mapper<MapRequest> {
  /** The page size in bytes. */
  readonly pageSize: number;

  /** Mappings start at multiples of this number of bytes. */
  readonly allocationGranularity: number;

  /** True if {@linkcode Mapper.map} honours `populate`; otherwise the core touches each page. */
  readonly populates: boolean;

  /** True if the system sets memory aside for mappings without `noReserve`. */
  readonly reserves: boolean;

  /** True if one call can unmap several adjacent mappings, or a part of one. */
  readonly unmapsNeighbours: boolean;

  /** Frees the memory of whole pages and makes them inaccessible. */
  decommit(address: bigint, byteLength: bigint): Failure | undefined;

  /** Maximum length of all held ranges together, in bytes. */
  readonly maxHeldByteLength: number;

  /** Huge pages, if the system maps them on request. */
  readonly huge: HugePages | undefined;

  /**
   * Returns true if the process itself may grow into a range, such as with its main thread's
   * stack; `undefined` if nothing grows.
   */
  readonly growsInto: ((address: bigint, byteLength: bigint) => boolean) | undefined;

  /** The limits for mapped memory, if the system has any. */
  readonly room: Room | undefined;

  /** Moving memory, if the system can. */
  readonly remap: Remap | undefined;

  /** Names memory, if the system can show names. */
  readonly name: ((address: bigint, byteLength: bigint, label: string) => void) | undefined;

  /** Files, and memory of them. */
  readonly files: Files;

  /** Memory that processes share by its name. */
  readonly named: NamedMemory;

  /** Memory mapped twice in a row: a store to one half also appears in the other. */
  readonly mirrors: Mapper<MirrorRequest>;

  /** The list of all mappings. */
  readonly regions: Regions;

  /** Copying that cannot fault. */
  readonly copying: Copying;

  /** Searching memory. */
  readonly searching: Searching;

  /**
   * Returns the truncation guard, and installs it at the first call; `undefined` if the system
   * refuses it. Only systems that need a guard have this function.
   */
  guard: (() => TruncationGuard | undefined) | undefined;

  /**
   * Returns true if the guard is in place, or can be installed. Installs nothing. Only systems
   * that need a guard have this function.
   */
  canGuard: (() => boolean) | undefined;

  /** Returns the guard entry at an address, which another thread has added. */
  guardAt: ((address: bigint) => GuardEntry) | undefined;

  /** Advice, locks, and residency of mapped memory. */
  readonly residency: Residency;

  /**
   * Returns the resource that a number of further threads would lack. Only systems that limit
   * such resources have this function.
   */
  readonly threadShortage:
    | ((needs: ThreadNeeds, threads: number) => Shortage | undefined)
    | undefined;

  /** Waiting until a word changes, and waking waiters. */
  readonly waiting: Waiting;
}
