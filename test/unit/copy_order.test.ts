import { assert, assertEquals } from "@std/assert";
import { copyOrder, inPieces, type Place } from "../../core/pages/copy_order.ts";
import { test } from "../support/harness.ts";

const PIECE = 262_144;

function place(offset: number, period: number = Infinity, mirror = period === Infinity ? 0n : 1n) {
  return { mirror, offset: offset % period, period } satisfies Place;
}

/** Copies as an order says, byte by byte. */
function copied(
  memory: readonly number[],
  from: number,
  to: number,
  byteLength: number,
  order: string,
): number[] {
  const result = [...memory];
  const at = (position: number) => position % memory.length;
  for (let done = 0; done < byteLength; done++) {
    const index = order === "backward" ? byteLength - 1 - done : done;
    const source = order === "whole" ? memory : result;
    result[at(to + index)] = source[at(from + index)]!;
  }
  return result;
}

for (const kind of ["files", "mirrors"] as const) {
  test(`copyOrder() of ${kind} copies as memmove does, wherever the two ranges are`, () => {
    const LENGTH = 12;
    const memory = Array.from({ length: kind === "files" ? 3 * LENGTH : LENGTH }, (_, i) => i);
    const period = kind === "files" ? Infinity : LENGTH;
    const seen = new Set<string>();
    for (let byteLength = 1; byteLength <= LENGTH; byteLength++) {
      for (let from = 0; from < 2 * LENGTH; from++) {
        for (let to = 0; to < 2 * LENGTH; to++) {
          const order = copyOrder(place(from, period), place(to, period), byteLength);
          seen.add(order);
          const what = `${byteLength} bytes from ${from} to ${to}, ${order}`;
          const expected = copied(memory, from, to, byteLength, "whole");
          const orders = order === "any" ? ["forward", "backward"] : [order];
          for (const each of orders) {
            assertEquals(copied(memory, from, to, byteLength, each), expected, what);
          }
        }
      }
    }
    const orders = ["any", "backward", "forward", ...(kind === "mirrors" ? ["whole"] : [])];
    assertEquals([...seen].toSorted(), orders);
  });
}

test("copyOrder() lets any order do between a file and a mirror, and between two mirrors", () => {
  assertEquals(copyOrder(place(0), place(1, 8), 4), "any");
  assertEquals(copyOrder(place(0, 8, 1n), place(1, 8, 2n), 4), "any");
});

test("inPieces() takes each byte once, in order, through little memory of its own", () => {
  for (const byteLength of [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7]) {
    for (const order of ["forward", "backward", "whole"] as const) {
      const starts: number[] = [];
      let sum = 0;
      inPieces<never>(byteLength, order, (bytes, start) => {
        assert(order === "whole" || bytes.buffer.byteLength <= PIECE);
        assert(start + bytes.byteLength <= byteLength);
        starts.push(start);
        sum += bytes.byteLength;
        return undefined;
      });
      assertEquals(sum, byteLength);
      const sorted = starts.toSorted((a, b) => a - b);
      assertEquals(starts, order === "backward" ? sorted.toReversed() : sorted);
      assertEquals(new Set(starts).size, order === "whole" ? 1 : Math.ceil(byteLength / PIECE));
    }
  }
});

test("inPieces() ends at the first piece that fails", () => {
  let count = 0;
  assertEquals(
    inPieces(3 * PIECE, "forward", () => ++count === 2 ? "failed" : undefined),
    "failed",
  );
  assertEquals(count, 2);
});
