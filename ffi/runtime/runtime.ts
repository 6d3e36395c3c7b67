/**
 * The contract of a JavaScript runtime: one value of {@linkcode Runtime}. A new
 * runtime is one new file beside this one.
 *
 * @module
 */
import type { Native } from "../symbols.ts";
import type { Versions } from "./versions.ts";

/** Overlapping buffers that cover a mapping: a view of at most one stride lies within one buffer. */
export interface BufferGrid {
  /** Distance between the starts of two buffers, in bytes. */
  readonly stride: number;
  /** Length of a buffer in bytes: two strides. */
  readonly byteLength: number;
}

/** The limits of an engine's buffers, and how buffers cover mappings within them. */
export interface BufferLimits {
  /** The longest single view, in bytes. */
  readonly maxViewByteLength: number;

  /** The longest mapping, in bytes, whose views all share one buffer. */
  readonly maxSharedByteLength: number;

  /**
   * The buffers of a longer mapping.
   *
   * - `"windows"`: one buffer for the window of each view, held weakly, for an engine that
   *   counts a buffer's length as heap and can refuse transfers to another thread.
   * - Grids, the shortest buffers first: the buffers that contain the views, held strongly, so
   *   that a transfer is always noticed.
   */
  readonly longMappings: "windows" | readonly BufferGrid[];
}

/**
 * The limits of an engine that needs grids, from the lengths of their buffers in
 * bytes, the longest last.
 */
export function gridLimits(...byteLengths: readonly number[]): BufferLimits {
  const grids = byteLengths.map((byteLength) => {
    const stride = Math.floor(byteLength / 2 ** 17) * 2 ** 16; // aligned for every type
    return { stride, byteLength: 2 * stride };
  });
  return {
    maxViewByteLength: grids.at(-1)!.stride,
    maxSharedByteLength: grids[0]!.stride,
    longMappings: grids,
  };
}

/** What an engine bears of files that are mapped over the memory of its WebAssembly modules. */
export interface WasmLimits {
  /**
   * Whether the engine unmaps the pages of a memory that it frees. Otherwise it stores zeros to
   * them, and uses them again.
   */
  readonly unmapsMemory: boolean;

  /** Returns why no file can be mapped over the pages of a memory; `undefined` if one can. */
  refusal(isShared: boolean): string | undefined;
}

/** The limits of V8. */
export const V8_WASM: WasmLimits = { unmapsMemory: true, refusal: () => undefined };

/** A system, in the terms of Node.js's `process`. */
export interface System {
  /** `"linux"`, `"darwin"` or `"win32"`, if it is supported. */
  readonly platform: string;
  /** `"x64"` or `"arm64"`, if it is supported. */
  readonly arch: string;
}

/** The part of Node.js's `process` that the library uses. */
export interface NodeProcess extends System {
  readonly versions: Versions;
  readonly argv?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  cwd(): string;
  /** {@link https://nodejs.org/api/process.html#processpermissionhasscope-reference}; undefined unless permissions are restricted */
  readonly permission?: { has(scope: "fs.read" | "fs.write", path: string): boolean };
  /** {@link https://nodejs.org/api/process.html#processgetbuiltinmoduleid} */
  getBuiltinModule(name: string): unknown;
}

/** The FFI of one JavaScript runtime: C calls, and views of memory. */
export interface Runtime extends Native, BufferLimits {
  /** The system that the runtime runs on. */
  readonly system: System;

  /**
   * Returns the source of an object that implements {@linkcode Native.open} and
   * {@linkcode Native.view} in another thread. A 64-bit result may be a number there.
   */
  threadNative(): string;

  /**
   * Makes a buffer refuse transfers, while `transfer(0)` still detaches it. Used for buffers that
   * only callers hold. `undefined` if the runtime does not support it.
   */
  readonly refuseTransfer: ((buffer: ArrayBuffer) => void) | undefined;

  /** What the engine bears of mapping over its memory. */
  readonly wasm: WasmLimits;

  /** Converts an address to a pointer argument of this runtime's FFI. */
  pointer(address: bigint): Pointer;

  /** Resolves after timers and input that are due had their turn, even with fake timers. */
  nextTurn(): Promise<void>;
}

/**
 * A pointer argument of this runtime's FFI: `Deno.PointerObject` in Deno, `Pointer`
 * (a branded `number`) of `bun:ffi` in Bun, `bigint` in Node.js. The type follows
 * the runtime whose types the program is checked with.
 */
export type Pointer = typeof globalThis extends {
  Deno: { UnsafePointer: { create(address: bigint): infer P } };
} ? NonNullable<P>
  : typeof globalThis extends { Bun: unknown } ? number & { __pointer__: null }
  : bigint;
