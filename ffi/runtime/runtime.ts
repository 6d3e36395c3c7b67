/**
 * What a JavaScript runtime must offer to be supported: one value of
 * {@linkcode Runtime}. A new runtime is one new file beside this one.
 *
 * @module
 */
import type { Native } from "../symbols.ts";

/** How far apart {@linkcode Runtime.longMappings}' overlapping buffers start, in bytes. */
export const BUFFER_STRIDE: number = 2 ** 30;

/** How to call C, and how to see its memory, in one JavaScript runtime. */
export interface Runtime extends Native {
  /** The longest single `ArrayBuffer` over foreign memory, in bytes. */
  readonly maxViewByteLength: number;

  /** Up to this many bytes a mapping gets one buffer that all its views share. */
  readonly maxSharedByteLength: number;

  /**
   * What a longer mapping gets: `"windows"`, a buffer for just the window of
   * each view, which is held weakly, where the engine counts the length of a
   * buffer as its heap and no buffer can be transferred to another thread;
   * else `"overlapping"`, a buffer for each stretch of it that is in use,
   * held strongly, so that a transfer is always noticed.
   */
  readonly longMappings: "windows" | "overlapping";

  /** Turns an address into what this runtime's FFI takes for a pointer argument. */
  pointer(address: bigint): Pointer;
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
