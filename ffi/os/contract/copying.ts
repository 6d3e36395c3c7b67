/**
 * The contract of an operating system for copies from and to memory, if a plain load or store could
 * fault.
 *
 * @module
 */
import type { Failure } from "./memory.ts";

/** Copies from memory through the kernel, which reports a lost page as an error. */
export type KernelRead = (address: bigint, target: Uint8Array) => Failure | undefined;

/** Copies on one system. */
export interface Copying {
  /**
   * Copies from memory to `target`, which may overlap it. With `canFault`, a lost page
   * is a failure, not a signal.
   */
  read(address: bigint, target: Uint8Array, canFault: boolean): Failure | undefined;

  /**
   * Copies like `read()` with `canFault`, but keeps no resource for the next call: a
   * thread that ends would leak it. `undefined` if `read()` keeps none either.
   */
  readonly peek: KernelRead | undefined;

  /**
   * Returns the address of an array's first byte, which lasts only for memory that the engine
   * never moves. `undefined` on systems that cannot map over memory of the engine.
   */
  readonly addressOf: ((bytes: Uint8Array) => bigint) | undefined;

  /** Copies `source`, which may overlap it, to memory; see {@linkcode Copying.read}. */
  write(address: bigint, source: Uint8Array, canFault: boolean): Failure | undefined;
}
