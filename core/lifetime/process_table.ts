/**
 * A table in native memory that all threads of the process share, although each thread has its
 * own copy of the library.
 *
 * All copies find the table by its root (`root.ts`) and trust its content. A ticket contains the
 * number of a slot, never an address, so no caller can substitute another table. The blocks stay
 * mapped until the process ends, so loads and stores in them are always safe.
 *
 * @module
 */
import { atomics, sleep } from "../../ffi/atomics.ts";
import { currentRuntime, host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { BLOCK_BYTES, Slot, type SlotLayout, SlotTable } from "../../ffi/slots.ts";
import { checkStack } from "../checks/call_stack.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import { countHeldIn, HELD_COUNTS_BYTES } from "./held_totals.ts";
import { unmapStray } from "./release.ts";
import { knownRootOf, mapBlock, PATIENCE_MS, rootOf, TAKEN } from "./root.ts";

/** The slots of a block. The first block has counts before them. */
const SLOTS: SlotLayout = { first: 128, byteLength: 128, state: 0 };

// The phases of a slot in this table, in addition to the common ones in `ffi/slots.ts`.
/** The slot describes a mapping that is shared. */
export const MAPPING = 2;
/** The slot is a ticket that nobody has taken. */
export const TICKET = 3;

/** The table as one thread sees it. */
export class ProcessTable extends SlotTable<Failure> {
  constructor(os: Os, block: bigint) {
    super(SLOTS, {
      map() {
        checkStack(); // a block that is mapped must not be lost
        return mapBlock(os);
      },
      unmap: (address) => unmapStray(os, address, BigInt(BLOCK_BYTES)),
      view: (address, byteLength) => currentRuntime().view(address, byteLength),
    }, block);
  }

  /** Claims a free slot. */
  override take(): Slot {
    const found = super.take();
    if (found instanceof Slot) return found;
    throw systemError(`to map ${BLOCK_BYTES} bytes for the table of shared memory`, found);
  }
}

// The first block holds counts too, behind the address of the next block.
const HELD_COUNTS_OFFSET = 64;
/** The counts of `room.ts`, and two for mappings into memory of the engine. */
const COUNTS_OFFSET = HELD_COUNTS_OFFSET + HELD_COUNTS_BYTES;
const COUNT_OF_COUNTS = 4;
/** The kinds of mappings that there were. */
const ENGINE_MAPPINGS = 2;
const ANY = 1;
const GUARDED = 2;
/** The number of times that threads have begun or ended their turn: odd while one has it. */
const ENGINE_TURNS = 3;

const counts: WeakMap<Os, Int32Array> = new WeakMap();

/** Counts that all threads share, or only this thread if there is no table. They start at 0. */
export function processCounts(os: Os): Int32Array {
  let known = counts.get(os);
  if (known === undefined) {
    const block = knownRootOf(os);
    known = block === undefined ? new Int32Array(COUNT_OF_COUNTS) : new Int32Array(
      currentRuntime().view(block + BigInt(COUNTS_OFFSET), 4 * COUNT_OF_COUNTS),
    );
    counts.set(os, known);
  }
  return known;
}

/** Notes that a thread maps a file into memory of the engine. */
export function noteEngineMapping(os: Os, isGuarded: boolean): void {
  atomics.or(processCounts(os), ENGINE_MAPPINGS, isGuarded ? ANY | GUARDED : ANY);
}

/** Whether a thread has ever mapped a file into memory of the engine. */
export function hadEngineMapping(os: Os): boolean {
  return atomics.load(processCounts(os), ENGINE_MAPPINGS) !== 0;
}

/** Whether a thread has ever guarded such a mapping. */
export function hadEngineGuard(os: Os): boolean {
  return (atomics.load(processCounts(os), ENGINE_MAPPINGS) & GUARDED) !== 0;
}

/**
 * Waits until no other thread maps into memory of the engine. A thread that was terminated in its
 * turn leaves it to the next one, as does a thread that is stopped for so long: `isMine()` tells it.
 */
export function takeEngineTurn(os: Os): { readonly isMine: () => boolean; end(): void } {
  const counts = processCounts(os);
  let seen = atomics.load(counts, ENGINE_TURNS);
  for (let waited = 0;;) {
    const isTaken = (seen & 1) !== 0;
    if (isTaken && waited < PATIENCE_MS) {
      sleep();
      waited++;
    } else {
      const mine = seen + (isTaken ? 2 : 1) | 0;
      if (atomics.compareExchange(counts, ENGINE_TURNS, seen, mine) === seen) {
        return {
          isMine: () => atomics.load(counts, ENGINE_TURNS) === mine,
          end: () => void atomics.compareExchange(counts, ENGINE_TURNS, mine, mine + 1 | 0),
        };
      }
    }
    const now = atomics.load(counts, ENGINE_TURNS);
    if (now !== seen) waited = 0;
    seen = now;
  }
}

const tables: WeakMap<Os, ProcessTable> = new WeakMap();
let rooted: Os | undefined;
/**
 * Whether held ranges are counted in the first block. (Tests open several systems; the counts are
 * in the block of the first.)
 */
let isHeldCounted = false;

/**
 * Makes the root if there is none. Must be called before the first mapping for a caller: other
 * threads would trust a caller's memory at the address of the root. Throws if there is too little
 * memory.
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
