/**
 * What an operating system must offer for copies from and to memory that a
 * plain load or store could fault in.
 *
 * @module
 */
import type { Failure } from "./memory.ts";

/** Copies from memory by the kernel, to which a page that is gone is an error. */
export type KernelRead = (address: bigint, target: Uint8Array) => Failure | undefined;

/** How one operating system copies. */
export interface Copying {
  /**
   * Copies from memory to `target`, which may overlap it. Where `canFault`, a
   * page that is gone is a failure, not a signal.
   */
  read(address: bigint, target: Uint8Array, canFault: boolean): Failure | undefined;

  /**
   * The same where it can fault, but nothing is kept for the next time: threads that
   * end leave what they keep. Left out where nothing is kept anyway.
   */
  readonly peek: KernelRead | undefined;

  /** Copies `source`, which may overlap it, to memory; see {@linkcode Copying.read}. */
  write(address: bigint, source: Uint8Array, canFault: boolean): Failure | undefined;
}
