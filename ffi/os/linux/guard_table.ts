/**
 * The table of the mappings that the truncation guard on Linux guards. `truncation_guard.c`
 * declares the same layouts.
 *
 * @module
 */
import { atomics } from "../../atomics.ts";
import { roundUp } from "../../bigints.ts";
import { Block, BLOCK_BYTES, CLAIMED, phaseOf, Slot, SlotTable } from "../../slots.ts";
import type { Functions } from "../../symbols.ts";
import { type Failure, isFailure } from "../contract/memory.ts";
import type { AddressRange } from "../contract/regions.ts";
import type { GuardEntry, TruncationGuard } from "../contract/truncation_guard.ts";
import {
  MAP_FAILED,
  MAP_FIXED,
  MAP_PRIVATE,
  POSIX,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import { LINUX, MAP_ANONYMOUS, SIGBUS } from "./calls.ts";

// struct sigaction of glibc and musl, on both architectures: sa_sigaction,
// sa_mask (128 bytes), int sa_flags, sa_restorer, which is the library's own.
export const SIGACTION_BYTES = 152;
export const SA_MASK = 8;
export const SIGSET_BYTES = 128;
export const SA_FLAGS = 136;

// struct block: the fields that only the first block uses
export const PREVIOUS = 8;
export const RESERVE = 16;
export const FOUND = 64;
export const REPLACED: number = FOUND + SIGACTION_BYTES;
export const OWN: number = REPLACED + SIGACTION_BYTES;
const ENTRIES = 2056;

// struct entry: the indexes of its 64-bit and of its 32-bit fields
const ENTRY_BYTES = 40;
const START = 0;
const END = 1;
const STATE_OFFSET = 16;
const FAULTS = 5;
const SETTLED = 6;
const PIECES = 7;
const LAST = 4;

// The phases of an entry, in addition to those of a slot.
const LIVE = 2;
const VACATED = 3;

/**
 * The number of pairs of pages in a reserve. It must be less than the number of bytes in a page.
 */
const RESERVE_PAIRS = 16;

/** The parts of a C library that the table needs. */
export type TableLibrary = Pick<CLibrary, "native" | "open" | "failed" | "pageSize">;

/** Maps private memory. With an address, maps over the library's own range there. */
export function mapPages(
  { open, failed }: TableLibrary,
  byteLength: bigint,
  over: bigint = 0n,
): bigint | Failure {
  const { mmap } = open(POSIX, "mmap");
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | (over === 0n ? 0 : MAP_FIXED);
  const address = mmap(over, byteLength, PROT_READ | PROT_WRITE, flags, -1, 0n);
  return address === MAP_FAILED ? failed("mmap") : address;
}

/** Returns the handler of a `struct sigaction`. */
export function handlerOf(action: Uint8Array): bigint {
  return new DataView(action.buffer).getBigUint64(0, true);
}

/** The guard of the process, as one thread sees it. */
export class GuardTable implements TruncationGuard {
  readonly #library: TableLibrary;
  readonly #table: SlotTable<Failure>;
  readonly #sigaction: Functions<typeof LINUX>["sigaction"];
  /** The current action for `SIGBUS`. */
  readonly #action: Uint8Array = new Uint8Array(SIGACTION_BYTES);

  /** Uses the table whose first block is at `address`. */
  constructor(library: TableLibrary, address: bigint) {
    const { native, open } = library;
    const { munmap } = open(POSIX, "munmap");
    const layout = { first: ENTRIES, byteLength: ENTRY_BYTES, state: STATE_OFFSET };
    this.#library = library;
    this.#sigaction = open(LINUX, "sigaction").sigaction;
    this.#table = new SlotTable(layout, {
      map: () => mapPages(library, BigInt(BLOCK_BYTES)),
      unmap: (address) => void munmap(address, BigInt(BLOCK_BYTES)),
      view: (address, byteLength) => native.view(address, byteLength),
    }, address);
  }

  /** The first block, which holds the handler's own fields too. */
  get first(): Block {
    return this.#table.first;
  }

  get isInPlace(): boolean {
    return this.#sigaction(SIGBUS, 0n, this.#action) === 0 &&
      handlerOf(this.#action) === this.first.uint64[OWN / 8];
  }

  /**
   * Reserves mappings for the handler, which it uses when no more can be mapped: it unmaps a pair
   * of pages to make room for other mappings, or moves a page to the place of a lost one.
   * Neighbouring pages differ in access, so each page counts as a mapping.
   */
  fillReserve(): void {
    const { int32, uint64 } = this.first;
    const pageSize = BigInt(this.#library.pageSize);
    if ((int32[RESERVE / 4]! & Number(pageSize) - 1) !== 0) return; // some are left
    const { mprotect, munmap } = this.#library.open(POSIX, "mprotect", "munmap");
    const found = atomics.load(uint64, RESERVE / 8);
    const byteLength = BigInt(2 * RESERVE_PAIRS) * pageSize;
    const address = mapPages(this.#library, byteLength);
    if (typeof address !== "bigint") return;
    let end = address + byteLength;
    while (end > address && mprotect(end - pageSize, pageSize, PROT_NONE) === 0) {
      end -= 2n * pageSize;
    }
    const reserve = address + BigInt(RESERVE_PAIRS);
    // Another thread may have filled the reserve since `found` was read.
    if (end === address && atomics.compareExchange(uint64, RESERVE / 8, found, reserve) === found) {
      return;
    }
    munmap(address, byteLength);
  }

  add(address: bigint, byteLength: bigint): GuardEntry | undefined {
    this.fillReserve();
    const slot = this.#table.take();
    if (isFailure(slot)) return undefined;
    slot.set(START, address);
    slot.set(END, address + roundUp(byteLength, BigInt(this.#library.pageSize)));
    slot.store(FAULTS, 0);
    slot.store(SETTLED, 0);
    slot.store(PIECES, 0);
    slot.set(LAST, 0n);
    slot.enter(LIVE); // last: now the handler sees it
    return new Entry(slot, this.#table);
  }

  lossesIn(address: bigint, byteLength: bigint): readonly AddressRange[] {
    const losses = new Set<AddressRange>();
    this.#eachIn(address, byteLength, (slot, start, end) => {
      if (slot.load(FAULTS) !== 0) losses.add({ address: start, byteLength: end - start });
    });
    return [...losses];
  }

  endRanges(address: bigint, byteLength: bigint): void {
    this.#eachIn(address, byteLength, (slot, start, end) => {
      slot.replace(END, end, start); // an entry that was freed and used again has another end
    });
  }

  #eachIn(
    address: bigint,
    byteLength: bigint,
    take: (slot: Slot, start: bigint, end: bigint) => void,
  ): void {
    this.#table.eachFrom(LIVE, (slot) => {
      const start = slot.get(START);
      const end = slot.get(END);
      if (start < address + byteLength && end > address) take(slot, start, end);
    });
  }
}

