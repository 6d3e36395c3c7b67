import { assert, assertEquals, assertThrows } from "@std/assert";
import { CoveredViews, gridCover } from "../../core/pages/covered_views.ts";
import { MmapOptions } from "../../mod.ts";
import { test } from "../support/harness.ts";

const STRIDE = 2 ** 16;
const LENGTH = 11 * STRIDE + 8;
const GRIDS = [1, 4].map((strides) => ({
  stride: strides * STRIDE,
  byteLength: 2 * strides * STRIDE,
}));

/** A mapping, and grids over it of short buffers, as they are over a very long one. */
function mapWithGrids(): { views: CoveredViews; bytes: Uint8Array; unmap: () => void } {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const stretch = {
    address: mmap.address,
    byteLength: LENGTH,
    period: LENGTH,
    pageOffset: 0,
    owner: {},
  };
  const views = new CoveredViews(stretch, gridCover(stretch, GRIDS));
  const unmap = () => {
    if (!views.isTransferred) views.detach();
    mmap.unmap();
  };
  return { views, bytes: mmap.bytes, unmap };
}

function byteView(
  views: CoveredViews,
  byteOffset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  return views.make(Uint8Array<ArrayBuffer>, byteOffset, length, length);
}

test("the views of grids reach every byte, by buffers no longer than the grids'", () => {
  const { views, bytes, unmap } = mapWithGrids();
  for (let index = 0; index < LENGTH; index += 8) bytes[index] = index / 8;
  for (const length of [0, 1, 8, STRIDE - 1, STRIDE, STRIDE + 1, 4 * STRIDE]) {
    for (let byteOffset = 0; byteOffset + length <= LENGTH; byteOffset += STRIDE / 2) {
      for (const start of [byteOffset - 1, byteOffset, LENGTH - length]) {
        if (start < 0) continue;
        const view = byteView(views, start, length);
        assertEquals(view.length, length);
        assert(view.buffer.byteLength <= (length <= STRIDE ? 2 : 8) * STRIDE);
        const [first, last] = [0, length - 1].map((index) => view[index]);
        assertEquals(
          [first, last],
          [0, length - 1].map((index) => bytes.subarray(start, start + length)[index]),
        );
      }
    }
  }
  const word = views.make(BigUint64Array, LENGTH - 8, 1, 8);
  word[0] = 0x0102n;
  assertEquals([...bytes.subarray(LENGTH - 8, LENGTH - 6)], [2, 1]);
  unmap();
});

test("the views of grids make one buffer for all views that fall into it", () => {
  const { views, unmap } = mapWithGrids();
  const { buffer } = byteView(views, 0, 1);
  assert(byteView(views, STRIDE - 1, STRIDE).buffer === buffer);
  assert(byteView(views, STRIDE, 1).buffer !== buffer);
  assert(byteView(views, 0, STRIDE + 1).buffer !== buffer);
  unmap();
});

test("the views of grids detach every buffer", () => {
  const { views, unmap } = mapWithGrids();
  const made = [0, STRIDE, 2 * STRIDE, LENGTH].map((start) =>
    byteView(views, start, Math.min(5, LENGTH - start))
  );
  made.push(byteView(views, 5, 3 * STRIDE));
  views.detach();
  assertEquals(made.map(({ buffer }) => buffer.detached), made.map(() => true));
  views.detach(); // nothing is left
  unmap();
});

test("the views of grids notice a transfer of any buffer, and are not detached then", () => {
  for (const start of [0, 3 * STRIDE, 10 * STRIDE]) {
    const { views, unmap } = mapWithGrids();
    byteView(views, 5 * STRIDE, 1);
    assertEquals(views.isTransferred, false);
    const moved = byteView(views, start, 1).buffer.transfer();
    assertEquals(views.isTransferred, true);
    assertThrows(() => views.detach(), TypeError);
    assertEquals(views.isTransferred, true);
    moved.transfer(0);
    unmap();
  }
});
