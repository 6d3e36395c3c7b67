/**
 * How Linux maps memory once more.
 *
 * @module
 */
import type { Native, SymbolTable } from "../symbols.ts";
import { MAP_FAILED, type PosixShared } from "./posix.ts";
import type { Repeat } from "./posix_mirrors.ts";

/** `MREMAP_MAYMOVE`: {@link https://man7.org/linux/man-pages/man2/mremap.2.html} */
export const MREMAP_MAYMOVE = 1;
/** `MREMAP_FIXED` */
export const MREMAP_FIXED = 2;

const FUNCTIONS = {
  // void *mremap(void *old_address, size_t old_size, size_t new_size, int flags,
  //   ... /* void *new_address */): Linux passes it as it passes any other argument
  mremap: { parameters: ["usize", "usize", "usize", "i32", "usize"], result: "usize" },
} as const satisfies SymbolTable;

/** Opens `mremap`, which maps shared memory once more where its old size is 0. */
export function linuxRepeat(native: Native, { library, failed }: PosixShared): Repeat {
  const { mremap } = native.open(library, FUNCTIONS);
  return (address, byteLength) => {
    const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    const second = mremap(address, 0n, byteLength, flags, address + byteLength);
    return second === MAP_FAILED ? failed("mremap") : undefined;
  };
}
