/**
 * Bun: `bun:ffi`.
 *
 * @module
 */
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import type { Pointer, Runtime } from "./runtime.ts";

/** What is used of `bun:ffi`. */
export interface BunFfi {
  /** {@link https://bun.com/reference/bun/ffi/dlopen} */
  dlopen(
    library: string,
    table: Record<string, { args: BunType[]; returns: BunType }>,
  ): { readonly symbols: unknown };
  /** {@link https://bun.com/reference/bun/ffi/toArrayBuffer} */
  toArrayBuffer(
    address: bigint,
    byteOffset: number,
    byteLength: number,
  ): ArrayBuffer;
}

/** What is used of `node:worker_threads` in Bun. */
export interface BunWorkerThreads {
  /** {@link https://nodejs.org/api/worker_threads.html#workermarkasuntransferableobject} */
  markAsUntransferable(object: object): void;
}

/** The names that `bun:ffi` has for the types of the tables. */
export type BunType = "void" | "i32" | "u32" | "i64" | "usize" | "ptr";

const MIB = 2 ** 20;

const TYPES: Readonly<Record<CType, BunType>> = {
  void: "void",
  i32: "i32",
  u32: "u32",
  i64: "i64",
  usize: "usize",
  buffer: "ptr",
};

/** Makes the runtime of Bun. */
export function bun(
  { dlopen, toArrayBuffer }: BunFfi,
  { markAsUntransferable }: BunWorkerThreads,
): Runtime {
  return {
    // JavaScriptCore's MAX_ARRAY_BUFFER_SIZE; a longer one throws "Out of memory".
    maxViewByteLength: 4096 * MIB,
    // Bun counts a view's whole length as JavaScript heap: a long one that is
    // held makes its collector lazy, and making one makes it run.
    maxSharedByteLength: 64 * MIB,

    open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
      const translated = Object.fromEntries(
        Object.entries(table).map(([name, { parameters, result }]) => [
          name,
          {
            args: parameters.map((type) => TYPES[type]),
            returns: TYPES[result],
          },
        ]),
      );
      return dlopen(library, translated).symbols as Functions<T>;
    },

    view(address: bigint, byteLength: number): ArrayBuffer {
      // toArrayBuffer() refuses a length of 0, and its byteOffset is not to be
      // trusted past 2 GiB.
      const buffer = byteLength === 0 ? new ArrayBuffer(0) : toArrayBuffer(address, 0, byteLength);
      // Refuses postMessage() and structuredClone(), which the collector would
      // not see. In Bun it does not stop transfer(0), which detaches.
      markAsUntransferable(buffer);
      return buffer;
    },

    pointer(address: bigint): Pointer {
      return Number(address) as unknown as Pointer;
    },
  };
}
