/**
 * The accounts that simulated operating systems keep: of every page what it is
 * and what may be done with it, of every file and handle that is open. Any one
 * native call can be made to fail.
 *
 * Their addresses are none that a processor knows: a mapping that slips out
 * of a test cannot hit memory of the process.
 *
 * @module
 */
import type { Os } from "../../ffi/os/contract/os.ts";
import type { GuardEntry, TruncationGuard } from "../../ffi/os/contract/truncation_guard.ts";
import { FakeRuntime, type StandIns } from "./fake_runtime.ts";

/** A simulated system, opened. */
export interface SimulatedSystem {
  readonly os: Os;
  readonly runtime: FakeRuntime;
  readonly account: Account;
}

/** The last address of a process: no processor has as many. */
export const MAXIMUM_ADDRESS: bigint = 2n ** 62n - 1n;
/** Above all numbers that a process has for its files, and below those of the simulation. */
export const FIRST_FILE: number = 2 ** 28;
/** How long a page is, in bytes. */
export const PAGE = 4096n;
/** What addresses are a multiple of, in bytes. */
export const GRANULE = 65_536n;
/** How long the file is that every path and descriptor leads to, in bytes. */
export const FILE_BYTE_LENGTH: number = 5 * 65_536 + 123;

/** Which file every path leads to. */
export const FILE_IDENTITY = {
  device: 0xfe00_0001,
  inode: 0x1_0000_0002n,
  created: 1_700_000_000_123,
} as const;

/** Thrown by a call that the system refuses of its own accord, whatever else is to fail. */
export class Refusal {
  readonly error: number;

  constructor(error: number) {
    this.error = error;
  }
}

/** What a page is of, and what may be done with it. */
interface Page {
  /** Which mapping it is of, by its address. */
  readonly base: bigint;
  /** What it is, and last its protection, as a number. */
  readonly state: string;
  readonly isLocked: boolean;
}

/** Keeps account. */
export class Account {
  readonly pages: Map<bigint, Page> = new Map();
  /** What is open, by descriptor or handle. */
  readonly open: Map<number, string> = new Map();
  /** The names of the calls that can fail, in order. */
  readonly calls: string[] = [];
  /** What the next calls say that they have copied, in bytes; without: 1. */
  readonly copies: bigint[] = [];
  /** Which call is to fail, counted from 0, and its error. */
  fault: { readonly index: number; readonly error: number } | undefined;
  /** What is guarded from truncation, by the address of its entry. */
  readonly guarded: Map<bigint, { readonly start: bigint; readonly end: bigint }> = new Map();
  /** How long the file is, in bytes. */
  fileByteLength: number = FILE_BYTE_LENGTH;
  /** The code of the handler that is installed, with the address of its table in it. */
  installedCode: Uint8Array | undefined;
  /** The names that files of shared memory have, by their paths, and those of sections. */
  readonly names: Set<string> = new Set();
  /** Whose all files are, and their mode. */
  readonly owner: { user: number; mode: number } = { user: 1000, mode: 0o600 };
  /** The error by which files without a name are refused, where they are. */
  unnamedError: number | undefined;
  /** How many blocks the file system of shared memory has left. */
  freeBlocks: bigint = 2n ** 19n;
  /** What files of the kernel's say, by their paths. */
  readonly texts: Record<string, string> = {
    "/proc/meminfo": "MemTotal: 2000000 kB\nMemAvailable:    1000000 kB\nSwapFree: 500000 kB\n",
  };
  /** How long the process may make a file, in bytes; `undefined` where that cannot be asked. */
  fileLimit: bigint | undefined;
  /** Whether a signal comes upon a call that sets so many bytes aside. */
  interrupts: (byteLength: number) => boolean = () => false;
  /** How much may still be locked, in bytes. */
  lockable = 0n;
  #next = 2n ** 60n;
  #nextFile: number = FIRST_FILE;

  /** Counts a call; returns the error if it is to fail. */
  called(name: string): number | undefined {
    const index = this.calls.push(name) - 1;
    return this.fault?.index === index ? this.fault.error : undefined;
  }

  /**
   * Makes the stand-ins of calls that return something when they fail, and
   * tell why through `setError`: the error, or 0.
   */
  failable(
    setError: (error: number) => void,
    functions: Readonly<
      Record<
        string,
        [failed: number | bigint, call: (...args: never[]) => number | bigint]
      >
    >,
  ): StandIns {
    const standIns = Object.entries(functions).map(([name, [failed, call]]) => {
      const standIn = (...args: never[]) => {
        const error = this.called(name) ?? 0;
        setError(error);
        if (error !== 0) return failed;
        try {
          return call(...args);
        } catch (refusal) {
          if (!(refusal instanceof Refusal)) throw refusal;
          setError(refusal.error);
          return failed;
        }
      };
      return [name, standIn] as const;
    });
    return Object.fromEntries(standIns);
  }

