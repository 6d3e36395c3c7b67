/**
 * Memory that several handles have in common, in any threads of the process.
 *
 * A slot of the process table holds all that a handle has to know of the memory,
 * and two counts. The memory goes back when nobody uses it any more; its range
 * when nobody holds it any more: a handle that is closed, but was viewed, still
 * does, because a call of the runtime may be at it, until its own thread's
 * collector finds that nothing reaches a buffer. A ticket that nobody has taken
 * counts as a handle in both, so that what it leads to is there, and stays as it
 * is: as long as one is open, no handle is the only one.
 *
 * @module
 */
import { currentRuntime, host } from "../../ffi/host.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import type { MappingPlan } from "../lifetime/mapping_plan.ts";
import type { ProcessTable } from "../lifetime/process_table.ts";
import { MAPPING, type Slot } from "../lifetime/slots.ts";
import { systemError } from "../checks/errors.ts";
import type { Backing, Share } from "../lifetime/allocation.ts";
import { unmapStray } from "../lifetime/release.ts";
import { ACCESSES, type PageSnapshot, type Source } from "../lifetime/mapping_info.ts";
import type { PageState } from "../pages/page_state.ts";
import { checkFewFrames } from "../checks/call_stack.ts";
import { detach } from "../checks/buffers.ts";

// What a slot of a mapping holds: numbers of 32 bits, which change, …
const USERS = 1;
const HOLDERS = 2;
const FLAGS = 3;
// … and numbers of 64 bits, which stay while there is a user.
const ADDRESS = 2;
const EXACT_BYTE_LENGTH = 3;
const BYTE_LENGTH = 4;
const SKIP = 5;
const MARGIN = 6;
const BELOW = 7;
const MEMORY = 8;
const ABOVE = 9;
/** How long a huge page is; of named memory, which has none, the hash of its name. */
const HUGE_PAGE_OR_NAME = 10;
/** The file, plus 1; 0 where there is none. */
const FILE = 11;
const FILE_OFFSET = 12;
/** The address of the entry that guards the memory from truncation; 0 where there is none. */
const GUARD = 13;
/** Where the runs of equal access are, and how many; 0 where all pages are alike. */
const RUNS = 14;
const RUN_COUNT = 15;
/** A place that a number has in FLAGS is that of its least bit. */
const SOURCE = 0;
const ACCESS = 2;
const IS_RESERVED = 1 << 5;
const NO_RESERVE = 1 << 6;
const IS_GUARDED = 1 << 7;
const HAS_FILE = 1 << 8;
const HAS_PLACING = 1 << 9;
const IS_PINNED = 1 << 10;
const IS_NAMED = 1 << 11;

const SOURCES: readonly Source[] = ["memory", "mirror", "private file", "shared file"];
const PASTS: readonly PageSnapshot["past"][] = ["memory", "reserved", "decommitted"];

/** The part that one handle has in memory that is shared. */
export class SharedMapping implements Share {
  readonly #table: ProcessTable;
  readonly #record: Slot;
  /** The handle's own: what it does not use any more is taken out of it. */
  readonly #backing: Backing | undefined;
  hasLeft: boolean = false;

  constructor(table: ProcessTable, record: Slot, backing: Backing | undefined) {
    this.#table = table;
    this.#record = record;
    this.#backing = backing;
  }

  /** Shares what has one handle. */
  static of(
    table: ProcessTable,
    pages: PageState,
  ): SharedMapping {
    const { allocation: { address, byteLength, backing, layout }, info: mapped } = pages;
    const [first, ...others] = pages.snapshot();
    const areAlike = others.length === 0 && first!.past !== "decommitted";
    const runs = areAlike ? undefined : storeRuns([first!, ...others]);
    let record: Slot;
    try {
      record = table.take();
    } catch (error) {
      if (runs !== undefined) unmapStray(host().os, runs, 8n * BigInt(others.length + 1));
      throw error;
    }
    record.store(USERS, 1);
    record.store(HOLDERS, 1);
    const is = (bit: number, isSet: boolean | undefined) => isSet ? bit : 0;
    record.store(
      FLAGS,
      SOURCES.indexOf(mapped.source) << SOURCE |
        ACCESSES.indexOf(first!.access) << ACCESS |
        is(IS_RESERVED, first!.past === "reserved") |
        is(NO_RESERVE, mapped.noReserve) |
        is(IS_GUARDED, mapped.isGuarded) |
        is(HAS_FILE, backing !== undefined) |
        is(IS_NAMED, backing?.name !== undefined) |
        is(HAS_PLACING, layout !== undefined),
    );
    const values: readonly (readonly [place: number, value: number | bigint | undefined])[] = [
      [ADDRESS, address],
      [EXACT_BYTE_LENGTH, byteLength],
      [BYTE_LENGTH, mapped.byteLength],
      [SKIP, mapped.pageOffset],
      [MARGIN, mapped.guardByteLength],
      [BELOW, layout?.below],
      [MEMORY, layout?.byteLength],
      [ABOVE, layout?.above],
      [HUGE_PAGE_OR_NAME, backing?.name ?? layout?.hugePage],
      [FILE, backing?.file === undefined ? 0 : backing.file + 1],
      [FILE_OFFSET, backing?.offset],
      [GUARD, backing?.guard?.address],
      [RUNS, runs],
      [RUN_COUNT, runs === undefined ? 0 : others.length + 1],
    ];
    for (const { 0: place, 1: value = 0 } of values) record.set(place, BigInt(value));
    record.publish(MAPPING);
    return new SharedMapping(table, record, backing);
  }

