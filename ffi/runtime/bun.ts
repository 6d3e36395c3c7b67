/**
 * Bun: `bun:ffi`.
 *
 * @module
 */
import { bare, bareTable, own } from "../own.ts";
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import { nextTurnByFile, nextTurnByWait, type StatByCallback } from "./event_loop.ts";
import {
  type BufferLimits,
  heldLimits,
  type NodeProcess,
  type Pointer,
  type Runtime,
} from "./runtime.ts";
import { isAtLeast } from "./versions.ts";

/** The used part of `bun:ffi`. */
export interface BunFfi {
  /** {@link https://bun.com/reference/bun/ffi/dlopen} */
  dlopen(
    library: string,
    table: Record<string, { args: BunType[]; returns: BunType }>,
  ): { readonly symbols: unknown };
  /** {@link https://bun.com/reference/bun/ffi/toArrayBuffer} */
  toArrayBuffer(
    address: BunPointer | bigint,
    byteOffset: number,
    byteLength: number,
  ): ArrayBuffer;
}

/** A pointer argument of `bun:ffi`. */
export type BunPointer = number & { __pointer__: null };

/** The used part of `node:worker_threads` in Bun. */
export interface BunWorkerThreads {
  /** {@link https://nodejs.org/api/worker_threads.html#workermarkasuntransferableobject} */
  markAsUntransferable(object: object): void;
  /** {@link https://nodejs.org/api/worker_threads.html#workerismainthread} */
  readonly isMainThread: boolean;
}

/** The names that `bun:ffi` has for the types of the tables. */
export type BunType = "void" | "i32" | "u32" | "i64" | "usize" | "ptr";

type BunFunction = (...args: never[]) => number;

const MIB = 2 ** 20;

// Bun counts the whole length of a buffer as JavaScript heap. Its collector runs when a long buffer
// is made, and runs too rarely while one is held.
const WINDOWS: BufferLimits = {
  // JavaScriptCore's MAX_ARRAY_BUFFER_SIZE; a longer one throws "Out of memory".
  maxViewByteLength: 4096 * MIB,
  maxHeldByteLength: 64 * MIB,
};
// Bun before 1.4 cannot refuse a transfer, so the library holds the buffers to notice one. A buffer
// of 4 GiB would lose its length or its last byte.
const held = (): BufferLimits => heldLimits(3072 * MIB);

const TYPES: Readonly<Record<CType, BunType>> = bare({
  void: "void",
  i32: "i32",
  u32: "u32",
  i64: "i64",
  usize: "usize",
  buffer: "ptr",
});

const threadNative = () =>
  `{
  open(library, table) {
    const types = ${JSON.stringify(TYPES)};
    const translated = Object.entries(table).map(([name, { parameters, result }]) => [
      name,
      { __proto__: null, args: parameters.map((type) => types[type]), returns: types[result] },
    ]);
    const { dlopen } = process.getBuiltinModule("bun:ffi");
    return dlopen(library, Object.fromEntries(translated)).symbols;
  },
  view(address, byteLength) {
    const { toArrayBuffer } = process.getBuiltinModule("bun:ffi");
    return toArrayBuffer(Number(address), 0, byteLength);
  },
}`;

/** Makes the runtime of Bun. */
export function bun(
  { dlopen, toArrayBuffer }: BunFfi,
  process: NodeProcess,
): Runtime {
  const { platform, arch, getBuiltinModule } = process; // read once: a later replacement could unmap
  // Before 1.4, markAsUntransferable() is not implemented, and toArrayBuffer() misreads an address
  // that is a bigint.
  const is14 = isAtLeast(own(process.versions, "bun") ?? "", "1.4");
  // Loaded with the first buffer that a caller gets, because that takes 5 ms.
  let markAsUntransferable: BunWorkerThreads["markAsUntransferable"] | undefined;
  return {
    ...(is14 ? WINDOWS : held()),

    system: { platform, arch },

    threadNative,

    open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
      const translated = bareTable(table, ({ parameters, result }) => ({
        args: parameters.map((type) => TYPES[type]),
        returns: TYPES[result],
      }));
      const symbols = dlopen(library, translated).symbols as Record<string, BunFunction>;
      const unsigned = Object.entries(table)
        .filter((entry) => entry[1].result === "u32")
        // Before 1.4 the result is signed.
        .map(({ 0: name }) => [name, (...args: never[]) => symbols[name]!(...args) >>> 0]);
      return { ...symbols, ...Object.fromEntries(unsigned) } as Functions<T>;
    },

    view(address: bigint, byteLength: number): ArrayBuffer {
      // toArrayBuffer() refuses a length of 0, and its byteOffset is wrong past 2 GiB.
      return byteLength === 0
        ? new ArrayBuffer(0)
        : toArrayBuffer(is14 ? address : Number(address) as BunPointer, 0, byteLength);
    },

    // The mark makes postMessage() and structuredClone() refuse the buffer: the collector would not
    // see such a transfer. It does not stop transfer(0), which the library uses to detach.
    refuseTransfer: is14
      ? (buffer) => {
        markAsUntransferable ??=
          (getBuiltinModule("node:worker_threads") as BunWorkerThreads).markAsUntransferable;
        markAsUntransferable(buffer);
      }
      : undefined,

    wasm: {
      unmapsMemory: false,
      refusal(isShared) {
        if (!isShared) {
          return "Bun moves a memory that is not shared when it grows: make it with shared: true";
        }
        if (!(getBuiltinModule("node:worker_threads") as BunWorkerThreads).isMainThread) {
          return "Bun frees the memories of a worker that ends: map in the main thread, and post the buffer";
        }
        return /^(|0|false)$/.test(process.env["BUN_DESTRUCT_VM_ON_EXIT"] ?? "")
          ? undefined
          : "BUN_DESTRUCT_VM_ON_EXIT has Bun store zeros to all memories when it ends: unset it";
      },
    },

    pointer(address: bigint): Pointer {
      return Number(address) as unknown as Pointer;
    },

    nextTurn: is14
      ? nextTurnByWait
      : () => nextTurnByFile(getBuiltinModule("node:fs") as StatByCallback),
  };
}
