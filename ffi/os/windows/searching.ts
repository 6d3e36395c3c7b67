/**
 * Searching memory on Windows.
 *
 * @module
 */
import type { Searching } from "../contract/searching.ts";
import { UCRTBASE } from "./calls.ts";
import type { WindowsLibrary } from "./library.ts";

/**
 * Opens
 * {@link https://learn.microsoft.com/cpp/c-runtime-library/reference/memchr-wmemchr | memchr} of the
 * C library, which has no `memmem`.
 */
export function windowsSearching({ native }: WindowsLibrary): Searching {
  const { memchr, memmove } = native.open("ucrtbase.dll", UCRTBASE);
  return {
    byte: (address, byteLength, value) => memchr(address, value, BigInt(byteLength)),

    bytes(address, byteLength, pattern) {
      const buffer = native.view(address, byteLength);
      const end = endOfMatch(new Uint8Array(buffer), pattern);
      buffer.transfer(0); // no view outlives its memory
      return end === 0 ? 0n : address + BigInt(end - pattern.byteLength);
    },

    addressOf: (bytes) => memmove(bytes, 0n, 0n),
  };
}

/**
 * Returns one past the first match; 0 if there is none. This is the algorithm of Knuth, Morris and
 * Pratt, whose time is linear for every pattern.
 */
function endOfMatch(bytes: Uint8Array, pattern: Uint8Array): number {
  const { length } = pattern;
  /** For each number of matched bytes: the longest shorter match that ends there too. */
  const shorter = new Uint32Array(length + 1);
  const next = (matched: number, byte: number) => {
    while (matched > 0 && pattern[matched] !== byte) matched = shorter[matched]!;
    return pattern[matched] === byte ? matched + 1 : 0;
  };
  for (let index = 1; index < length; index++) {
    shorter[index + 1] = next(shorter[index]!, pattern[index]!);
  }
  for (let index = 0, matched = 0; index < bytes.length; index++) {
    matched = next(matched, bytes[index]!);
    if (matched === length) return index + 1;
  }
  return 0;
}