  /** All that is mapped and open, as text. */
  toString(): string {
    const pages = [...this.pages].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([address, { state, isLocked }]) =>
        `${address.toString(16)} ${state}${isLocked ? " locked" : ""}`
      );
    const file = `the file has ${this.fileByteLength} bytes`;
    const guarded = [...this.guarded.values()].map(({ start, end }) =>
      `${end - start} bytes are guarded at ${start.toString(16)}`
    ).sort();
    const names = [...this.names].map((name) => `the name ${name}`).sort();
    return [...pages, ...this.open.values(), ...names, file, ...guarded].join("\n");
  }

  /** Counts what a guard guards. */
  watch(guard: TruncationGuard): TruncationGuard {
    return {
      get isInPlace() {
        return guard.isInPlace;
      },
      add: (address, byteLength) => {
        const entry = guard.add(address, byteLength);
        if (entry === undefined) return undefined;
        const end = (address + byteLength + PAGE - 1n) / PAGE * PAGE;
        this.guarded.set(entry.address, { start: address, end });
        return this.watchEntry(entry);
      },
    };
  }

  /** Counts one guarded mapping, in whichever thread's hands. */
  watchEntry(entry: GuardEntry): GuardEntry {
    let range = this.guarded.get(entry.address)!;
    return {
      address: entry.address,
      get faults() {
        return entry.faults;
      },
      get settledFaults() {
        return entry.settledFaults;
      },
      endAt: (address) => {
        range = { ...range, end: address };
        this.guarded.set(entry.address, range);
        entry.endAt(address);
      },
      vacate: () => entry.vacate(),
      suspend: () => {
        this.guarded.delete(entry.address);
        entry.suspend();
      },
      resume: () => {
        this.guarded.set(entry.address, range);
        entry.resume();
      },
      release: () => {
        this.guarded.delete(entry.address);
        const left = pagesOf(range.start, range.end - range.start);
        if (left.some((page) => this.pages.has(page))) {
          throw new Error(`A fault at 0x${range.start.toString(16)} would find no guard`);
        }
        entry.release();
      },
    };
  }

  opened(what: string): number {
    this.open.set(++this.#nextFile, what);
    return this.#nextFile;
  }

  closed(file: number): void {
    if (!this.open.delete(file)) throw new Error(`${file} is not open`);
  }

  /** Maps where nothing is; elsewhere where the address is taken or none. */
  map(address: bigint, byteLength: bigint, state: string, isFixed = false): bigint {
    let base = address;
    if (address === 0n || (!isFixed && this.#isTaken(address, byteLength))) {
      base = this.#next;
      this.#next += (byteLength / GRANULE + 2n) * GRANULE; // with space between
    }
    for (const page of pagesOf(base, byteLength)) {
      this.pages.set(page, { base, state, isLocked: false });
    }
    return base;
  }

  #isTaken(address: bigint, byteLength: bigint): boolean {
    return pagesOf(address, byteLength).some((page) => this.pages.has(page));
  }

  /** The first page that is mapped at an address or above. */
  pageFrom(address: bigint): bigint | undefined {
    const above = [...this.pages.keys()].filter((page) => page + PAGE > address);
    return above.length === 0 ? undefined : above.reduce((a, b) => a < b ? a : b);
  }

  /** Sees to it that a range is the library's own. */
  own(address: bigint, byteLength: bigint): void {
    if (pagesOf(address, byteLength).every((page) => this.pages.has(page))) return;
    throw new Error(`${byteLength} bytes at 0x${address.toString(16)} are not the library's own`);
  }

  unmap(address: bigint, byteLength: bigint): void {
    this.own(address, byteLength);
    for (const { start, end } of this.guarded.values()) {
      if (start >= address + byteLength || end <= address) continue;
      throw new Error(
        `The guard would take what is mapped at 0x${start.toString(16)} next for ours`,
      );
    }
    for (const page of pagesOf(address, byteLength)) this.pages.delete(page);
  }

  /** Unmaps what was mapped by one call, as Windows does. */
  unmapWhole(address: bigint): void {
    if (this.pages.get(address)?.base !== address) throw new Error("No mapping starts there");
    for (const [page, { base }] of this.pages) if (base === address) this.pages.delete(page);
  }

  /** The states of the pages of a range. */
  states(address: bigint, byteLength: bigint): string[] {
    this.own(address, byteLength);
    return pagesOf(address, byteLength).map((page) => this.pages.get(page)!.state);
  }

  /** Whether a page of a range is locked. */
  isLocked(address: bigint, byteLength: bigint): boolean {
    return pagesOf(address, byteLength).some((page) => this.pages.get(page)!.isLocked);
  }

  /** Changes what pages are. */
  change(address: bigint, byteLength: bigint, change: (state: string) => string): void {
    this.#change(address, byteLength, (page) => ({ ...page, state: change(page.state) }));
  }

  /** Locks pages, or unlocks them. */
  lock(address: bigint, byteLength: bigint, isLocked: boolean): void {
    this.#change(address, byteLength, (page) => ({ ...page, isLocked }));
  }

  /** Cuts what was mapped by one call into two. */
  split(address: bigint, byteLength: bigint): void {
    const first = new Set(pagesOf(address, byteLength));
    for (const [page, value] of this.pages) {
      if (value.base === address && !first.has(page)) {
        this.pages.set(page, { ...value, base: address + byteLength });
      }
    }
  }

  #change(address: bigint, byteLength: bigint, change: (page: Page) => Page): void {
    this.own(address, byteLength);
    for (const page of pagesOf(address, byteLength)) {
      this.pages.set(page, change(this.pages.get(page)!));
    }
  }
}

function pagesOf(address: bigint, byteLength: bigint): bigint[] {
  if (address % PAGE !== 0n) throw new Error("The address is not that of a page");
  const pages: bigint[] = [];
  for (let page = address; page < address + byteLength; page += PAGE) pages.push(page);
  return pages;
}

/** A runtime whose foreign memory is always there, and empty. */
export class SimulatedRuntime extends FakeRuntime {
  readonly #known: ReadonlyMap<bigint, ArrayBuffer>;
  /** What was viewed last at an address. */
  readonly viewed: Map<bigint, ArrayBuffer> = new Map();

  constructor(standIns: StandIns, known: ReadonlyMap<bigint, ArrayBuffer> = new Map()) {
    super(standIns, known);
    this.#known = known;
  }

  override view(address: bigint, byteLength: number): ArrayBuffer {
    if (this.#known.has(address)) return super.view(address, byteLength);
    const buffer = new ArrayBuffer(byteLength);
    this.viewed.set(address, buffer);
    return buffer;
  }
}
