/**
 * A table in native memory that all threads of the process have in common,
 * though each has its own copy of the library.
 *
 * What is in it is believed, so that nobody may be able to put another in its
 * place: a ticket can name any slot, but never an address. All copies find the
 * table by its root, a page at an address that they agree on. The root is there
 * before the library maps anything for anyone, and stays until the process ends:
 * no memory that a program was given by the library can be taken for it. Its
 * blocks stay as long, so that loads and stores in them are always safe; a slot
 * that is free is used again.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import { FreeList } from "../../ffi/free_list.ts";
import { currentRuntime, host } from "../../ffi/host.ts";
import { type Failure, UNSUPPORTED } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import { countHeldIn, HELD_COUNTS_BYTES, unmapStray } from "./allocations.ts";
import { detach } from "../checks/buffers.ts";

/**
 * Where the root is: the first of these that nothing else had taken. They are in
 * the address space of every system (2^36 bytes, where a processor has no more),
 * whatever its page size, and far from where systems put things of their own accord.
 */
const ADDRESSES: readonly bigint[] = [
  0x7a_5a11_0000n,
  0x0d_5a11_0000n,
  0x25a1_15a1_0000n,
  0x3a5a_5a11_0000n,
];

/** What a root starts with; it tells the layout of what follows, too. */
const MAGIC = 0x7379_7361_6c6c_6f01n;
/** The root: the magic, and the address of the first block. It cannot be stored to. */
const ROOT_BYTES = 16;

/**
 * How long a block is, in bytes: the address of the next one, and slots. The first one
 * counts what is held, too.
 */
const BLOCK_BYTES = 65_536;
const SLOT_BYTES = 128;
/** The first slot's place is the block's own. */
const SLOTS_PER_BLOCK = BLOCK_BYTES / SLOT_BYTES - 1;
/** Where the counts are of what is held: not where each new block is looked for. */
const HELD_COUNTS = 64;

/** How long another thread may take to fill the root that it has mapped, in milliseconds. */
const PATIENCE_MS = 1000;

/** What a slot is, the low two bits of its state; the others count its uses. */
export const FREE = 0;
/** It is being filled, or emptied. */
const CLAIMED = 1;
/** It tells of a mapping that is shared. */
export const MAPPING = 2;
/** It is a ticket that nobody has taken. */
export const TICKET = 3;

/** One slot, which other threads see too. */
export class Slot {
  /** Its number, by which every thread finds it. */
  readonly number: number;
  readonly #int32: Int32Array;
  readonly #uint64: BigUint64Array;

  constructor(number: number, buffer: ArrayBuffer) {
    const offset = SLOT_BYTES * (1 + number % SLOTS_PER_BLOCK);
    this.number = number;
    this.#int32 = new Int32Array(buffer, offset, SLOT_BYTES / 4);
    this.#uint64 = new BigUint64Array(buffer, offset, SLOT_BYTES / 8);
  }

