/**
 * The truncation guard of Linux: a handler of SIGBUS as machine code, and the
 * table of the mappings that it guards. `docs/truncation-guard.md` describes
 * both; `truncation_guard.c` is the handler and has the same layouts.
 *
 * @module
 */
import { atomics } from "../../atomics.ts";
import { FreeList } from "../../free_list.ts";
import type { Native } from "../../symbols.ts";
import type { GuardEntry, TruncationGuard } from "../contract/truncation_guard.ts";
import {
  MAP_FAILED,
  MAP_FIXED,
  MAP_PRIVATE,
  POSIX,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import {
  LINUX,
  MAP_ANONYMOUS,
  SA_ONSTACK,
  SA_RESTART,
  SA_SIGINFO,
  SIG_UNBLOCK,
  SIGBUS,
} from "./calls.ts";
import { type Piping, withPipe } from "./pipe_copying.ts";
import { CODE } from "./truncation_guard_code.ts";

/** The parts of a C library that the guard needs. */
export type GuardLibrary = Piping & Pick<CLibrary, "arch" | "pageSize">;

// struct sigaction of glibc and musl, on both architectures: sa_sigaction,
// sa_mask (128 bytes), int sa_flags, sa_restorer, which is the library's own.
const SIGACTION_BYTES = 152;
const SA_MASK = 8;
const SIGSET_BYTES = 128;
const SA_FLAGS = 136;
// What no action has: `SIG_ERR`, a mask that blocks what cannot be blocked, and all flags.
const UNKNOWN_HANDLER = (1n << 64n) - 1n;
const UNKNOWN_MASK = (1n << 64n) - 1n;
const UNKNOWN_FLAGS = -1;
/** How many pairs of pages a reserve has; it has to be less than a page has bytes. */
const RESERVE_PAIRS = 16;

/** The last handler that is none: `SIG_DFL` is 0, `SIG_IGN` 1. */
const SIG_IGN = 1n;

// struct header, and the handler after it
const HEADER_TABLE = 16;
const HEADER_PAGE_SIZE = 24;
const HANDLER = 32;

// struct block
const BLOCK_BYTES = 65_536;
const NEXT = 0;
const PREVIOUS = 8;
const RESERVE = 16;
const FOUND = 64;
const REPLACED = FOUND + SIGACTION_BYTES;
const OWN = REPLACED + SIGACTION_BYTES;
const ENTRIES = 2056;

// struct entry
const ENTRY_BYTES = 40;
const START = 0;
const END = 8;
const STATE = 16;
const FAULTS = 20;
const SETTLED = 24;
const ENTRIES_PER_BLOCK = (BLOCK_BYTES - ENTRIES) / ENTRY_BYTES;

// The state of an entry: 4 times the number of its uses, and one of these.
const FREE = 0;
const CLAIMED = 1;
const LIVE = 2;
const VACATED = 3;
const PHASES = 3;

/** 64 KiB of a table: a header and entries. It is never unmapped. */
class Block {
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
 * Installs the handler of SIGBUS, or finds the one that is installed.
 * `undefined` where that is refused, for example by a policy that forbids
 * executable memory, or where there is no code for the architecture.
 *
 * {@link https://man7.org/linux/man-pages/man2/sigaction.2.html},
 * {@link https://man7.org/linux/man-pages/man2/mprotect.2.html}
 */
export function truncationGuard(library: GuardLibrary): TruncationGuard | undefined {
  const { arch, pageSize } = library;
  if (!Object.hasOwn(CODE, arch)) return undefined;
  const c = openCalls(library);
  const code = Uint8Array.from(atob(CODE[arch]!), (byte) => byte.charCodeAt(0));
  const header = new DataView(code.buffer);
  header.setBigUint64(HEADER_PAGE_SIZE, BigInt(pageSize), true);
  const found = new Uint8Array(SIGACTION_BYTES);
  if (c.sigaction(SIGBUS, 0n, found) !== 0) return undefined;
  const installed = installedTable(library, code, handlerOf(found));
  const address = installed ?? map(c, BigInt(BLOCK_BYTES));
  if (address === undefined) return undefined;
  unblock(c);
  const guard = new Guard(library.native, c, address, pageSize);
  if (installed !== undefined) return guard;
  header.setBigUint64(HEADER_TABLE, address, true);
  if (install(c, guard.table, code, found, pageSize)) {
    guard.fillReserve();
    return guard;
  }
  (guard.table.int32.buffer as ArrayBuffer).transfer(0); // no view outlives its memory
  c.munmap(address, BigInt(BLOCK_BYTES));
  return undefined;
}

type C = ReturnType<typeof openCalls>;

function openCalls({ open }: GuardLibrary) {
  return {
    ...open(POSIX, "mmap", "munmap", "mprotect"),
    ...open(LINUX, "memcpy", "sigaction", "sigprocmask"),
  };
}

/**
 * Lets this thread, and those that it starts, have SIGBUS. The kernel asks no handler where a
 * fault comes in a thread that blocks it, as threads do whose program was started by one that
 * blocks all signals.
 */
function unblock(c: C): void {
  const signals = new Uint8Array(SIGSET_BYTES);
  signals[0] = 1 << SIGBUS - 1;
  c.sigprocmask(SIG_UNBLOCK, signals, 0n);
}

function map(c: C, byteLength: bigint, over: bigint = 0n): bigint | undefined {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | (over === 0n ? 0 : MAP_FIXED);
  const address = c.mmap(over, byteLength, PROT_READ | PROT_WRITE, flags, -1, 0n);
  return address === MAP_FAILED ? undefined : address;
}

function handlerOf(action: Uint8Array): bigint {
  return new DataView(action.buffer).getBigUint64(0, true);
}

/**
 * The address of the table of the handler, if that is this same code, which
 * another thread, or another copy of this module, installed. Nothing is known
 * of what stands at its address: the kernel copies it through a pipe, which
 * cannot fault, and all of it is compared. Where there is no pipe to be had, it
 * counts as another's.
 */
function installedTable(
  library: Piping,
  code: Uint8Array,
  handler: bigint,
): bigint | undefined {
  if (handler <= SIG_IGN) return undefined;
  const start = BigInt.asUintN(64, handler - BigInt(HANDLER));
  const bytes = new Uint8Array(code.length);
  const length = BigInt(code.length);
  const { write, read } = library.open(LINUX, "write", "read");
  const isRead = withPipe(
    library,
    (output, input) =>
      write(input, start, length) === length && read(output, bytes, length) === length,
  );
  const isOwn = isRead === true &&
    code.every((byte, index) =>
      byte === bytes[index] || (index >= HEADER_TABLE && index < HEADER_PAGE_SIZE)
    );
  return isOwn ? new DataView(bytes.buffer).getBigUint64(HEADER_TABLE, true) : undefined;
}

/** Puts the code into a page of its own, and makes it the handler. */
function install(
  c: C,
  table: Block,
  code: Uint8Array,
  found: Uint8Array,
  pageSize: number,
): boolean {
  const length = BigInt(pageSize);
  const page = map(c, length);
  if (page === undefined) return false;
  // Some sandboxes forbid to map over memory, which is what the handler does: no load of a lost
  // page would ever return.
  const isReplaced = map(c, length, page) === page;
  c.memcpy(page, code, BigInt(code.length));
  // From here on nobody can write to it; before, nobody could execute it.
  if (isReplaced && c.mprotect(page, length, PROT_READ | PROT_EXEC) === 0) {
    const { address, int32, uint64 } = table;
    new Uint8Array(uint64.buffer, FOUND, SIGACTION_BYTES).set(found);
    uint64[OWN / 8] = page + BigInt(HANDLER);
    int32[(OWN + SA_FLAGS) / 4] = flagsOver(found);
    // What it replaces, which another thread may have installed meanwhile, the C library tells
    // the handler itself, which waits for it: a thread can fault before this one goes on.
    uint64[REPLACED / 8] = UNKNOWN_HANDLER;
    uint64[(REPLACED + SA_MASK) / 8] = UNKNOWN_MASK;
    int32[(REPLACED + SA_FLAGS) / 4] = UNKNOWN_FLAGS;
    atomics.store(uint64, PREVIOUS / 8, address + BigInt(REPLACED));
    const replaced = new Uint8Array(uint64.buffer, REPLACED, SIGACTION_BYTES);
    if (c.sigaction(SIGBUS, address + BigInt(OWN), replaced) === 0) return true;
  }
  c.munmap(page, length);
  return false;
}

/**
 * A handler that was there before goes on running on the stack that it asked
 * for, and system calls that it interrupts go on, or not, as it asked for. What both
 * do is one signal at a time: the frames of three would fill a stack as short as those
 * of Deno.
 */
function flagsOver(found: Uint8Array): number {
  const asked = handlerOf(found) <= SIG_IGN
    ? SA_ONSTACK | SA_RESTART
    : new DataView(found.buffer).getInt32(SA_FLAGS, true) & (SA_ONSTACK | SA_RESTART);
  return SA_SIGINFO | asked;
}

/** The guard, as one thread sees it. */
class Guard implements TruncationGuard {
  readonly #native: Native;
  readonly #c: C;
  readonly #pageSize: bigint;
  #blocks: readonly Block[] = [];
  /** Entries, counted through all blocks, that this thread has made free. */
  readonly #freed: FreeList<number> = new FreeList();
  /** Where it goes on to look for others, and how many of this pass were free. */
  #next = 0;
  #freeCount = 0;
  /** The action that there is, and the handler that it starts with. */
  readonly #action: Uint8Array = new Uint8Array(SIGACTION_BYTES);
  readonly #handler: BigUint64Array = new BigUint64Array(this.#action.buffer, 0, 1);

  constructor(native: Native, c: C, table: bigint, pageSize: number) {
    this.#native = native;
    this.#c = c;
    this.#pageSize = BigInt(pageSize);
    this.#append(table);
  }

  get isInPlace(): boolean {
    return this.#c.sigaction(SIGBUS, 0n, this.#action) === 0 &&
      this.#handler[0] === this.table.uint64[OWN / 8];
  }

  /** The first block, which has the handler's own fields too. */
  get table(): Block {
    return this.#blocks[0]!;
  }

  /**
   * Sets mappings aside that the handler takes where no more can be mapped: it unmaps pairs, so that
   * there can be others, or moves a page to where one is lost. No two of the pages are alike, so
   * that each is a mapping.
   */
  fillReserve(): void {
    const { int32, uint64 } = this.table;
    const pageSize = this.#pageSize;
    if ((int32[RESERVE / 4]! & Number(pageSize) - 1) !== 0) return; // some are left
    const found = atomics.load(uint64, RESERVE / 8);
    const byteLength = BigInt(2 * RESERVE_PAIRS) * pageSize;
    const address = map(this.#c, byteLength);
    if (address === undefined) return;
    let end = address + byteLength;
    while (end > address && this.#c.mprotect(end - pageSize, pageSize, PROT_NONE) === 0) {
      end -= 2n * pageSize;
    }
    const reserve = address + BigInt(RESERVE_PAIRS);
    // Where another thread has filled it meanwhile, it is another number.
    if (end === address && atomics.compareExchange(uint64, RESERVE / 8, found, reserve) === found) {
      return;
    }
    this.#c.munmap(address, byteLength);
  }

  add(address: bigint, byteLength: bigint): GuardEntry | undefined {
    this.fillReserve();
    for (;;) {
      const candidate = this.#freed.take() ?? this.#candidate();
      if (candidate === undefined) return undefined;
      const block = this.#blocks[Math.floor(candidate / ENTRIES_PER_BLOCK)]!;
      const { int32, uint64 } = block;
      const offset = ENTRIES + ENTRY_BYTES * (candidate % ENTRIES_PER_BLOCK);
      const index = (offset + STATE) / 4;
      const state = atomics.load(int32, index);
      if (
        (state & PHASES) !== FREE ||
        atomics.compareExchange(int32, index, state, state + CLAIMED) !== state
      ) continue;
      uint64[(offset + START) / 8] = address;
      uint64[(offset + END) / 8] = address + (byteLength + this.#pageSize - 1n & -this.#pageSize);
      int32[(offset + FAULTS) / 4] = 0;
      uint64.fill(0n, (offset + SETTLED) / 8, (offset + ENTRY_BYTES) / 8);
      atomics.store(int32, index, state + LIVE); // last: now the handler sees it
      const at = block.address + BigInt(offset);
      return new Entry(at, block, offset, () => this.#freed.add(candidate));
    }
  }

  /**
   * The next entry that is free. Where few of all that it has passed were, it makes
   * one more block before it starts again, so that it need not pass so many in vain.
   */
  #candidate(): number | undefined {
    for (let isSecond = false;; isSecond = true) {
      for (const count = ENTRIES_PER_BLOCK * this.#blocks.length; this.#next < count;) {
        const candidate = this.#next++;
        const { int32 } = this.#blocks[Math.floor(candidate / ENTRIES_PER_BLOCK)]!;
        const offset = ENTRIES + ENTRY_BYTES * (candidate % ENTRIES_PER_BLOCK);
        if ((int32[(offset + STATE) / 4]! & PHASES) !== FREE) continue;
        this.#freeCount++;
        return candidate;
      }
      if (this.#follow()) continue; // what other threads have added comes next
      const areFew = this.#freeCount < ENTRIES_PER_BLOCK * this.#blocks.length / 4;
      if (areFew && this.#grow()) continue;
      if (isSecond && this.#freeCount === 0) return undefined;
      this.#next = this.#freeCount = 0;
    }
  }

  /** Finds the blocks that other threads have added; tells whether there were any. */
  #follow(): boolean {
    const { length } = this.#blocks;
    for (let next; (next = atomics.load(this.#blocks.at(-1)!.uint64, NEXT / 8)) !== 0n;) {
      this.#append(next);
    }
    return this.#blocks.length > length;
  }

  /** Adds a block; tells whether there is memory for it. */
  #grow(): boolean {
    const address = map(this.#c, BigInt(BLOCK_BYTES));
    if (address === undefined) return false;
    const last = this.#blocks.at(-1)!.uint64;
    const next = atomics.compareExchange(last, NEXT / 8, 0n, address);
    if (next !== 0n) this.#c.munmap(address, BigInt(BLOCK_BYTES)); // another thread was faster
    this.#append(next === 0n ? address : next);
    return true;
  }

  #append(address: bigint): void {
    const block = new Block(address, this.#native.view(address, BLOCK_BYTES));
    this.#blocks = [...this.#blocks, block];
  }
}

/** The entry, which is live, at an address. Others than this thread find it when it is free. */
export function guardEntryAt(
  { native }: Pick<CLibrary, "native">,
  address: bigint,
): GuardEntry {
  return new Entry(address, new Block(address, native.view(address, ENTRY_BYTES)), 0, () => {});
}

/** One entry of the table, until it is free. */
class Entry implements GuardEntry {
  readonly address: bigint;
  readonly #int32: Int32Array;
  readonly #uint64: BigUint64Array;
  readonly #offset: number;
  readonly #released: () => void;
  /** What it was before it was vacated or suspended. */
  #before = LIVE;
  /** What was counted, once it is released. */
  #counted: number | undefined;

  constructor(address: bigint, { int32, uint64 }: Block, offset: number, released: () => void) {
    this.address = address;
    this.#int32 = int32;
    this.#uint64 = uint64;
    this.#offset = offset;
    this.#released = released;
  }

  get faults(): number {
    return this.#counted ?? atomics.load(this.#int32, (this.#offset + FAULTS) / 4) >>> 0;
  }

  get settledFaults(): number {
    return atomics.load(this.#int32, (this.#offset + SETTLED) / 4) >>> 0;
  }

  endAt(address: bigint): void {
    if (this.#counted === undefined) {
      atomics.store(this.#uint64, (this.#offset + END) / 8, address);
    }
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
    const counted = this.faults;
    this.#enter(PHASES + 1); // free, for the next use
    this.#counted = counted;
    this.#released();
  }

  #leaveFor(phase: number): void {
    const now = atomics.load(this.#int32, (this.#offset + STATE) / 4) & PHASES;
    if (now !== CLAIMED) this.#before = now; // it can be suspended once more
    this.#enter(phase);
  }

  #enter(phase: number): void {
    if (this.#counted !== undefined) return;
    const index = (this.#offset + STATE) / 4;
    const state = atomics.load(this.#int32, index);
    atomics.store(this.#int32, index, (state & ~PHASES) + phase);
  }
}
