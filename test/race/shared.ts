/**
 * The common knowledge of threads that race, about the memory that they race for: a model
 * of it, and a box of the tickets that they hand to each other.
 *
 * @module
 */
import type { MmapTicket } from "../../mod.ts";
import { loadTicket, storeTicket, TICKET_WORDS } from "../support/ticket_words.ts";

/** The data that goes to another thread. */
export interface Shared {
  readonly threads: number;
  readonly memories: number;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
}

/** The most pages of a memory. */
export const MAX_PAGES = 40;
/** The room for letters. */
const LETTERS = 32;
/** The words of a letter: whether there is one, its memory, and the ticket. */
const LETTER_WORDS = 2 + TICKET_WORDS;

// The words of the whole.
const STOP = 0;
const CALLS = 1;
const PLACES = 2;
const REFUSED = 3;
const DOUBLED = 4;
const OUTCOMES = 8;
const MAX_OUTCOMES = 64;
const HEAD = OUTCOMES + MAX_OUTCOMES;

// The words of a memory.
const STATE = 0;
/** Handles and tickets: counted before there is one, and after there is none any more. */
const MOST = 1;
/** The same, counted after there is one, and before there is none any more. */
const LEAST = 2;
const WAS_VIEWED = 3;
const KIND = 4;
const BYTE_LENGTH = 5;
const ROUND = 6;
const ACCESS = 8;
const WORDS = ACCESS + MAX_PAGES;

const FREE = 0;
const MADE = 2;

/** The kinds of calls that are counted. */
export const CALL_NAMES = [
  "create",
  "take",
  "send",
  "release",
  "copy",
  "unmap",
  "drop",
  "store",
  "load",
  "protect",
  "commit",
  "decommit",
  "discard",
  "resize",
  "advise",
  "lock",
  "unlock",
  "resident",
  "wait",
  "waitAsync",
  "notify",
  "prefault",
  "flush",
  "badTicket",
  "check",
  "closed",
  "regions",
  "raw",
] as const;

/** The name of a kind of call. */
export type CallName = typeof CALL_NAMES[number];

/** The memory that a number is of. */
export class Memory {
  readonly index: number;
  readonly #common: Common;
  readonly #at: number;

  constructor(common: Common, index: number) {
    this.index = index;
    this.#common = common;
    this.#at = common.memoryAt(index);
  }

