/**
 * Memory that several handles share, in any threads of the process.
 *
 * A slot of the process table describes the memory and counts its users and its holders. The last
 * user frees the memory, and the last holder unmaps the range. Open handles and unused tickets are
 * both. A closed handle whose memory was viewed stays a holder until the collector of its thread
 * finds that nothing reaches a buffer, because a pending call of the runtime may use one.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import type { Slot } from "../../ffi/slots.ts";
import { checkFewFrames } from "../checks/call_stack.ts";
import type { Backing, Share } from "../lifetime/allocation.ts";
import { ACCESSES, type PageSnapshot, type Source } from "../lifetime/mapping_info.ts";
import type { MappingPlan } from "../lifetime/mapping_plan.ts";
import { MAPPING, type ProcessTable } from "../lifetime/process_table.ts";
import type { PageState } from "../pages/page_state.ts";
import { freeRuns, loadRuns, storeRuns } from "./runs.ts";

// Places of the 32-bit numbers in a slot. They can change at any time.
const FLAGS = 1;
const USERS = 2;
const HOLDERS = 3;
/** The place of both counts, as one number of 64 bits: a step that changes both cannot end midway. */
const COUNTS = 1;
const ONE_USER = 1n;
const ONE_HOLDER = 1n << 32n;
// Places of the other 64-bit numbers. They do not change while there is a user, except that memory
// with a capacity can become longer.
const ADDRESS = 2;
const EXACT_BYTE_LENGTH = 3;
const BYTE_LENGTH = 4;
const PAGE_OFFSET = 5;
const GUARD_BYTE_LENGTH = 6;
const LAYOUT_BELOW = 7;
const LAYOUT_BYTE_LENGTH = 8;
const LAYOUT_ABOVE = 9;
/** The length of a huge page. For named memory, which has no huge pages: the hash of the name. */
const HUGE_PAGE_OR_NAME = 10;
/** The file descriptor, plus 1; 0 for none. */
const FILE = 11;
const FILE_OFFSET = 12;
/** The address of the entry that guards the memory from truncation; 0 for none. */
const GUARD = 13;
/** The address and the number of the runs of equal access; 0 if all pages are alike. */
const RUNS = 14;
const RUN_COUNT = 15;
// The flags. SOURCE and ACCESS are the lowest bits of a number.
const SOURCE = 0;
const ACCESS = 3;
const IS_RESERVED = 1 << 6;
const NO_RESERVE = 1 << 7;
const IS_GUARDED = 1 << 8;
const HAS_FILE = 1 << 9;
const HAS_LAYOUT = 1 << 10;
const IS_PINNED = 1 << 11;
const IS_NAMED = 1 << 12;
const IS_GROWABLE = 1 << 13;
const IS_ALLOCATED = 1 << 14;

const SOURCES: readonly Source[] = [
  "memory",
  "mirror",
  "private file",
  "shared file",
  "read-only file",
];

/** One handle's part in shared memory. */
export class SharedMapping implements Share {
  readonly #table: ProcessTable;
  readonly #record: Slot;
  /** The resources that the handle still uses. */
  readonly #backing: Backing | undefined;
  hasLeft: boolean = false;
  /** The length when sharing ended. */
  #lastByteLength: number | undefined;

  constructor(table: ProcessTable, record: Slot, backing: Backing | undefined) {
    this.#table = table;
    this.#record = record;
    this.#backing = backing;
  }

