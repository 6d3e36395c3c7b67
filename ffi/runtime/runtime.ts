/**
 * The contract of a JavaScript runtime: one value of {@linkcode Runtime}. A new
 * runtime is one new file beside this one.
 *
 * @module
 */
import type { Native } from "../symbols.ts";
import type { Versions } from "./versions.ts";

/** The limits of an engine's buffers. */
export interface BufferLimits {
  /** The longest single view, in bytes. */
  readonly maxViewByteLength: number;

  /**
   * The longest mapping, in bytes, whose buffers the library holds, so that a transfer is always
   * noticed. An engine that counts a buffer's length as heap must refuse transfers of other buffers.
   */
  readonly maxHeldByteLength: number;
}

/** The limits of an engine whose buffers are all held, from the length of the longest, in bytes. */
export function heldLimits(byteLength: number): BufferLimits {
  return {
    // A buffer is at most twice as long as its view. Aligned for every type.
    maxViewByteLength: Math.floor(byteLength / 2 ** 17) * 2 ** 16,
    maxHeldByteLength: Number.MAX_SAFE_INTEGER,
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
