/**
 * Deno: `Deno.dlopen`.
 *
 * @module
 */
import { bareTable, own } from "../own.ts";
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import { type MessageChannels, nextTurn } from "./event_loop.ts";
import type { Builtin } from "./node_files.ts";
import { gridLimits, type Pointer, type Runtime, type System } from "./runtime.ts";
import { isAtLeast, maxV8BufferByteLength, type Versions } from "./versions.ts";

/** What is used of the `Deno` namespace. */
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

/** The names that Deno has for systems and processors, where they are not those of Node.js. */
const NODE_NAMES: Readonly<Record<string, string>> = {
  windows: "win32",
  x86_64: "x64",
  aarch64: "arm64",
};

/** The types that Deno's FFI has under the same names: all of them. */
export type DenoType = CType;

/** What this system is, without `process`: Deno takes 14 ms to load that. */
export function denoSystem({ build: { os, arch } }: Pick<DenoNamespace, "build">): System {
  return { platform: own(NODE_NAMES, os) ?? os, arch: own(NODE_NAMES, arch) ?? arch };
}

/** Before, no timer runs as long as a port is open. */
const TURN_BY_NOTIFY = "2.7.14";

/** What is used of `node:timers`, which can be faked. */
interface NodeTimers {
  /** {@link https://nodejs.org/api/timers.html#setimmediatecallback-args} */
  setImmediate(callback: () => void): void;
}

/** Makes the runtime of Deno; `builtin` finds a builtin module of Node.js. */
export function deno(Deno: DenoNamespace, builtin: Builtin): Runtime {
  const { dlopen, UnsafePointer, UnsafePointerView, version } = Deno;
  return {
    ...gridLimits(maxV8BufferByteLength(version)),

    system: denoSystem(Deno),

    refuseTransfer: undefined,

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