/**
 * Returns the live entry at an address. When it is released, its slot is not noted in this thread's
 * table; other threads find the free slot.
 */
export function guardEntryAt({ native }: Pick<CLibrary, "native">, address: bigint): GuardEntry {
  const block = new Block(address, native.view(address, ENTRY_BYTES));
  return new Entry(new Slot(0, block, 0, STATE_OFFSET), undefined);
}

/** One use of an entry of the table. */
class Entry implements GuardEntry {
  readonly address: bigint;
  readonly #slot: Slot;
  /** The table in which to note that the slot is free. */
  readonly #table: SlotTable<Failure> | undefined;
  /** The phase before the entry was vacated or suspended. */
  #before = LIVE;
  /** The number of faults, once the entry is released. */
  #counted: number | undefined;

  constructor(slot: Slot, table: SlotTable<Failure> | undefined) {
    this.address = slot.address;
    this.#slot = slot;
    this.#table = table;
  }

  get faults(): number {
    return this.#counted ?? this.#slot.load(FAULTS) >>> 0;
  }

  get settledFaults(): number {
    return this.#slot.load(SETTLED) >>> 0;
  }

  get isEnded(): boolean {
    return this.#counted === undefined && this.#slot.get(START) === this.#slot.get(END);
  }

  endAt(address: bigint): void {
    if (this.#counted === undefined) this.#slot.set(END, address);
  }

  growTo(address: bigint): void {
    if (this.#counted !== undefined) return;
    // Another thread may move it at the same time: the higher end stays.
    for (let end; (end = this.#slot.get(END)) < address;) this.#slot.replace(END, end, address);
  }

  vacate(): void {
    this.#leaveFor(VACATED);
  }

  suspend(): void {
    this.#leaveFor(CLAIMED);
  }

  resume(): void {
    this.#enter(this.#before);
  }

  release(): void {
    if (this.#counted !== undefined) return;
    const { faults } = this;
    this.#slot.free();
    this.#counted = faults; // without a call: freed once, also if the stack is exhausted
    this.#table?.note(this.#slot);
  }

  #leaveFor(phase: number): void {
    const now = phaseOf(this.#slot.state);
    if (now !== CLAIMED) this.#before = now; // it may already be suspended
    this.#enter(phase);
  }

  #enter(phase: number): void {
    if (this.#counted === undefined) this.#slot.enter(phase);
  }
}