  /** Shares memory that has one handle. */
  static of(table: ProcessTable, pages: PageState): SharedMapping {
    const { allocation: { address, byteLength, backing, layout }, info } = pages;
    const [first, ...others] = pages.snapshot();
    const areAlike = others.length === 0 && first!.past !== "decommitted";
    const runs = areAlike ? undefined : storeRuns([first!, ...others]);
    let record: Slot;
    try {
      record = table.take();
    } catch (error) {
      if (runs !== undefined) freeRuns(runs, others.length + 1);
      throw error;
    }
    record.store(USERS, 1);
    record.store(HOLDERS, 1);
    const is = (bit: number, isSet: boolean | undefined) => isSet ? bit : 0;
    record.store(
      FLAGS,
      SOURCES.indexOf(info.source) << SOURCE |
        ACCESSES.indexOf(first!.access) << ACCESS |
        is(IS_RESERVED, first!.past === "reserved") |
        is(NO_RESERVE, info.noReserve) |
        is(IS_GUARDED, info.isGuarded) |
        is(HAS_FILE, backing !== undefined) |
        is(IS_NAMED, backing?.name !== undefined) |
        is(HAS_LAYOUT, layout !== undefined) |
        is(IS_GROWABLE, layout?.isGrowable) |
        is(IS_ALLOCATED, backing?.isAllocated),
    );
    const values: readonly (readonly [place: number, value: number | bigint | undefined])[] = [
      [ADDRESS, address],
      [EXACT_BYTE_LENGTH, byteLength],
      [BYTE_LENGTH, info.byteLength],
      [PAGE_OFFSET, info.pageOffset],
      [GUARD_BYTE_LENGTH, info.guardByteLength],
      [LAYOUT_BELOW, layout?.below],
      [LAYOUT_BYTE_LENGTH, layout?.byteLength],
      [LAYOUT_ABOVE, layout?.above],
      [HUGE_PAGE_OR_NAME, backing?.name ?? layout?.hugePage],
      [FILE, backing?.file === undefined ? 0 : backing.file + 1],
      [FILE_OFFSET, backing?.offset],
      [GUARD, backing?.guard?.address],
      [RUNS, runs],
      [RUN_COUNT, runs === undefined ? 0 : others.length + 1],
    ];
    for (const { 0: place, 1: value = 0 } of values) record.set(place, BigInt(value));
    record.enter(MAPPING);
    return new SharedMapping(table, record, backing);
  }

  /** The number of the slot. */
  get number(): number {
    return this.#record.number;
  }

