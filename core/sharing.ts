/**
 * Memory that several handles have in common, in any threads of the process, and
 * the tickets by which it is handed from one to another.
 *
 * A slot of the common table holds all that a handle has to know of the memory,
 * and two counts. The memory goes back when nobody uses it any more; its range
 * when nobody holds it any more: a handle that is closed, but was viewed, still
 * does, because a call of the runtime may be at it, until its own thread's
 * collector finds that nothing reaches a buffer. A ticket that nobody has taken
 * counts as a handle in both, so that what it leads to is there, and stays as it
 * is: as long as one is open, no handle is the only one.
 *
 * @module
 */
import { currentRuntime, host } from "../ffi/host.ts";
import type { GuardEntry } from "../ffi/os/truncation_guard.ts";
import type { Adoptee } from "./adoptee.ts";
import {
  type CommonTable,
  commonTable,
  kindOf,
  MAPPING,
  type Slot,
  TICKET,
} from "./common_table.ts";
import { MmapError, refused } from "./errors.ts";
import { type Allocation, type Backing, release, type Share, unmapStray } from "./lifetime.ts";
import type { Access, Mapped, PageFacts, Pages, Source } from "./paging.ts";
import { checkFewFrames, checkStack } from "./stack.ts";
import { describe } from "./validate.ts";
import { detach } from "./views.ts";

/**
 * What hands memory to another thread: {@linkcode Mmap.share} makes it,
 * `postMessage()` takes it there, and {@linkcode Mmap.fromTicket} makes it a handle.
 * A plain object, frozen, good for one handle.
 */
export interface MmapTicket {
  /** Which one it is of those of this process. */
  readonly slot: number;
  /** What tells it from all others that there ever were: 128 random bits, as 32 hexadecimal digits. */
  readonly key: string;
}

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

// What a slot of a ticket holds.
const KEY = 2;
const OF = 4;

const SOURCES: readonly Source[] = ["memory", "mirror", "private file", "shared file"];
const ACCESSES: readonly Access[] = [
  "none",
  "read",
  "read-write",
  "copy-on-write",
  "read-execute",
];
const PASTS: readonly PageFacts["past"][] = ["memory", "reserved", "decommitted"];

/** What tells a ticket from all others: 128 random bits. */
export type TicketKey = readonly [high: bigint, low: bigint];

/**
 * Makes a key. To be called before the mapping is looked at: what takes the place of
 * the engine's function could unmap it.
 */
export function newKey(): TicketKey {
  const { crypto } = globalThis as unknown as Crypto;
  const [high, low] = crypto.getRandomValues(new BigUint64Array(2)) as unknown as TicketKey;
  return [high, low];
}

/** Makes a ticket for a mapping, whose buffers are its own, and shares it where it is not yet. */
export function share(
  allocation: Allocation,
  mapped: Mapped,
  pages: Pages,
  key: TicketKey,
): MmapTicket {
  if (allocation.share === undefined) checkStack();
  checkFewFrames();
  const table = commonTable();
  const slot = table.take();
  try {
    allocation.share ??= SharedMapping.of(table, allocation, mapped, pages);
    return (allocation.share as SharedMapping).issue(slot, key);
  } catch (error) {
    slot.free();
    table.note(slot);
    throw error;
  }
}

/** What becomes a handle by a ticket, which is used up by mapping it. */
export interface Redeemed extends Adoptee {
  readonly share: SharedMapping;
}

/** Finds what a ticket is for. */
export function redeem(ticket: unknown): Redeemed {
  const table = commonTable();
  const { slot, state, record } = findTicket(table, ticket);
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
  const placing = (flags & HAS_PLACING) === 0 ? undefined : {
    below: record.get(BELOW),
    byteLength: record.get(MEMORY),
    above: record.get(ABOVE),
    hugePage: hugePage === 0 ? undefined : hugePage,
  };
  const redeemed = {
    // Believed from the moment on that the slot is found to be still this ticket:
    // until then it has kept the record as it is. No call comes after that.
    map() {
      if (!slot.free(state)) throw invalid();
      if (backing !== undefined && file >= 0) backing.file = file;
      return address;
    },
    byteLength: number(BYTE_LENGTH),
    exactByteLength: record.get(EXACT_BYTE_LENGTH),
    access: ACCESSES[flags >> ACCESS & 7]!,
    source: SOURCES[flags >> SOURCE & 3]!,
    margin: number(MARGIN),
    skip: number(SKIP),
    isGuarded: (flags & IS_GUARDED) !== 0,
    noReserve: (flags & NO_RESERVE) !== 0,
    isReserved: (flags & IS_RESERVED) !== 0,
    backing,
    placing,
    share: new SharedMapping(table, record, backing),
  };
  checkFewFrames();
  return redeemed;
}

/** Uses up a ticket as if it had become a handle that was closed. */
export function releaseTicket(ticket: unknown): void {
  checkStack(); // of what is used up, all is released
  const { map, exactByteLength, source, backing, placing, share } = redeem(ticket);
  release([{
    address: map(),
    byteLength: exactByteLength,
    isTransferred: false,
    isMirrored: source === "mirror",
    backing,
    placing,
    share,
  }]);
}

