/**
 * Searching memory on Linux and macOS.
 *
 * @module
 */
import type { Searching } from "../contract/searching.ts";
import { POSIX } from "./calls.ts";
import type { CLibrary } from "./library.ts";

/** Opens `memchr` and `memmem`: {@link https://man7.org/linux/man-pages/man3/memmem.3.html}. */
export function posixSearching({ open }: CLibrary): Searching {
  const { memchr, memmem, memmove } = open(POSIX, "memchr", "memmem", "memmove");
  return {
    byte: (address, byteLength, value) => memchr(address, value, BigInt(byteLength)),
    bytes: (address, byteLength, pattern) =>
      memmem(address, BigInt(byteLength), pattern, BigInt(pattern.byteLength)),
    addressOf: (bytes) => memmove(bytes, 0n, 0n),
  };
}