  /** Counts one more handle, in one step. */
  join(): void {
    for (;;) {
      const counts = this.#record.get(COUNTS);
      if (this.#record.replace(COUNTS, counts, counts + ONE_USER + ONE_HOLDER)) return;
    }
  }

  /** Takes from the counts in one step, unless that leaves 0 of one. Returns whether it did. */
  #take(ones: bigint): boolean {
    for (;;) {
      const counts = this.#record.get(COUNTS);
      if ((ones & ONE_USER) !== 0n && (counts & ONE_HOLDER - 1n) === 1n) return false;
      if ((ones & ONE_HOLDER) !== 0n && counts >> 32n === 1n) return false;
      if (this.#record.replace(COUNTS, counts, counts - ones)) return true;
    }
  }

  /** Takes a user, and perhaps a holder, from the counts, unless this handle is the last one. */
  #leaveToOthers(ones: bigint): boolean {
    if (!this.#take(ones)) return false;
    // Nothing is called from here on. Others use the file, and the guard.
    this.hasLeft = true;
    if (this.#backing !== undefined) {
      this.#backing.file = undefined;
      this.#backing.guard = undefined;
    }
    return true;
  }

  get byteLength(): number {
    return this.#lastByteLength ?? Number(this.#record.get(BYTE_LENGTH));
  }

  growTo(byteLength: number): void {
    const length = BigInt(byteLength);
    // Another thread may make it longer at the same time: the greater length stays.
    for (let now; (now = this.#record.get(BYTE_LENGTH)) < length;) {
      this.#record.replace(BYTE_LENGTH, now, length);
    }
  }

  /** The runs of pages with equal access and history; empty if all pages are alike. */
  get snapshot(): readonly PageSnapshot[] {
    const address = this.#record.get(RUNS);
    return address === 0n ? [] : loadRuns(address, Number(this.#record.get(RUN_COUNT)));
  }

  get guard(): GuardEntry | undefined {
    const address = this.#record.get(GUARD);
    return address === 0n ? undefined : host().os.guardAt?.(address);
  }

  get isPinned(): boolean {
    return (this.#record.load(FLAGS) & IS_PINNED) !== 0;
  }

  pin(): void {
    this.#record.or(FLAGS, IS_PINNED);
  }

  takeBack(): boolean {
    // Only a user can increase the counts, and this is the only user.
    if (this.#record.load(USERS) !== 1 || this.#record.load(HOLDERS) !== 1) return false;
    checkFewFrames(); // all of the steps or none, here and below
    this.#lastByteLength = this.byteLength;
    this.#takeOver();
    this.#forget();
    return true;
  }

  endAmongOthers(): boolean {
    return !this.hasLeft && this.#leaveToOthers(ONE_USER + ONE_HOLDER);
  }

  leave(): boolean {
    if (this.#leaveToOthers(ONE_USER)) return false;
    checkFewFrames();
    this.hasLeft = true;
    this.#record.add(USERS, -1);
    this.#takeOver();
    return true;
  }

  drop(): boolean {
    const guard = this.#backing?.guard;
    if (guard !== undefined) this.#record.set(GUARD, guard.address);
    if (this.#take(ONE_HOLDER)) return false;
    checkFewFrames();
    this.#record.add(HOLDERS, -1);
    this.#takeOver();
    this.#forget();
    return true;
  }

  /** Moves the file and the guard from the slot to this handle, the last one. */
  #takeOver(): void {
    const backing = this.#backing;
    if (backing === undefined) return;
    const file = Number(this.#record.get(FILE)) - 1;
    if (file >= 0) backing.file = file;
    backing.guard ??= this.guard;
    this.#record.set(FILE, 0n);
    this.#record.set(GUARD, 0n);
  }

  /** Frees the slot, which no other handle knows. */
  #forget(): void {
    const runs = this.#record.get(RUNS);
    this.#record.set(RUNS, 0n);
    if (runs !== 0n) freeRuns(runs, Number(this.#record.get(RUN_COUNT)));
    this.#record.free();
    this.#table.note(this.#record);
  }
}

/** The plan of one more handle. */
export interface SharedPlan extends MappingPlan {
  readonly share: SharedMapping;
  /** Whether all pages have the access and the history of the plan. */
  readonly isUniform: boolean;
}

/**
 * Reads a slot. `claim` is called as the last step of mapping, and throws if another thread has
 * used the ticket meanwhile.
 */
export function sharedPlan(
  table: ProcessTable,
  record: Slot,
  claim: () => void,
): SharedPlan {
  const flags = record.load(FLAGS);
  const number = (place: number) => Number(record.get(place));
  const file = number(FILE) - 1;
  const address = record.get(ADDRESS);
  const isNamed = (flags & IS_NAMED) !== 0;
  const backing: Backing | undefined = (flags & HAS_FILE) === 0 ? undefined : {
    file: undefined,
    name: isNamed ? record.get(HUGE_PAGE_OR_NAME) : undefined,
    guard: undefined,
    offset: number(FILE_OFFSET),
    isAllocated: (flags & IS_ALLOCATED) !== 0,
  };
  const hugePage = isNamed ? 0 : number(HUGE_PAGE_OR_NAME);
  const layout = (flags & HAS_LAYOUT) === 0 ? undefined : {
    below: record.get(LAYOUT_BELOW),
    byteLength: record.get(LAYOUT_BYTE_LENGTH),
    above: record.get(LAYOUT_ABOVE),
    hugePage: hugePage === 0 ? undefined : hugePage,
    isGrowable: (flags & IS_GROWABLE) !== 0,
  };
  return {
    map() {
      claim();
      if (backing !== undefined && file >= 0) backing.file = file;
      return address;
    },
    byteLength: number(BYTE_LENGTH),
    exactByteLength: record.get(EXACT_BYTE_LENGTH),
    access: ACCESSES[flags >> ACCESS & 7]!,
    source: SOURCES[flags >> SOURCE & 7]!,
    guardByteLength: number(GUARD_BYTE_LENGTH),
    pageOffset: number(PAGE_OFFSET),
    isGuarded: (flags & IS_GUARDED) !== 0,
    noReserve: (flags & NO_RESERVE) !== 0,
    isReserved: (flags & IS_RESERVED) !== 0,
    backing,
    layout,
    share: new SharedMapping(table, record, backing),
    isUniform: record.get(RUNS) === 0n,
    engine: undefined,
  };
}