  /** Counts one more who uses the memory, and returns the number of the slot that tells of it. */
  join(): number {
    this.#record.add(USERS, 1);
    this.#record.add(HOLDERS, 1);
    return this.#record.number;
  }

  /** What its pages are, where they are not all alike. */
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
    // Each is made greater only by a user, and of these there is only this one.
    if (this.#record.load(USERS) !== 1 || this.#record.load(HOLDERS) !== 1) return false;
    checkFewFrames(); // all of it, or nothing: here and below
    this.#takeOver();
    this.#forget();
    return true;
  }

  leave(): boolean {
    checkFewFrames();
    this.hasLeft = true;
    const isLast = this.#record.add(USERS, -1) === 1;
    if (isLast) this.#takeOver();
    else if (this.#backing !== undefined) {
      // Others use the file, and the guard.
      this.#backing.file = undefined;
      this.#backing.guard = undefined;
    }
    return isLast;
  }

  drop(): boolean {
    checkFewFrames();
    const guard = this.#backing?.guard;
    if (guard !== undefined) this.#record.set(GUARD, guard.address);
    if (this.#record.add(HOLDERS, -1) !== 1) return false;
    this.#takeOver();
    this.#forget();
    return true;
  }

  /** Makes the file and the guard those of this handle alone. */
  #takeOver(): void {
    const backing = this.#backing;
    if (backing === undefined) return;
    const file = Number(this.#record.get(FILE)) - 1;
    if (file >= 0) backing.file = file;
    backing.guard ??= this.guard;
    this.#record.set(FILE, 0n);
    this.#record.set(GUARD, 0n);
  }

  /** Frees the slot, which nobody knows any more. */
  #forget(): void {
    const { os } = host();
    const runs = this.#record.get(RUNS);
    this.#record.set(RUNS, 0n);
    if (runs !== 0n) unmapStray(os, runs, 8n * this.#record.get(RUN_COUNT));
    this.#record.free();
    this.#table.note(this.#record);
  }
}

/** What becomes one more handle. */
export interface SharedPlan extends MappingPlan {
  readonly share: SharedMapping;
}

/**
 * Reads what a slot tells. `claim` is called where it is mapped, and throws if
 * what was read is not to be believed; no call comes after it.
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
  };
  const hugePage = isNamed ? 0 : number(HUGE_PAGE_OR_NAME);
  const layout = (flags & HAS_PLACING) === 0 ? undefined : {
    below: record.get(BELOW),
    byteLength: record.get(MEMORY),
    above: record.get(ABOVE),
    hugePage: hugePage === 0 ? undefined : hugePage,
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
    source: SOURCES[flags >> SOURCE & 3]!,
    guardByteLength: number(MARGIN),
    pageOffset: number(SKIP),
    isGuarded: (flags & IS_GUARDED) !== 0,
    noReserve: (flags & NO_RESERVE) !== 0,
    isReserved: (flags & IS_RESERVED) !== 0,
    backing,
    layout,
    share: new SharedMapping(table, record, backing),
  };
}

/** Writes runs to memory of their own; returns its address. */
function storeRuns(runs: readonly PageSnapshot[]): bigint {
  const { os } = host();
  const byteLength = 8 * runs.length;
  const address = os.map({
    kind: "memory",
    byteLength: BigInt(byteLength),
    hint: 0n,
    strict: false,
    protection: "read-write",
    populate: false,
    noReserve: false,
    stack: false,
  });
  if (typeof address !== "bigint") {
    throw systemError(`to map ${byteLength} bytes for what can be done with the pages`, address);
  }
  try {
    withRuns(address, runs.length, (words) => {
      runs.forEach(({ end, access, past }, index) => {
        const kinds = ACCESSES.indexOf(access) | PASTS.indexOf(past) << 3;
        words[index] = BigInt(end) | BigInt(kinds) << 56n;
      });
    });
  } catch (error) {
    unmapStray(os, address, BigInt(byteLength));
    throw error;
  }
  return address;
}

function loadRuns(address: bigint, count: number): PageSnapshot[] {
  let start = 0;
  return withRuns(address, count, (words) =>
    Array.from(words, (word) => {
      const end = Number(word & (1n << 56n) - 1n);
      const kinds = Number(word >> 56n);
      const run = { start, end, access: ACCESSES[kinds & 7]!, past: PASTS[kinds >> 3]! };
      start = end;
      return run;
    }));
}

function withRuns<T>(address: bigint, count: number, use: (words: BigUint64Array) => T): T {
  const words = new BigUint64Array(currentRuntime().view(address, 8 * count));
  try {
    return use(words);
  } finally {
    detach(words.buffer as ArrayBuffer);
  }
}
