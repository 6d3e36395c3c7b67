/**
 * A table of slots in native memory. All threads of a process share it, although each thread has
 * its own copy of the library. The table consists of blocks, and each block starts with the address
 * of the next one. Blocks are never unmapped, so loads and stores in them are always safe.
 *
 * @module
 */
import { atomics } from "./atomics.ts";
import { FreeList } from "./free_list.ts";

/** The length of a block in bytes. */
export const BLOCK_BYTES = 65_536;

// The state of a slot is 4 times the number of its uses, plus its phase. The owner of the table
// defines the meaning of the two other phases.
/** Nobody uses the slot. */
export const FREE = 0;
/** A thread fills or empties the slot. */
export const CLAIMED = 1;
/** The bits of a state that hold the phase. */
const PHASES = 3;

/** The layout of the slots in a block, in bytes. */
export interface SlotLayout {
  /** The offset of the first slot in a block. */
  readonly first: number;
  readonly byteLength: number;
  /** The offset of the 32-bit state in a slot. */
  readonly state: number;
}

/** A block of memory that contains slots. */
export class Block {
  readonly address: bigint;
  readonly int32: Int32Array;
  readonly uint64: BigUint64Array;

  constructor(address: bigint, buffer: ArrayBuffer) {
    this.address = address;
    this.int32 = new Int32Array(buffer);
    this.uint64 = new BigUint64Array(buffer);
  }
}

/**
 * A slot. Its methods take the index of a field, counted in numbers of the field's length (32 or 64
 * bits).
 */
export class Slot {
  /** The number by which every thread finds the slot. */
  readonly number: number;
  readonly #block: Block;
  readonly #offset: number;
  readonly #state: number;

  /**
   * `offset` is the offset of the slot in its block, and `state` the offset of the state in the
   * slot, in bytes.
   */
  constructor(number: number, block: Block, offset: number, state: number) {
    this.number = number;
    this.#block = block;
    this.#offset = offset;
    this.#state = state / 4;
  }

  /** The address by which other threads can find the slot too. */
  get address(): bigint {
    return this.#block.address + BigInt(this.#offset);
  }