  /** What it is, and how often it has been used: never twice the same. */
  get state(): number {
    return atomics.load(this.#int32, 0);
  }

  /** Takes it, where it is free. */
  claim(): boolean {
    const { state } = this;
    return kindOf(state) === FREE && this.#change(state, state + CLAIMED);
  }

  /** Has other threads see what was filled in. */
  publish(kind: typeof MAPPING | typeof TICKET): void {
    atomics.add(this.#int32, 0, kind - CLAIMED);
  }

  /** Makes it free, if its state is still this one; tells whether it was. */
  free(state: number = this.state): boolean {
    return this.#change(state, state - kindOf(state) + 4 | 0);
  }

  #change(from: number, to: number): boolean {
    return atomics.compareExchange(this.#int32, 0, from, to) === from;
  }

  /** A number of 64 bits: the first two places are those of numbers of 32 bits. */
  get(place: number): bigint {
    return this.#uint64[place]!;
  }

  set(place: number, value: bigint): void {
    this.#uint64[place] = value;
  }

  /** A number of 32 bits, which several threads change: the first place is the state's. */
  load(place: number): number {
    return atomics.load(this.#int32, place);
  }

  store(place: number, value: number): void {
    atomics.store(this.#int32, place, value);
  }

  /** Adds; returns what it was before. */
  add(place: number, value: number): number {
    return atomics.add(this.#int32, place, value);
  }

  /** Sets bits. */
  or(place: number, bits: number): void {
    atomics.or(this.#int32, place, bits);
  }
}

/** What a state is of. */
export function kindOf(state: number): number {
  return state & 3;
}

/** The table, as one thread sees it. */
export class ProcessTable {
  readonly #os: Os;
  #blocks: readonly ArrayBuffer[] = [];
  /** Slots that were free when this thread last looked. */
  #candidates: FreeList<number> = new FreeList();

  constructor(os: Os, block: bigint) {
    this.#os = os;
    this.#append(block);
  }

  /** A slot that a number leads to, where there is one. */
  slot(number: number): Slot | undefined {
    if (!Number.isSafeInteger(number) || number < 0) return undefined;
    const index = Math.floor(number / SLOTS_PER_BLOCK);
    if (index >= this.#blocks.length) this.#follow();
    return index < this.#blocks.length ? new Slot(number, this.#blocks[index]!) : undefined;
  }

  /** Takes a slot that is free. */
  take(): Slot {
    for (;;) {
      const number = this.#candidates.take();
      if (number === undefined) this.#look();
      else {
        const slot = this.slot(number)!;
        if (slot.claim()) return slot;
      }
    }
  }

  /**
   * Notes that this thread has made a slot free. Not more than a block of them: a thread
   * that takes tickets, and makes none, would note them for ever.
   */
  note({ number }: Slot): void {
    if (this.#candidates.length < SLOTS_PER_BLOCK) this.#candidates.add(number);
  }

  /** Looks for free slots. Where they are few, it makes one more block, so that it need not look again soon. */
  #look(): void {
    this.#follow();
    const count = SLOTS_PER_BLOCK * this.#blocks.length;
    const free = new FreeList<number>();
    for (let number = count - 1; number >= 0; number--) {
      if (kindOf(this.slot(number)!.state) === FREE) free.add(number);
    }
    this.#candidates = free;
    if (free.length >= count / 4) return;
    const block = mapBlock(this.#os);
    if (typeof block !== "bigint") {
      if (free.length > 0) return;
      throw systemError(`to map ${BLOCK_BYTES} bytes to keep count of what is shared`, block);
    }
    const next = atomics.compareExchange(this.#next, 0, 0n, block);
    if (next !== 0n) unmapStray(this.#os, block, BigInt(BLOCK_BYTES)); // another thread was faster
    this.#append(next === 0n ? block : next);
    for (let added = SLOTS_PER_BLOCK - 1; added >= 0; added--) free.add(count + added);
  }

  /** Finds the blocks that other threads have added. */
  #follow(): void {
    for (let next; (next = atomics.load(this.#next, 0)) !== 0n;) this.#append(next);
  }

  /** Where the address of the next block is. */
  get #next(): BigUint64Array {
    return new BigUint64Array(this.#blocks.at(-1)!, 0, 1);
  }

  #append(address: bigint): void {
    this.#blocks = [...this.#blocks, currentRuntime().view(address, BLOCK_BYTES)];
  }
}

/** Where in the first block the counts of `room.ts` are, behind those of held ranges. */
const COUNTS_OFFSET = HELD_COUNTS + HELD_COUNTS_BYTES;
const COUNT_OF_COUNTS = 2;

const counts: WeakMap<Os, Int32Array> = new WeakMap();

/** Counts that all threads have in common; those of a thread alone where there is no table. They start at 0. */
export function processCounts(os: Os): Int32Array {
  let known = counts.get(os);
  if (known === undefined) {
    const block = roots.get(os);
    known = typeof block === "bigint"
      ? new Int32Array(currentRuntime().view(block + BigInt(COUNTS_OFFSET), 4 * COUNT_OF_COUNTS))
      : new Int32Array(COUNT_OF_COUNTS);
    counts.set(os, known);
  }
  return known;
}

/** Of each system (tests have several) the address of the first block, or why there is none. */
const roots: WeakMap<Os, bigint | Failure> = new WeakMap();
const tables: WeakMap<Os, ProcessTable> = new WeakMap();
let rooted: Os | undefined;
/** Whether what is held is counted behind a root: the first one, where tests have several. */
let countsHeld = false;

/**
 * Makes the root, where it is not there: to be called before anything is mapped for
 * anyone, because what a program is given in its place would be believed. Throws where
 * there is too little memory for it.
 */
export function makeRoot(): void {
  const { os } = host();
  if (os === rooted) return;
  const root = rootOf(os);
  if (typeof root === "bigint" && !countsHeld) {
    const counts = currentRuntime().view(root + BigInt(HELD_COUNTS), HELD_COUNTS_BYTES);
    countHeldIn(new Int32Array(counts));
    countsHeld = true;
  } else if (typeof root !== "bigint" && root !== TAKEN) throw noRoot(root);
  rooted = os;
}

/** Whether a range has a place where the root is, or another thread may look for it. */
export function hasRootPlace(os: Os, address: bigint, byteLength: bigint): boolean {
  const end = address + byteLength;
  return ADDRESSES.some((root) => address < root + BigInt(os.pageSize) && root < end);
}

function noRoot(failure: Failure): MmapError {
  return systemError("to map what all threads share", failure);
}

/** The table of this process. */
export function processTable(): ProcessTable {
  const { os } = host();
  let table = tables.get(os);
  if (table !== undefined) return table;
  const block = rootOf(os);
  if (typeof block !== "bigint") {
    if (block !== TAKEN) throw noRoot(block);
    throw new MmapError(
      "All places for what threads have in common are taken: this process cannot share memory",
      { code: "ENOTSUP" },
    );
  }
  table = new ProcessTable(os, block);
  tables.set(os, table);
  return table;
}

/** Nothing can be mapped there. */
const TAKEN: Failure = { ...UNSUPPORTED, code: "EADDRNOTAVAIL" };

function rootOf(os: Os): bigint | Failure {
  const known = roots.get(os);
  if (known !== undefined) return known;
  // First: with a root of which there is no block, nothing could be done.
  const block = mapBlock(os);
  if (typeof block !== "bigint") return block;
  const root = findOrMakeRoot(os, block);
  if (root !== block) unmapStray(os, block, BigInt(BLOCK_BYTES));
  if (typeof root === "bigint" || root === TAKEN) roots.set(os, root);
  return root;
}

/** The first block: `fresh`, where there was no root before. */
function findOrMakeRoot(os: Os, fresh: bigint): bigint | Failure {
  for (let index = 0; index < ADDRESSES.length; index++) {
    const address = ADDRESSES[index]!;
    const refusal = mapRoot(os, address, fresh);
    if (refusal === undefined) return fresh;
    // Where it cannot be told what is there, it can be the root: there must not be two.
    const found = findRoot(os, address, isTaken(refusal)) ??
      (refusal.code === "ENOMEM" ? shortageOf(os) : undefined);
    if (found !== undefined) return found;
  }
  return TAKEN;
}

/** Whether something is at the address that could not be mapped at: what it may be is the root, before it is filled. */
function isTaken({ code }: Failure): boolean {
  return code === TAKEN.code || code === "EEXIST" || code === "EINVAL"; // the last one is Windows'
}

/** Why not even a page can be mapped, anywhere; Linux gives the same code for an address that is beyond its last. */
function shortageOf(os: Os): Failure | undefined {
  const byteLength = BigInt(os.pageSize);
  const page = map(os, byteLength, 0n);
  if (typeof page !== "bigint") return page;
  unmapStray(os, page, byteLength);
  return undefined;
}

/** Makes the root, where nothing is at that address. */
function mapRoot(os: Os, address: bigint, block: bigint): Failure | undefined {
  const byteLength = BigInt(os.pageSize);
  const page = map(os, byteLength, address);
  if (typeof page !== "bigint") return page;
  if (page !== address) {
    unmapStray(os, page, byteLength);
    return TAKEN;
  }
  const root = new BigUint64Array(currentRuntime().view(page, ROOT_BYTES));
  atomics.store(root, 1, block);
  atomics.store(root, 0, MAGIC); // last: now others believe it
  detach(root.buffer);
  // Everyone knows where it is, and nobody shall change it. Where that is refused, it serves as well.
  os.protect(page, byteLength, "read");
  return undefined;
}

/**
 * Finds the first block, if the root is at that address; `undefined` if something
 * else is, or nothing. Nothing is known of what is there.
 */
function findRoot(os: Os, address: bigint, waits: boolean): bigint | Failure | undefined {
  const root = new BigUint64Array(2);
  const bytes = new Uint8Array(root.buffer);
  const { copying } = os;
  const read = copying.peek ?? ((address, target) => copying.read(address, target, true));
  for (let waited = 0; waited < PATIENCE_MS; waited++) {
    const failure = read(address, bytes);
    if (failure !== undefined) return failure.code === "EFAULT" ? undefined : failure;
    const { 0: magic, 1: block } = root as unknown as [bigint, bigint];
    if (magic === MAGIC) return block;
    if (magic !== 0n || !waits) return undefined;
    // Another thread has just mapped it; if that was ended right then, it stays so.
    atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return undefined;
}

function mapBlock(os: Os): bigint | Failure {
  return map(os, BigInt(BLOCK_BYTES), 0n);
}

function map(os: Os, byteLength: bigint, hint: bigint): bigint | Failure {
  return os.map({
    kind: "memory",
    byteLength,
    hint,
    strict: hint !== 0n,
    protection: "read-write",
    populate: false,
    noReserve: false,
    stack: false,
  });
}
