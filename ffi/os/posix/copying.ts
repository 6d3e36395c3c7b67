/**
 * Copying on Linux and macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Copying, KernelRead } from "../contract/copying.ts";
import type { Failure } from "../contract/memory.ts";
import type { MemoryCalls } from "./calls.ts";

/** What copying shares with anonymous memory. */
export interface CopyingShared {
  /** The C library's name. */
  readonly library: string;
  /** The calls of anonymous memory. */
  readonly memory: MemoryCalls;
  /** Makes the failure of the call that has just failed. */
  readonly failed: (syscall: string) => Failure;
}

/** Copies by the kernel, to which a page that is gone is an error. */
export interface KernelCopying {
  readonly read: KernelRead;
  /** See {@linkcode Copying.peek}. */
  readonly peek: KernelRead | undefined;
  write(address: bigint, source: Uint8Array): Failure | undefined;
}

const FUNCTIONS = {
  // void *memmove(void *dest, const void *src, size_t n)
  memmove: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  // void bcopy(const void *src, void *dest, size_t n): a memmove() the other way round
  bcopy: { parameters: ["buffer", "usize", "usize"], result: "void" },
} as const satisfies SymbolTable;

/** Opens the copying calls of the C library. */
export function posixCopying(native: Native, kernel: KernelCopying, library: string): Copying {
  const { memmove, bcopy } = native.open(library, FUNCTIONS);
  return {
    peek: kernel.peek,

    read(address, target, canFault) {
      if (canFault) return kernel.read(address, target);
      memmove(target, address, BigInt(target.byteLength));
      return undefined;
    },
    write(address, source, canFault) {
      if (canFault) return kernel.write(address, source);
      bcopy(source, address, BigInt(source.byteLength));
      return undefined;
    },
  };
}