  /** The phase and the number of uses: no two uses of the slot have the same state. */
  get state(): number {
    return this.load(this.#state);
  }

  /** Claims the slot, if it is free. */
  claim(): boolean {
    const { state } = this;
    return phaseOf(state) === FREE && this.#exchange(state, state + CLAIMED);
  }

  /**
   * Changes the phase of a slot that this thread owns. Other threads that see the new phase also
   * see the fields stored before.
   */
  enter(phase: number): void {
    const { state } = this;
    this.store(this.#state, state - phaseOf(state) + phase);
  }

  /** Frees the slot for its next use if it still has this state. Returns whether it did. */
  free(state: number = this.state): boolean {
    return this.#exchange(state, state - phaseOf(state) + PHASES + 1 | 0);
  }

  #exchange(from: number, to: number): boolean {
    const index = this.#offset / 4 + this.#state;
    return atomics.compareExchange(this.#block.int32, index, from, to) === from;
  }

  /** Reads a number of 64 bits. */
  get(place: number): bigint {
    return atomics.load(this.#block.uint64, this.#offset / 8 + place);
  }

  /** Replaces a number of 64 bits, unless another thread has changed it. Returns whether it did. */
  replace(place: number, from: bigint, to: bigint): boolean {
    const index = this.#offset / 8 + place;
    return atomics.compareExchange(this.#block.uint64, index, from, to) === from;
  }

  set(place: number, value: bigint): void {
    atomics.store(this.#block.uint64, this.#offset / 8 + place, value);
  }

  /** Reads a number of 32 bits. */
  load(place: number): number {
    return atomics.load(this.#block.int32, this.#offset / 4 + place);
  }

  store(place: number, value: number): void {
    atomics.store(this.#block.int32, this.#offset / 4 + place, value);
  }

  /** Adds to a number of 32 bits. Returns the previous number. */
  add(place: number, value: number): number {
    return atomics.add(this.#block.int32, this.#offset / 4 + place, value);
  }

  /** Sets bits of a number of 32 bits. */
  or(place: number, bits: number): void {
    atomics.or(this.#block.int32, this.#offset / 4 + place, bits);
  }
}

/** Returns the phase of a state. */
export function phaseOf(state: number): number {
  return state & PHASES;
}

/** Native memory for blocks. */
export interface BlockMemory<Failure> {
  /** Maps zeroed memory of {@linkcode BLOCK_BYTES}. */
  map(): bigint | Failure;
  unmap(address: bigint): void;
  view(address: bigint, byteLength: number): ArrayBuffer;
}

/** The table, as one thread sees it. */
export class SlotTable<Failure extends object> {
  readonly #layout: SlotLayout;
  readonly #memory: BlockMemory<Failure>;
  readonly #slotsPerBlock: number;
  /**
   * A claimed slot that its taker could not use, for the next `take()`. A taker stores it without a
   * call, for which no stack may be left.
   */
  spare: Slot | undefined;
  #blocks: readonly Block[] = [];
  /** Slots that this thread has freed. */
  readonly #freed: FreeList<Slot> = new FreeList();
  /**
   * The number of the slot at which the search continues, and the number of free slots found in
   * this pass.
   */
  #next = 0;
  #freeCount = 0;

  constructor(layout: SlotLayout, memory: BlockMemory<Failure>, first: bigint) {
    this.#layout = layout;
    this.#memory = memory;
    this.#slotsPerBlock = Math.floor((BLOCK_BYTES - layout.first) / layout.byteLength);
    this.#append(first);
  }

  /** The first block, which can hold other fields before its slots. */
  get first(): Block {
    return this.#blocks[0]!;
  }

  /** Returns the slot of a number, if there is one. */
  slot(number: number): Slot | undefined {
    if (!Number.isSafeInteger(number) || number < 0) return undefined;
    const index = Math.floor(number / this.#slotsPerBlock);
    if (index >= this.#blocks.length) this.#follow();
    if (index >= this.#blocks.length) return undefined;
    const { first, byteLength, state } = this.#layout;
    const offset = first + byteLength * (number % this.#slotsPerBlock);
    return new Slot(number, this.#blocks[index]!, offset, state);
  }

  /** Calls a function with each slot whose phase is at least `phase`. */
  eachFrom(phase: number, take: (slot: Slot) => void): void {
    this.#follow();
    const { first, byteLength, state } = this.#layout;
    this.#blocks.forEach(({ int32 }, block) => {
      for (let index = 0; index < this.#slotsPerBlock; index++) {
        const found = atomics.load(int32, (first + byteLength * index + state) / 4);
        if (phaseOf(found) >= phase) take(this.slot(this.#slotsPerBlock * block + index)!);
      }
    });
  }

  /** Claims a free slot. */
  take(): Slot | Failure {
    const { spare } = this;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    for (;;) {
      const found = this.#freed.take() ?? this.#candidate();
      if (!(found instanceof Slot) || found.claim()) return found;
    }
  }

  /**
   * Remembers a slot that this thread has freed, for its next `take()`. It remembers at most as
   * many as a block has, because a thread that only frees slots of others would otherwise remember
   * more and more.
   */
  note(slot: Slot): void {
    if (this.#freed.length < this.#slotsPerBlock) this.#freed.add(slot);
  }

  /**
   * Returns the next free slot. If fewer than a quarter of the slots were free in this pass, it
   * adds a block before the next pass, because a search among few free slots takes long.
   */
  #candidate(): Slot | Failure {
    for (let isSecond = false;; isSecond = true) {
      for (const count = this.#slotsPerBlock * this.#blocks.length; this.#next < count;) {
        const slot = this.slot(this.#next++)!;
        if (phaseOf(slot.state) !== FREE) continue;
        this.#freeCount++;
        return slot;
      }
      if (this.#follow()) continue; // blocks of other threads come next
      const areFew = this.#freeCount < this.#slotsPerBlock * this.#blocks.length / 4;
      const failure = areFew ? this.#grow() : undefined;
      if (areFew && failure === undefined) continue;
      if (isSecond && failure !== undefined && this.#freeCount === 0) return failure;
      this.#next = this.#freeCount = 0;
    }
  }

  /** Finds the blocks that other threads have added. Returns whether there were any. */
  #follow(): boolean {
    const { length } = this.#blocks;
    for (let next; (next = atomics.load(this.#blocks.at(-1)!.uint64, 0)) !== 0n;) {
      this.#append(next);
    }
    return this.#blocks.length > length;
  }

  #grow(): Failure | undefined {
    const address = this.#memory.map();
    if (typeof address !== "bigint") return address;
    const last = this.#blocks.at(-1)!.uint64;
    const next = atomics.compareExchange(last, 0, 0n, address);
    if (next !== 0n) this.#memory.unmap(address); // another thread was faster
    this.#append(next === 0n ? address : next);
    return undefined;
  }

  #append(address: bigint): void {
    const buffer = this.#memory.view(address, BLOCK_BYTES);
    this.#blocks = [...this.#blocks, new Block(address, buffer)];
  }
}
