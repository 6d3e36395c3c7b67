/**
 * In which order bytes are copied that can be the same ones at two addresses.
 *
 * @module
 */

/** Where a byte is in memory that can be mapped at several addresses. */
export interface Place {
  /** The address of the mirror that it is of; 0 for all files, of which only the position counts. */
  readonly mirror: bigint;
  /** Its position in the file, or in the first half of the mirror. */
  readonly offset: number;
  /** The distance after which the same bytes follow again. */
  readonly period: number;
}

/**
 * How to copy: from the first byte on, from the last one on, by a copy of all, or in any way
 * where no byte is both read and stored to.
 */
export type CopyOrder = "any" | "forward" | "backward" | "whole";

/**
 * Orders a copy as `memmove` does, by positions in place of addresses. Which files they are
 * need not be known: where they differ, every order is right.
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

/** The most that is copied at a time where it goes through other memory, in bytes. */
const PIECE_BYTE_LENGTH = 262_144;

/** What one piece is copied through: bytes of their own, from `start` on. */
export type CopyPiece<T> = (bytes: Uint8Array<ArrayBuffer>, start: number) => T | undefined;

/** Copies in pieces through memory of their own; ends at the first that returns something. */
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
