/**
 * A table in native memory that all threads of the process share, although each thread has its
 * own copy of the library.
 *
 * All copies find the table by its root (`root.ts`), and trust its content. A ticket can name any
 * slot, but never an address, so that no caller can put another table in its place. The blocks
 * stay mapped until the process ends, so that loads and stores in them are always safe.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import { FreeList } from "../../ffi/free_list.ts";
import { currentRuntime, host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import { countHeldIn, HELD_COUNTS_BYTES } from "./held_account.ts";
import { unmapStray } from "./release.ts";
import { knownRootOf, rootOf, TAKEN } from "./root.ts";
import { BLOCK_BYTES, FREE, kindOf, mapBlock, Slot, SLOTS_PER_BLOCK } from "./slots.ts";

/** The table as one thread sees it. */
export class ProcessTable {
  readonly #os: Os;
  #blocks: readonly ArrayBuffer[] = [];
  /** The slots that were free when this thread last looked. */
  #candidates: FreeList<number> = new FreeList();

  constructor(os: Os, block: bigint) {
    this.#os = os;
    this.#append(block);
  }

  /** The slot with this number, if there is one. */
  slot(number: number): Slot | undefined {
    if (!Number.isSafeInteger(number) || number < 0) return undefined;
    const index = Math.floor(number / SLOTS_PER_BLOCK);
    if (index >= this.#blocks.length) this.#follow();
    return index < this.#blocks.length ? new Slot(number, this.#blocks[index]!) : undefined;
  }

  /** Takes a free slot. */
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
   * Notes a slot that this thread has freed, for {@linkcode take}. Notes at most a block of slots,
   * because a thread that only redeems tickets takes none.
   */
  note({ number }: Slot): void {
    if (this.#candidates.length < SLOTS_PER_BLOCK) this.#candidates.add(number);
  }

  /** Finds free slots, and adds a block if they are few: looking takes long. */
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
      throw systemError(`to map ${BLOCK_BYTES} bytes for the table of shared memory`, block);
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

  /** The place of the next block's address. */
  get #next(): BigUint64Array {
    return new BigUint64Array(this.#blocks.at(-1)!, 0, 1);
  }

  #append(address: bigint): void {
    this.#blocks = [...this.#blocks, currentRuntime().view(address, BLOCK_BYTES)];
  }
}

// The first block holds counts too, behind the address of the next block.
const HELD_COUNTS_OFFSET = 64;
/** The counts of `room.ts`. */
const ROOM_COUNTS_OFFSET = HELD_COUNTS_OFFSET + HELD_COUNTS_BYTES;
const ROOM_COUNT_OF_COUNTS = 2;

const roomCounts: WeakMap<Os, Int32Array> = new WeakMap();

/** Counts that all threads share, or only this thread if there is no table. They start at 0. */
export function processCounts(os: Os): Int32Array {
  let known = roomCounts.get(os);
  if (known === undefined) {
    const block = knownRootOf(os);
    known = block === undefined ? new Int32Array(ROOM_COUNT_OF_COUNTS) : new Int32Array(
      currentRuntime().view(block + BigInt(ROOM_COUNTS_OFFSET), 4 * ROOM_COUNT_OF_COUNTS),
    );
    roomCounts.set(os, known);
  }
  return known;
}

const tables: WeakMap<Os, ProcessTable> = new WeakMap();
let rooted: Os | undefined;
/** Whether held ranges are counted in the first block. In tests with several systems, of the first one. */
let isHeldCounted = false;

/**
 * Makes the root if there is none. Called before the first mapping for a caller: memory of a caller
 * at the address of the root would be trusted. Throws if there is too little memory.
 */
export function makeRoot(): void {
  const { os } = host();
  if (os === rooted) return;
  const root = rootOf(os);
  if (typeof root === "bigint" && !isHeldCounted) {
    const counts = currentRuntime().view(root + BigInt(HELD_COUNTS_OFFSET), HELD_COUNTS_BYTES);
    countHeldIn(new Int32Array(counts));
    isHeldCounted = true;
  } else if (typeof root !== "bigint" && root !== TAKEN) throw rootError(root);
  rooted = os;
}

function rootError(failure: Failure): MmapError {
  return systemError("to map the table of shared memory", failure);
}

/** The table of this process. */
export function processTable(): ProcessTable {
  const { os } = host();
  let table = tables.get(os);
  if (table !== undefined) return table;
  const block = rootOf(os);
  if (typeof block !== "bigint") {
    if (block !== TAKEN) throw rootError(block);
    throw new MmapError(
      "This process cannot share memory: other software occupies all addresses at which its " +
        "threads look for the table of shared memory",
      { code: "ENOTSUP" },
    );
  }
  table = new ProcessTable(os, block);
  tables.set(os, table);
  return table;
}
