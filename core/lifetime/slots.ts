/**
 * The blocks and slots that the process table consists of.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { anonymousRequest } from "./requests.ts";

/**
 * The length of a block in bytes. It holds the address of the next block, and slots. The first
 * block also holds counts.
 */
export const BLOCK_BYTES = 65_536;
const SLOT_BYTES = 128;
/** The first slot's place holds the data of the block. */
export const SLOTS_PER_BLOCK: number = BLOCK_BYTES / SLOT_BYTES - 1;

// Kinds of slots: the low two bits of the state. The other bits count the uses.
export const FREE = 0;
/** The slot is being filled or emptied. */
const CLAIMED = 1;
/** The slot describes a mapping that is shared. */
export const MAPPING = 2;
/** The slot is a ticket that nobody has taken. */
export const TICKET = 3;

/** The kind of a slot with this state. */
export function kindOf(state: number): number {
  return state & 3;
}

/** A slot of the table, which all threads see. */
export class Slot {
  /** The number by which every thread finds the slot. */
  readonly number: number;
  readonly #int32: Int32Array;
  readonly #uint64: BigUint64Array;

  constructor(number: number, buffer: ArrayBuffer) {
    const offset = SLOT_BYTES * (1 + number % SLOTS_PER_BLOCK);
    this.number = number;
    this.#int32 = new Int32Array(buffer, offset, SLOT_BYTES / 4);
    this.#uint64 = new BigUint64Array(buffer, offset, SLOT_BYTES / 8);
  }

  /** The kind and the count of uses. The count makes every state unique. */
  get state(): number {
    return atomics.load(this.#int32, 0);
  }

  /** Claims the slot if it is free. Returns whether it was. */
  claim(): boolean {
    const { state } = this;
    return kindOf(state) === FREE && this.#change(state, state + CLAIMED);
  }

  /** Publishes the content that was filled in. */
  publish(kind: typeof MAPPING | typeof TICKET): void {
    atomics.add(this.#int32, 0, kind - CLAIMED);
  }

  /** Frees the slot if its state is still `state`. Returns whether it was. */
  free(state: number = this.state): boolean {
    return this.#change(state, state - kindOf(state) + 4 | 0);
  }

  #change(from: number, to: number): boolean {
    return atomics.compareExchange(this.#int32, 0, from, to) === from;
  }

  /** Reads a 64-bit number. The 32-bit numbers take the first two places. */
  get(place: number): bigint {
    return this.#uint64[place]!;
  }

  set(place: number, value: bigint): void {
    this.#uint64[place] = value;
  }

  /** Reads a 32-bit number, which several threads may change. Place 0 is the state. */
  load(place: number): number {
    return atomics.load(this.#int32, place);
  }

  store(place: number, value: number): void {
    atomics.store(this.#int32, place, value);
  }

  /** Adds to a 32-bit number. Returns the number before. */
  add(place: number, value: number): number {
    return atomics.add(this.#int32, place, value);
  }

  /** Sets bits of a 32-bit number. */
  or(place: number, bits: number): void {
    atomics.or(this.#int32, place, bits);
  }
}

/** Maps a block at any address. */
export function mapBlock(os: Os): bigint | Failure {
  return mapCommon(os, BigInt(BLOCK_BYTES), 0n);
}

/** Maps memory for all threads, exactly at `hint` unless that is `0n`. */
export function mapCommon(os: Os, byteLength: bigint, hint: bigint): bigint | Failure {
  return os.map(anonymousRequest(byteLength, { hint, strict: hint !== 0n }));
}
