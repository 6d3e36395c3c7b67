/**
 * Finds a pattern in memory that can be loaded from.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";

/** The length of the pieces between which the way of searching can change, in bytes. */
const PIECE_BYTE_LENGTH = 2 ** 20;
/** The length of the first piece: a sample takes as long as a search of 16 KiB. */
const FIRST_BYTE_LENGTH = 2 ** 15;
const SAMPLE_BYTE_LENGTH = 4096;
/** How often a byte may turn up outside of a match in one piece. */
const TRIES = 4;

/**
 * Returns the offset of the first match, or -1. `memchr` is up to three times as fast as `memmem`,
 * but each byte that it finds costs a call. So it searches for a byte of the pattern that a sample
 * of the memory does not have, and `memmem` searches the pieces in which all bytes are frequent.
 */
export function find(address: bigint, byteLength: number, pattern: Uint8Array): number {
  const { length } = pattern;
  if (length === 1) return findByte(address, byteLength, pattern[0]!);
  let step = 0;
  let rare = -1;
  for (let start = 0; start + length <= byteLength; start += step) {
    // memmem reads the pattern for each piece.
    step = Math.max(start === 0 ? FIRST_BYTE_LENGTH : PIECE_BYTE_LENGTH, 4 * length);
    const piece = address + BigInt(start);
    const pieceByteLength = Math.min(step + length - 1, byteLength - start);
    if (rare === -1 && start > 0 && pieceByteLength >= FIRST_BYTE_LENGTH) {
      rare = rareIndex(piece, pattern);
    }
    let from = 0;
    for (let tries = 0; rare !== -1; tries++) {
      const starts = pieceByteLength - length + 1 - from;
      const place = piece + BigInt(from + rare);
      const found = starts > 0 ? findByte(place, starts, pattern[rare]!) : -1;
      if (found === -1) {
        from = pieceByteLength;
        break;
      }
      from += found;
      if (findBytes(piece + BigInt(from), length, pattern) === 0) return start + from;
      from++;
      if (tries === TRIES) rare = -1;
    }
    const rest = pieceByteLength - from;
    const found = rest < length ? -1 : findBytes(piece + BigInt(from), rest, pattern);
    if (found !== -1) return start + from + found;
  }
  return -1;
}

/** The index of a byte of the pattern that a sample of the memory does not have; -1 for none. */
function rareIndex(address: bigint, pattern: Uint8Array): number {
  const sample = new Uint8Array(SAMPLE_BYTE_LENGTH);
  host().os.copying.read(address, sample, false);
  const isThere = new Uint8Array(256);
  for (let index = 0; index < sample.length; index++) isThere[sample[index]!] = 1;
  return pattern.findIndex((byte) => isThere[byte] === 0);
}

function findByte(address: bigint, byteLength: number, value: number): number {
  const found = host().os.searching.byte(address, byteLength, value);
  return offsetOf(found, address, byteLength - 1);
}

function findBytes(address: bigint, byteLength: number, pattern: Uint8Array): number {
  const found = host().os.searching.bytes(address, byteLength, pattern);
  return offsetOf(found, address, byteLength - pattern.byteLength);
}

/**
 * The offset of a found address, at most `last`; -1 for none. No C library promises an address
 * within the range if another thread stores to the memory meanwhile.
 */
function offsetOf(found: bigint, address: bigint, last: number): number {
  const offset = Number(found - address);
  return offset >= 0 && offset <= last ? offset : -1;
}
