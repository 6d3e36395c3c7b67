/**
 * A simulated runtime: it calls no C, but records what a system opens and calls, and answers by
 * stand-ins. So every system is tested on every host.
 *
 * @module
 */
import {
  type Pointer,
  type Runtime,
  V8_WASM,
  type WasmLimits,
} from "../../../ffi/runtime/runtime.ts";
import type { Functions, SymbolTable } from "../../../ffi/symbols.ts";

/** An argument of a C function of the tables. */
export type Argument = number | bigint | Uint8Array;

/** One call: the name of the C function, then its arguments. */
export type Call = readonly [name: string, ...args: Argument[]];

/** JavaScript functions in the place of C functions, by their names. */
export type StandIns = Readonly<Record<string, (...args: never[]) => number | bigint | void>>;

/** Linux' answers about a process that grows where no test maps anything. They are asked for before each hint. */
export const GROWTH: StandIns = { getauxval: () => 0n, getrlimit: () => -1, sbrk: () => 2n ** 63n };

/** A runtime whose C functions are stand-ins, and whose foreign memory is JavaScript's own. */
export class SimulatedRuntime implements Runtime {
  readonly system = { platform: "linux", arch: "x64" };
  readonly maxViewByteLength: number = Number.MAX_SAFE_INTEGER;
  readonly maxHeldByteLength: number = Number.MAX_SAFE_INTEGER;
  readonly refuseTransfer: undefined;
  readonly wasm: WasmLimits = V8_WASM;
  /** The libraries that were opened, in order. */
  readonly opened: { library: string; table: SymbolTable }[] = [];
  /** The calls, in order, without {@linkcode GROWTH}. */
  readonly calls: Call[] = [];
  readonly #standIns: StandIns;
  readonly #memory: ReadonlyMap<bigint, ArrayBuffer>;
  readonly #memoryElsewhere: (address: bigint, byteLength: number) => ArrayBuffer | undefined;

  constructor(
    standIns: StandIns,
    memory: ReadonlyMap<bigint, ArrayBuffer> = new Map(),
    memoryElsewhere: (address: bigint, byteLength: number) => ArrayBuffer | undefined = () =>
      undefined,
  ) {
    this.#standIns = standIns;
    this.#memory = memory;
    this.#memoryElsewhere = memoryElsewhere;
  }

  open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
    this.opened.push({ library, table });
    if ("syscall" in table && table["syscall"]!.parameters.length !== 7) {
      throw new Error("syscall() reads seven arguments: koffi 3.0 ends the process for fewer");
    }
    const functions = Object.keys(table).map((name) => {
      const standIn = this.#standIns[name];
      if (standIn === undefined) throw new Error(`${library} has no ${name}`);
      return [name, (...args: Argument[]) => {
        if (!Object.hasOwn(GROWTH, name)) this.calls.push([name, ...args]);
        return standIn(...args as never[]);
      }];
    });
    return Object.fromEntries(functions) as Functions<T>;
  }

  view(address: bigint, byteLength: number): ArrayBuffer {
    const buffer = this.#memory.get(address) ?? this.#memoryElsewhere(address, byteLength);
    if (buffer?.byteLength !== byteLength) {
      throw new Error(`No ${byteLength} bytes of memory stand at ${address}`);
    }
    return buffer;
  }

  threadNative(): string {
    return "";
  }

  nextTurn(): Promise<void> {
    return Promise.resolve();
  }

  pointer(address: bigint): Pointer {
    return address as unknown as Pointer;
  }
}
