/**
 * What a JavaScript runtime must offer to be supported: one value of
 * {@linkcode Runtime}. A new runtime is one new file beside this one.
 *
 * @module
 */
import type { Native } from "../symbols.ts";
import type { Versions } from "./versions.ts";

/** Buffers that cover a mapping: each view lies within one of them if it is at most a stride long. */
export interface BufferGrid {
  /** How far apart the buffers start, in bytes. */
  readonly stride: number;
  /** Their length in bytes: two strides. */
  readonly byteLength: number;
}

/** What an engine can bear, and how mappings are covered by buffers within that. */
export interface BufferLimits {
  /** The longest single view, in bytes. */
  readonly maxViewByteLength: number;

  /** Up to this many bytes a mapping gets one buffer that all its views share. */
  readonly maxSharedByteLength: number;

  /**
   * What a longer mapping gets. `"windows"`: a buffer for just the window of
   * each view, held weakly, where the engine counts the length of a buffer as
   * its heap and no buffer can be transferred to another thread. Grids, those
   * of short buffers first: the buffers that views fall into, held strongly,
   * so that a transfer is always noticed.
   */
  readonly longMappings: "windows" | readonly BufferGrid[];
}

/**
 * The limits of an engine whose buffers are at most so long, with grids of
 * buffers of these lengths, in bytes, the longest last.
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

/** A system, as Node.js's `process` names it. */
export interface System {
  /** `"linux"`, `"darwin"` or `"win32"`, if it is supported. */
  readonly platform: string;
  /** `"x64"` or `"arm64"`, if it is supported. */
  readonly arch: string;
}

/** What is used of Node.js's `process`. */
export interface NodeProcess extends System {
  readonly versions: Versions;
  readonly argv?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  cwd(): string;
  /** {@link https://nodejs.org/api/process.html#processpermissionhasscope-reference}; only there where not all is permitted */
  readonly permission?: { has(scope: "fs.read" | "fs.write", path: string): boolean };
  /** {@link https://nodejs.org/api/process.html#processgetbuiltinmoduleid} */
  getBuiltinModule(name: string): unknown;
}

/** How to call C, and how to see its memory, in one JavaScript runtime. */
export interface Runtime extends Native, BufferLimits {
  /** What it runs on. */
  readonly system: System;

  /**
   * The source of an object that does in another thread what {@linkcode Native.open}
   * and {@linkcode Native.view} do. A result of 64 bits may be a number there.
   */
  threadNative(): string;

  /**
   * Has a buffer refuse to be transferred away, where that leaves it detachable: for one
   * that callers get, and that nothing holds.
   */
  readonly refuseTransfer: ((buffer: ArrayBuffer) => void) | undefined;

  /** Turns an address into what this runtime's FFI takes for a pointer argument. */
  pointer(address: bigint): Pointer;

  /** Resolves once timers and input that are due had their turn, whatever a program did to its timers. */
  nextTurn(): Promise<void>;
}

/**
 * What this runtime's FFI takes for a pointer argument: `Deno.PointerObject`
 * in Deno, `Pointer` (a branded `number`) of `bun:ffi` in Bun, `bigint` in
 * Node.js. The type follows the runtime whose types the program is checked
 * with.
 */
export type Pointer = typeof globalThis extends {
  Deno: { UnsafePointer: { create(address: bigint): infer P } };
} ? NonNullable<P>
  : typeof globalThis extends { Bun: unknown } ? number & { __pointer__: null }
  : bigint;
