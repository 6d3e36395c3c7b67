/**
 * A simulated kernel: it keeps account of what is mapped, open and named, and any one call of it
 * can be made to fail.
 *
 * @module
 */
import type { Os } from "../../../ffi/os/contract/os.ts";
import { AddressSpace } from "./address_space.ts";
import { Guards } from "./guards.ts";
import type { SimulatedRuntime } from "./runtime.ts";

/** The length of the file that every path and descriptor leads to, in bytes. */
export const FILE_BYTE_LENGTH: number = 5 * 65_536 + 123;
/** The file that every path leads to. */
export const FILE_IDENTITY = {
  device: 0xfe00_0001,
  inode: 0x1_0000_0002n,
  created: 1_700_000_000_123,
} as const;
/** Above all numbers that a process has for its files, and below those of the simulation. */
export const FIRST_FILE: number = 2 ** 28;
/** The error that a call leaves where it succeeds, as any call may: an error that is read too late is this one. */
export const OVERWRITTEN = 4242;

/** A simulated system, opened. */
export interface SimulatedSystem {
  readonly os: Os;
  readonly runtime: SimulatedRuntime;
  readonly kernel: Kernel;
}

/** An error; the address at which a call maps, whatever it was asked for; 0 or `undefined` for neither. */
export type Outcome = number | bigint | undefined;

/** The outcomes of the calls of each name, in order; a number is the error of all of them. */
export type Outcomes = Readonly<Record<string, number | readonly Outcome[]>>;

/** Differences from the default machine. */
export interface Machine {
  /** As `process.arch` names it; default: one for which Linux has no machine code. */
  readonly arch?: string;
  readonly outcomes?: Outcomes;
  /** The C function that this version of the system lacks. */
  readonly missing?: string;
  /** The addresses of mappings that ask for no free one, in order; default: anywhere. */
  readonly places?: readonly bigint[];
  /** In bytes; default: 4096. */
  readonly pageSize?: number;
  /** In bytes, on Windows; default: 65,536. */
  readonly allocationGranularity?: number;
  /** Tells whether the page at an address is in RAM; default: none is. */
  readonly isResident?: (address: bigint) => boolean;
}

/** Thrown by a call that the kernel refuses of its own accord. */
export class Refusal {
  readonly error: number;

  constructor(error: number) {
    this.error = error;
  }
}

/** The state of one system. */
export class Kernel {
  readonly space: AddressSpace;
  readonly guards: Guards;
  readonly machine: Machine;
  /** The names of the calls that can fail, in order. */
  readonly calls: string[] = [];
  /** The call that fails, counted from 0, and its error. */
  fault: { readonly index: number; readonly error: number } | undefined;
  /** Everything that is open, by descriptor or handle. */
  readonly open: Map<number, string> = new Map();
  /** The paths of files of shared memory, and the names of sections. */
  readonly names: Set<string> = new Set();
  /** The protections with which views were mapped on Windows, by address. */
  readonly views: Map<bigint, number> = new Map();
  /** The attributes of the file on Windows. */
  attributes = 0;
  /** The length of the file, in bytes. */
  fileByteLength: number = FILE_BYTE_LENGTH;
  /** Whether it gives a name to the descriptor of a file without one, as Linux does from 6.10 on. */
  linksDescriptors = false;
  /** The number of the kind of file system that it is on: one like any other. */
  fileSystem = 0n;
  /** The kind of the file, as in `st_mode`. */
  kind = 0o100_000;
  /** The length of the blocks of the file. */
  blockByteLength = 4096;
  /** The longest that the process may make a file, in bytes; `undefined` where that cannot be asked. */
  fileLimit: bigint | undefined;
  /** The owner of every file, and its mode. */
  readonly owner: { user: number; mode: number } = { user: 1000, mode: 0o600 };
  /** The error by which files without a name are refused, if they are. */
  unnamedError: number | undefined;
  /** The texts of the kernel's own files, by path. */
  readonly texts: Record<string, string> = {
    "/proc/meminfo": "MemTotal: 2000000 kB\nMemAvailable:    1000000 kB\nSwapFree: 500000 kB\n",
  };
  /** Tells whether a signal interrupts a call that sets so many bytes aside. */
  interrupts: (byteLength: number) => boolean = () => false;
  /** The numbers of bytes that the next calls say that they have copied; default: 1. */
  readonly copies: bigint[] = [];
  /** The foreign memory that was viewed last at an address. */
  readonly viewed: Map<bigint, ArrayBuffer> = new Map();
  /** The code of the handler that is installed, with the address of its table in it. */
  installedCode: Uint8Array | undefined;
  /** The number of bytes that may still be locked, on Windows. */
  lockable = 0n;
  readonly #outcomes: Record<string, number | Outcome[]>;
  #nextFile: number = FIRST_FILE;
  #time = 0n;

  constructor(machine: Machine = {}) {
    this.machine = machine;
    this.space = new AddressSpace(machine.places);
    this.guards = new Guards(this.space);
    this.#outcomes = Object.fromEntries(
      Object.entries(machine.outcomes ?? {}).map(([name, outcomes]) =>
        [name, typeof outcomes === "number" ? outcomes : [...outcomes]] as const
      ),
    );
  }

  /** Counts a call; returns the error if it is to fail. */
  called(name: string): number | undefined {
    const index = this.calls.push(name) - 1;
    if (this.fault?.index === index) return this.fault.error;
    const outcomes = this.#outcomes[name];
    const outcome = typeof outcomes === "object" ? outcomes.shift() : outcomes;
    if (typeof outcome === "bigint") this.space.forced = outcome;
    return typeof outcome === "bigint" || outcome === 0 ? undefined : outcome;
  }

  /** Looks at the clock, in nanoseconds: each look takes ten milliseconds. */
  now(): bigint {
    return this.#time += 10_000_000n;
  }

  /** Shows foreign memory, which is always there, and empty. */
  view(address: bigint, byteLength: number): ArrayBuffer {
    const buffer = new ArrayBuffer(byteLength);
    this.viewed.set(address, buffer);
    return buffer;
  }

  opened(what: string): number {
    this.open.set(++this.#nextFile, what);
    return this.#nextFile;
  }

  closed(file: number): void {
    if (!this.open.delete(file)) throw new Error(`${file} is not open`);
  }

  /** All that is mapped, guarded, open and named, as text; also what is locked, if `showsLocks`. */
  toString(showsLocks = true): string {
    const names = [...this.names].map((name) => `the name ${name}`).sort();
    const file = `the file has ${this.fileByteLength} bytes`;
    return [this.space.toString(showsLocks), this.guards, ...this.open.values(), ...names, file]
      .join("\n");
  }
}
