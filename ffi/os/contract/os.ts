/**
 * What an operating system must offer to be supported: one value of
 * {@linkcode Os}. A new system is one new file beside this one.
 *
 * The modules trust their input: the core has validated it. A refusal comes
 * back as a {@linkcode Failure}, never as a throw; the core makes the error.
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
import type { ThreadNeeds } from "../../thread_needs.ts";
import type { Waiting } from "./waiting.ts";

/** How one operating system does huge pages. */
export interface HugePages {
  /** How long one is, in bytes, unless another length is asked for; 0 where the processor has none. */
  readonly pageByteLength: number;

  /**
   * How memory of huge pages of one length is mapped, of which all lengths are
   * multiples; `undefined` where there are none of that length.
   */
  mapper(pageByteLength: number): Mapper<MapRequest> | undefined;
}

/** How one operating system moves anonymous memory without copying it: whole pages, mapped by one call. */
export interface Remap {
  /** Makes memory longer where it is. It stays one mapping, as what is to be moved has to be. */
  extend(address: bigint, byteLength: bigint, newByteLength: bigint): Failure | undefined;

  /** Makes memory longer; it can move, and its old range is unmapped then. */
  grow(address: bigint, byteLength: bigint, newByteLength: bigint): bigint | Failure;

  /** Moves memory; its old range stays mapped, and is as if it had never been stored to. */
  leave(address: bigint, byteLength: bigint): bigint | Failure;

  /** Moves memory over a range that is the library's own. */
  moveOver(address: bigint, byteLength: bigint, target: bigint): Failure | undefined;
}

/** What a process may map, where a system limits that. */
export interface Room {
  /** How many mappings there are, and may be at most; `undefined` where that is not told. Reads a list of them all. */
  mappings(): {
    readonly count: number;
    readonly limit: number;
    /** What messages call the limit. */
    readonly name: string;
  } | undefined;

  /** Refuses to back so many bytes with memory, where the system would end a process instead; `remedy` is how to want less. */
  refuseMemory(byteLength: bigint, remedy: string): AdvisedFailure | undefined;

  /** The limits for how many bytes the process maps; `Infinity` where it has none. */
  byteLimits(): {
    /** For all addresses. */
    readonly addresses: number;
    /** For private memory that can be stored to. */
    readonly data: number;
  };

  /**
   * How many bytes of such memory all processes may have beside what they have; `Infinity`
   * where that is not counted. Not read each time.
   */
  committable(): number;
}

/** Something that a process has too little of. */
export interface Shortage {
  /** The POSIX name of the error. */
  readonly code: string;
  /** What is short, how much of it there is, and what to do. */
  readonly words: string;
}

/** How one operating system does virtual memory: anonymous memory, and what goes for all. */
export interface Os extends Mapper<MapRequest> {
  /** The page size in bytes. */
  readonly pageSize: number;

  /** What an address must be a multiple of to be mapped at, in bytes. */
  readonly allocationGranularity: number;

  /** Whether {@linkcode Mapper.map} honours `populate`; where not, the core touches each page. */
  readonly populates: boolean;

  /** Whether it sets memory aside for what it maps, and not for what has `noReserve`. */
  readonly reserves: boolean;

  /** Whether one call unmaps several neighbouring mappings, or a part of one. */
  readonly unmapsNeighbours: boolean;

  /** Gives the memory of whole pages back, with which nothing may be done then. */
  decommit(address: bigint, byteLength: bigint): Failure | undefined;

  /** How much may stay vacated and mapped at a time, in bytes. */
  readonly maxHeldByteLength: number;

  /** Huge pages, where the system has them to ask for. */
  readonly huge: HugePages | undefined;

  /**
   * Tells whether the process itself grows into a range, as its main thread's stack
   * does. Only systems where something grows have it.
   */
  readonly growsInto: ((address: bigint, byteLength: bigint) => boolean) | undefined;

  /** What is left of its limits, where it has any. */
  readonly room: Room | undefined;

  /** Moving memory, where the system can. */
  readonly remap: Remap | undefined;

  /** Names memory, where the system can show names. */
  readonly name: ((address: bigint, byteLength: bigint, label: string) => void) | undefined;

  /** Files, and memory of them. */
  readonly files: Files;

  /** Memory that processes share by its name. */
  readonly named: NamedMemory;

  /** Memory that is mapped twice in a row: what is stored to one half is in the other one too. */
  readonly mirrors: Mapper<MirrorRequest>;

  /** What is mapped, by whomever. */
  readonly regions: Regions;

  /** Copying that cannot fault. */
  readonly copying: Copying;

  /**
   * Opens, once, what guards mapped files from being truncated by others:
   * `undefined` where the system refuses it. Only systems that need it have it.
   */
  guard: (() => TruncationGuard | undefined) | undefined;

  /** The entry of a guarded mapping that another thread has added, by its address. */
  guardAt: ((address: bigint) => GuardEntry) | undefined;

  /** What it does for memory that is mapped already: advice, locks, what is in RAM. */
  readonly residency: Residency;

  /**
   * Tells what so many more threads of a need would find too little of. Only systems
   * that limit it for a process have it.
   */
  readonly threadShortage:
    | ((needs: ThreadNeeds, threads: number) => Shortage | undefined)
    | undefined;

  /** Waiting until a word changes, and waking those that do. */
  readonly waiting: Waiting;
}
