/**
 * Deno: `Deno.dlopen`.
 *
 * @module
 */
import { bareTable, own } from "../own.ts";
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import { type MessageChannels, nextTurn } from "./event_loop.ts";
import type { Builtin } from "./node_files.ts";
import { heldLimits, type Pointer, type Runtime, type System, V8_WASM } from "./runtime.ts";
import { isAtLeast, maxV8BufferByteLength, type Versions } from "./versions.ts";

/** The used part of the `Deno` namespace. */
export interface DenoNamespace {
  /** {@link https://docs.deno.com/api/deno/~/Deno.dlopen} */
  dlopen(library: string, table: SymbolTable): { readonly symbols: unknown };
  /** {@link https://docs.deno.com/api/deno/~/Deno.version} */
  readonly version: Versions;
  /** {@link https://docs.deno.com/api/deno/~/Deno.build} */
  readonly build: { readonly os: string; readonly arch: string };
  /** {@link https://docs.deno.com/api/deno/~/Deno.UnsafePointer} */
  readonly UnsafePointer: { create(address: bigint): unknown };
  /** {@link https://docs.deno.com/api/deno/~/Deno.UnsafePointerView} */
  readonly UnsafePointerView: {
    getArrayBuffer(pointer: never, byteLength: number): ArrayBuffer;
  };
}

/** The names of Node.js for systems and processors that Deno names differently. */
const NODE_NAMES: Readonly<Record<string, string>> = {
  windows: "win32",
  x86_64: "x64",
  aarch64: "arm64",
};

/** The names that Deno's FFI has for the types of the tables: the same. */
export type DenoType = CType;

/** Returns the system. Does not use `process`, which takes Deno 14 ms to load. */
export function denoSystem({ build: { os, arch } }: Pick<DenoNamespace, "build">): System {
  return { platform: own(NODE_NAMES, os) ?? os, arch: own(NODE_NAMES, arch) ?? arch };
}

/** The first version that runs timers while a port is open. */
const TURN_BY_NOTIFY = "2.7.14";

/** The used part of `node:timers`, which can be faked. */
interface NodeTimers {
  /** {@link https://nodejs.org/api/timers.html#setimmediatecallback-args} */
  setImmediate(callback: () => void): void;
}

/** Makes the runtime of Deno; `builtin` finds a builtin module of Node.js. */
export function deno(Deno: DenoNamespace, builtin: Builtin): Runtime {
  const { dlopen, UnsafePointer, UnsafePointerView, version } = Deno;
  return {
    ...heldLimits(maxV8BufferByteLength(version)),

    system: denoSystem(Deno),

    refuseTransfer: undefined,
    wasm: V8_WASM,

    threadNative: () =>
      `{
      open: (library, table) => Deno.dlopen(library, table).symbols,
      view: (address, byteLength) =>
        Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address), byteLength),
    }`,

    open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
      return dlopen(library, bareTable(table, (described) => described)).symbols as Functions<T>;
    },

    view(address: bigint, byteLength: number): ArrayBuffer {
      return UnsafePointerView.getArrayBuffer(
        UnsafePointer.create(address) as never,
        byteLength,
      );
    },

    pointer(address: bigint): Pointer {
      return UnsafePointer.create(address) as Pointer;
    },

    nextTurn() {
      if (isAtLeast(version["deno"] ?? "", TURN_BY_NOTIFY)) {
        return nextTurn(globalThis as unknown as MessageChannels);
      }
      const { setImmediate } = builtin("node:timers") as NodeTimers;
      return new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
}
