/**
 * The order of copies between memory that can be mapped at several addresses.
 *
 * @module
 */

/** The place of a byte in memory that can be mapped at several addresses. */
export interface Place {
  /** The address of the mirror; `0n` for a file. */
  readonly mirror: bigint;
  /** The position in the file, or in the first half of the mirror. */
  readonly offset: number;
  /** The distance at which the same bytes repeat. */
  readonly period: number;
}

/**
 * The order of a copy: from the first byte, from the last byte, through a copy of all bytes, or any
 * order if no byte is both read and stored to.
 */
export type CopyOrder = "any" | "forward" | "backward" | "whole";

/**
 * Orders a copy like `memmove`, but by positions instead of addresses. The file need not be
 * compared: between different files, every order is right.
 */
export function copyOrder(from: Place, to: Place, byteLength: number): CopyOrder {
  if (from.mirror !== to.mirror) return "any";
  const { period } = from;
  const ahead = to.offset - from.offset;
  if (period === Infinity) {
    if (Math.abs(ahead) >= byteLength) return "any";
    return ahead > 0 ? "backward" : "forward";
  }
  const distance = (ahead + period) % period;
  const startsWithin = distance < byteLength;
  const endsWithin = distance + byteLength > period;
  if (startsWithin && endsWithin) return "whole";
  return startsWithin ? "backward" : endsWithin ? "forward" : "any";
}

/** The longest piece of a copy through a buffer, in bytes. */
export const PIECE_BYTE_LENGTH = 262_144;

/**
 * Copies the piece that starts at `start` through a buffer. Returns `undefined` to continue, or the
 * final result.
 */
export type CopyPiece<T> = (piece: Uint8Array<ArrayBuffer>, start: number) => T | undefined;

/** Copies in pieces through a buffer. Stops at the first piece that returns a result. */
export function inPieces<T>(
  byteLength: number,
  order: CopyOrder,
  copy: CopyPiece<T>,
): T | undefined {
  const most = order === "whole" ? byteLength : Math.min(byteLength, PIECE_BYTE_LENGTH);
  const { buffer } = new Uint8Array(most);
  let ending: T | undefined;
  for (let done = 0; done < byteLength && ending === undefined;) {
    const length = Math.min(most, byteLength - done);
    const start = order === "backward" ? byteLength - done - length : done;
    ending = copy(new Uint8Array(buffer, 0, length), start);
    done += length;
  }
  return ending;
}