/** Finds the slot of a ticket, and of what it is for. */
function findTicket(
  table: CommonTable,
  ticket: unknown,
): { readonly slot: Slot; readonly state: number; readonly record: Slot } {
  if (typeof ticket !== "object" || ticket === null) {
    throw new TypeError(`The ticket must be what share() made, got ${describe(ticket)}`);
  }
  const { slot: number, key } = ticket as Partial<MmapTicket>; // read once
  if (typeof number !== "number" || typeof key !== "string") {
    throw new TypeError(
      "The ticket must be what share() made: an object with a number slot and a string key",
    );
  }
  const slot = table.slot(number);
  if (slot === undefined || !isKey(key)) throw invalid();
  const { state } = slot;
  const isIt = kindOf(state) === TICKET &&
    slot.get(KEY) === BigInt(`0x${key.slice(0, 16)}`) &&
    slot.get(KEY + 1) === BigInt(`0x${key.slice(16)}`);
  const record = isIt ? table.slot(Number(slot.get(OF))) : undefined;
  if (record === undefined) throw invalid();
  return { slot, state, record };
}

/** No regular expression: V8 words an exhausted stack as a syntax error of it. */
function isKey(key: string): boolean {
  if (key.length !== 32) return false;
  for (let index = 0; index < 32; index++) {
    if (!"0123456789abcdef".includes(key[index]!)) return false;
  }
  return true;
}

function invalid(): MmapError {
  return new MmapError(
    "The ticket is not valid: it was taken or released before, or is not of this process; " +
      "each is good for one handle, so call share() for every handle",
    { code: "EBADF" },
  );
}

/** The part that one handle has in memory that is shared. */
export class SharedMapping implements Share {
  readonly #table: CommonTable;
  readonly #record: Slot;
  /** The handle's own: what it does not use any more is taken out of it. */
  readonly #backing: Backing | undefined;
  hasLeft: boolean = false;

  constructor(table: CommonTable, record: Slot, backing: Backing | undefined) {
    this.#table = table;
    this.#record = record;
    this.#backing = backing;
  }

  /** Shares what has one handle. */
  static of(
    table: CommonTable,
    { address, byteLength, backing, placing }: Allocation,
    mapped: Mapped,
    pages: Pages,
  ): SharedMapping {
    const [first, ...others] = pages.facts;
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
        is(HAS_PLACING, placing !== undefined),
    );
    const values: readonly (readonly [place: number, value: number | bigint | undefined])[] = [
      [ADDRESS, address],
      [EXACT_BYTE_LENGTH, byteLength],
      [BYTE_LENGTH, mapped.byteLength],
      [SKIP, mapped.skip],
      [MARGIN, mapped.margin],
      [BELOW, placing?.below],
      [MEMORY, placing?.byteLength],
      [ABOVE, placing?.above],
      [HUGE_PAGE_OR_NAME, backing?.name ?? placing?.hugePage],
      [FILE, backing?.file === undefined ? 0 : backing.file + 1],
      [FILE_OFFSET, backing?.offset],
      [GUARD, backing?.guard?.address],
      [RUNS, runs],
      [RUN_COUNT, runs === undefined ? 0 : others.length + 1],
    ];
    for (const [place, value = 0] of values) record.set(place, BigInt(value));
    record.publish(MAPPING);
    return new SharedMapping(table, record, backing);
  }

  /** Makes a slot, which is claimed, a ticket. */
  issue(slot: Slot, [high, low]: TicketKey): MmapTicket {
    const digits = (value: bigint) => value.toString(16).padStart(16, "0");
    const ticket = Object.freeze({ slot: slot.number, key: digits(high) + digits(low) });
    slot.set(KEY, high);
    slot.set(KEY + 1, low);
    slot.set(OF, BigInt(this.#record.number));
    this.#record.add(USERS, 1);
    this.#record.add(HOLDERS, 1);
    slot.publish(TICKET);
    return ticket;
  }

  /** What its pages are, where they are not all alike. */
  get facts(): readonly PageFacts[] {
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

/** What is used of the Web Cryptography API. */
interface Crypto {
  readonly crypto: { getRandomValues(target: BigUint64Array): BigUint64Array };
}

/** Writes runs to memory of their own; returns its address. */
function storeRuns(runs: readonly PageFacts[]): bigint {
  const { os } = host();
  const byteLength = 8 * runs.length;
  const address = os.map({
    byteLength: BigInt(byteLength),
    hint: 0n,
    strict: false,
    protection: "read-write",
    populate: false,
    noReserve: false,
  });
  if (typeof address !== "bigint") {
    throw refused(`to map ${byteLength} bytes for what can be done with the pages`, address);
  }
  withRuns(address, runs.length, (words) => {
    runs.forEach(({ end, access, past }, index) => {
      const kinds = ACCESSES.indexOf(access) | PASTS.indexOf(past) << 3;
      words[index] = BigInt(end) | BigInt(kinds) << 56n;
    });
  });
  return address;
}

function loadRuns(address: bigint, count: number): PageFacts[] {
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
