/**
 * `mremap` of Linux, which moves pages, and maps them once more.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Failure } from "../contract/memory.ts";
import type { Remap } from "../contract/os.ts";
import { MAP_FAILED, type PosixShared } from "../posix/calls.ts";
import type { Repeat } from "../posix/mirrors.ts";

/** `MREMAP_MAYMOVE`: {@link https://man7.org/linux/man-pages/man2/mremap.2.html} */
export const MREMAP_MAYMOVE = 1;
/** `MREMAP_FIXED` */
export const MREMAP_FIXED = 2;
/** `MREMAP_DONTUNMAP`: Linux 5.7 */
export const MREMAP_DONTUNMAP = 4;

const FUNCTIONS = {
  // void *mremap(void *old_address, size_t old_size, size_t new_size, int flags, ...
  //   /* void *new_address */): on Linux, the last one is passed as the others are
  mremap: { parameters: ["usize", "usize", "usize", "i32", "usize"], result: "usize" },
} as const satisfies SymbolTable;

/** Opens the call that moves. */
export function linuxRemap(native: Native, failed: (syscall: string) => Failure): Remap {
  const { mremap } = native.open("libc.so.6", FUNCTIONS);
  const checked = (address: bigint) => address === MAP_FAILED ? failed("mremap") : address;
  return {
    extend(address, byteLength, newByteLength) {
      const extended = checked(mremap(address, byteLength, newByteLength, 0, 0n));
      return typeof extended === "bigint" ? undefined : extended;
    },
    grow: (address, byteLength, newByteLength) =>
      checked(mremap(address, byteLength, newByteLength, MREMAP_MAYMOVE, 0n)),
    leave(address, byteLength) {
      const flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
      return checked(mremap(address, byteLength, byteLength, flags, 0n));
    },
    moveOver(address, byteLength, target) {
      const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
      const moved = checked(mremap(address, byteLength, byteLength, flags, target));
      return typeof moved === "bigint" ? undefined : moved;
    },
  };
}

/** Opens `mremap`, which maps shared memory once more where its old size is 0. */
export function linuxRepeat(native: Native, { library, failed }: PosixShared): Repeat {
  const { mremap } = native.open(library, FUNCTIONS);
  return (address, byteLength) => {
    const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    const second = mremap(address, 0n, byteLength, flags, address + byteLength);
    return second === MAP_FAILED ? failed("mremap") : undefined;
  };
}