  /** Claims the number, where it is nobody's. */
  claim(): boolean {
    const { int32 } = this.#common.data;
    if (Atomics.compareExchange(int32, this.#at + STATE, FREE, 1) !== FREE) return false;
    Atomics.add(int32, this.#at + ROUND, 1);
    return true;
  }

  /** The number of times that it was claimed. */
  get round(): number {
    return this.#load(ROUND);
  }

  /** Tells the others of what was made, with one handle. */
  publish(kind: number, address: bigint, byteLength: number, access: readonly number[]): void {
    this.store(WAS_VIEWED, 0);
    this.store(KIND, kind);
    this.byteLength = byteLength;
    this.address = address;
    access.forEach((one, page) => this.store(ACCESS + page, one));
    for (let thread = 0; thread < this.#common.data.threads; thread++) {
      for (let page = 0; page < MAX_PAGES; page++) this.noteWord(thread, page, 0);
    }
    this.store(MOST, 1);
    this.store(LEAST, 1);
    this.store(STATE, MADE);
  }

  /** Gives the number back, where nothing could be made. */
  giveUp(): void {
    this.store(STATE, FREE);
  }

  get kind(): number {
    return this.#load(KIND);
  }

  get byteLength(): number {
    return this.#load(BYTE_LENGTH);
  }

  set byteLength(byteLength: number) {
    this.store(BYTE_LENGTH, byteLength);
  }

  get address(): bigint {
    return Atomics.load(this.#common.data.int64, this.index);
  }

  set address(address: bigint) {
    Atomics.store(this.#common.data.int64, this.index, address);
  }

  access(page: number): number {
    return this.#load(ACCESS + page);
  }

  setAccess(page: number, access: number): void {
    this.store(ACCESS + page, access);
  }

  get wasViewed(): boolean {
    return this.#load(WAS_VIEWED) !== 0;
  }

  noteViewed(): void {
    this.store(WAS_VIEWED, 1);
  }

  /** Before one more handle or ticket is there. */
  begin(): void {
    Atomics.add(this.#common.data.int32, this.#at + MOST, 1);
  }

  /** When it is there. */
  begun(): void {
    Atomics.add(this.#common.data.int32, this.#at + LEAST, 1);
  }

  /** Before one ends. */
  end(): void {
    Atomics.sub(this.#common.data.int32, this.#at + LEAST, 1);
  }

  /** When it has ended; the last one frees the number. */
  ended(): void {
    if (Atomics.sub(this.#common.data.int32, this.#at + MOST, 1) === 1) this.store(STATE, FREE);
  }

  /** The least and the greatest number of handles and tickets. */
  get counts(): readonly [least: number, most: number] {
    return [this.#load(LEAST), this.#load(MOST)];
  }

  /** The word of a thread in a page: what it is, and what it is to become. */
  wordsOf(thread: number, page: number): readonly [number, number] {
    const at = this.#common.wordAt(this.index, thread, page);
    const { int32 } = this.#common.data;
    return [Atomics.load(int32, at), Atomics.load(int32, at + 1)];
  }

  /** Notes what a word is to become: a thread can be terminated before it is. */
  noteIntent(thread: number, page: number, value: number): void {
    Atomics.store(
      this.#common.data.int32,
      this.#common.wordAt(this.index, thread, page) + 1,
      value,
    );
  }

  noteWord(thread: number, page: number, value: number): void {
    const at = this.#common.wordAt(this.index, thread, page);
    Atomics.store(this.#common.data.int32, at, value);
    Atomics.store(this.#common.data.int32, at + 1, value);
  }

  store(place: number, value: number): void {
    Atomics.store(this.#common.data.int32, this.#at + place, value);
  }

  #load(place: number): number {
    return Atomics.load(this.#common.data.int32, this.#at + place);
  }
}

/** All that is known in common. */
export class Common {
  readonly data: Shared;

  constructor(data: Shared) {
    this.data = data;
  }

  memoryAt(index: number): number {
    return HEAD + LETTERS * LETTER_WORDS + index * WORDS;
  }

  wordAt(index: number, thread: number, page: number): number {
    const { threads, memories } = this.data;
    return this.memoryAt(memories) + 2 * ((index * threads + thread) * MAX_PAGES + page);
  }

  /** A memory whose number is nobody's, if there is one; claims it. */
  claim(from: number): Memory | undefined {
    const { memories } = this.data;
    for (let step = 0; step < memories; step++) {
      const memory = new Memory(this, (from + step) % memories);
      if (memory.claim()) return memory;
    }
    return undefined;
  }

  get isStopped(): boolean {
    return Atomics.load(this.data.int32, STOP) !== 0;
  }

  stop(): void {
    Atomics.store(this.data.int32, STOP, 1);
  }

  get calls(): number {
    return Atomics.load(this.data.int32, CALLS);
  }

  /** The number of a place in the address space that nobody has had. */
  nextPlace(): number {
    return Atomics.add(this.data.int32, PLACES, 1);
  }

  /** The number of places that were had. */
  get places(): number {
    return Atomics.load(this.data.int32, PLACES);
  }

  get refused(): number {
    return Atomics.load(this.data.int32, REFUSED);
  }

  noteRefused(): void {
    Atomics.add(this.data.int32, REFUSED, 1);
  }

  get doubled(): number {
    return Atomics.load(this.data.int32, DOUBLED);
  }

  noteDoubled(): void {
    Atomics.add(this.data.int32, DOUBLED, 1);
  }

  /** Counts a call. */
  count(name: CallName, isDone: boolean): void {
    const { int32 } = this.data;
    Atomics.add(int32, CALLS, 1);
    Atomics.add(int32, OUTCOMES + 2 * CALL_NAMES.indexOf(name) + (isDone ? 0 : 1), 1);
  }

  /** The number of times that each kind of call was done, and refused. */
  outcomes(): Record<string, readonly [number, number]> {
    const { int32 } = this.data;
    return Object.fromEntries(
      CALL_NAMES.map((name, index) => [
        name,
        [int32[OUTCOMES + 2 * index]!, int32[OUTCOMES + 2 * index + 1]!],
      ]),
    );
  }

  /** Puts a ticket where other threads look; tells whether there was room. */
  send(memory: number, ticket: MmapTicket, from: number): boolean {
    const { int32 } = this.data;
    for (let step = 0; step < LETTERS; step++) {
      const at = HEAD + (from + step) % LETTERS * LETTER_WORDS;
      if (Atomics.compareExchange(int32, at, 0, 1) !== 0) continue;
      int32[at + 1] = memory;
      storeTicket(int32, at + 2, ticket);
      Atomics.store(int32, at, 2);
      return true;
    }
    return false;
  }

  /** Takes a ticket out. */
  receive(from: number): { readonly memory: Memory; readonly ticket: MmapTicket } | undefined {
    const { int32 } = this.data;
    for (let step = 0; step < LETTERS; step++) {
      const at = HEAD + (from + step) % LETTERS * LETTER_WORDS;
      if (Atomics.compareExchange(int32, at, 2, 3) !== 2) continue;
      const memory = new Memory(this, int32[at + 1]!);
      const ticket = loadTicket(int32, at + 2);
      Atomics.store(int32, at, 0);
      return { memory, ticket };
    }
    return undefined;
  }
}

/** Makes what is known in common, or finds it. */
export function shared(threads: number, memories: number): Common;
export function shared(data: Shared): Common;
export function shared(given: number | Shared, memories = 0): Common {
  if (typeof given !== "number") return new Common(given);
  const words = HEAD + LETTERS * LETTER_WORDS + memories * WORDS +
    2 * memories * given * MAX_PAGES;
  return new Common({
    threads: given,
    memories,
    int32: new Int32Array(new SharedArrayBuffer(4 * words)),
    int64: new BigInt64Array(new SharedArrayBuffer(8 * memories)),
  });
}
