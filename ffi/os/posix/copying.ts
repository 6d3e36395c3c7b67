/**
 * Copying on Linux and macOS.
 *
 * @module
 */
import type { Copying, KernelRead } from "../contract/copying.ts";
import type { Failure } from "../contract/memory.ts";
import { POSIX } from "./calls.ts";
import type { CLibrary } from "./library.ts";

/** Copies by the kernel, which fails if a load or a store would fault. */
export interface KernelCopying {
  readonly read: KernelRead;
  /** See {@linkcode Copying.peek}. */
  readonly peek: KernelRead | undefined;
  write(address: bigint, source: Uint8Array): Failure | undefined;
}

/** Opens the copying calls of the C library. */
export function posixCopying({ open }: CLibrary, kernel: KernelCopying): Copying {
  const { memmove, bcopy } = open(POSIX, "memmove", "bcopy");
  return {
    peek: kernel.peek,
    addressOf: (bytes) => memmove(bytes, 0n, 0n),

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
