import { assert, assertEquals, assertThrows } from "@std/assert";
import { maxViewByteLength, MmapError, MmapOptions } from "../../mod.ts";
import { test, unlessLinux, use } from "../support/harness.ts";

const GIB = 2 ** 30;
const LENGTH = 8 * GIB;
const skip = unlessLinux("this system sets memory aside for all that is mapped");

test(
  "view() reads and writes 8 GiB at both ends, in the middle, and around 2 GiB and 4 GiB",
  () => {
    const mmap = new MmapOptions({ len: LENGTH, noReserve: true }).mapAnon();
    const edges = [0, 1, 2 * GIB - 1, 2 * GIB, 4 * GIB - 1, 4 * GIB, LENGTH / 2 + 5, LENGTH - 1];
    for (const [index, byteOffset] of edges.entries()) {
      mmap.view(Uint8Array, byteOffset, 1)[0] = index + 1;
    }
    for (const [index, byteOffset] of edges.entries()) {
      assertEquals(mmap.view(DataView, byteOffset, 1).getUint8(0), index + 1, String(byteOffset));
    }
    const word = mmap.view(BigUint64Array, LENGTH - 8);
    assertEquals(word[0]! >> 56n, 8n);
    mmap.unmap();
    assertEquals(word.length, 0);
  },
  { skip },
);

test("bytes covers 8 GiB where a view can be that long, and says to use view() where not", () => {
  const mmap = new MmapOptions({ len: LENGTH, noReserve: true }).mapAnon();
  if (maxViewByteLength() >= LENGTH) {
    mmap.bytes[LENGTH - 1] = 3;
    assertEquals([mmap.bytes.length, mmap.bytes[LENGTH - 1]], [LENGTH, 3]);
  } else {
    const error = assertThrows(() => mmap.bytes, RangeError);
    assertEquals(
      error.message,
      "This mapping of 8589934592 bytes is longer than the longest view in this runtime, " +
        `${maxViewByteLength()} bytes: use view() for a part of it`,
    );
  }
  mmap.unmap();
}, { skip });

/** Longer than any single buffer in the engines that have a limit below the address space. */
const VERY_LONG = 64 * GIB;

test("view() reaches every part of 64 GiB, by buffers that this engine can bear", () => {
  const mmap = new MmapOptions({ len: VERY_LONG, noReserve: true }).mapAnon();
  const edges = [0, GIB - 8, GIB, 3 * GIB, 31 * GIB - 8, 31 * GIB, 32 * GIB, VERY_LONG - 8];
  const views = edges.map((byteOffset) => mmap.view(Uint8Array, byteOffset, 8));
  for (const [index, view] of views.entries()) view.fill(index + 1);
  for (const [index, byteOffset] of edges.entries()) {
    assertEquals(mmap.view(DataView, byteOffset, 8).getUint8(7), index + 1, String(byteOffset));
  }
  mmap.unmap();
  assertEquals(views.map(({ length }) => length), edges.map(() => 0));
}, { skip });

test("unmap() throws EBUSY after any buffer of 64 GiB was transferred away", () => {
  for (const byteOffset of [0, 40 * GIB]) {
    const mmap = new MmapOptions({ len: VERY_LONG, noReserve: true }).mapAnon();
    mmap.view(Uint8Array, 40 * GIB, 1)[0] = 7;
    const moved = new Uint8Array(mmap.view(Uint8Array, byteOffset, 1).buffer.transfer());
    const error = assertThrows(() => mmap.unmap(), MmapError, "transferred away");
    assertEquals([error.code, mmap.closed], ["EBUSY", false]);
    moved[0] = 9; // still mapped
  }
}, { skip });

test("view() as long as the longest view works, and one byte longer is refused", () => {
  const longest = maxViewByteLength();
  const mmap = new MmapOptions({ len: 2 * longest, noReserve: true }).mapAnon();
  for (const byteOffset of [0, 4096, longest - 1, longest]) {
    const view = mmap.view(Uint8Array, byteOffset, longest);
    view[longest - 1] = 9;
    assertEquals(mmap.view(Uint8Array, byteOffset + longest - 1, 1)[0], 9);
  }
  const view = mmap.view(Uint8Array, 5, longest);
  assertThrows(() => mmap.view(Uint8Array, 0, longest + 1), RangeError, "use several views");
  mmap.unmap();
  assertEquals(view.length, 0);
}, {
  skip: skip ??
    (maxViewByteLength() < 2 ** 50 ? undefined : "views here are longer than address spaces"),
});

test("short views of a long mapping share buffers, reach each byte, and are all detached", () => {
  const MIB = 2 ** 20;
  const mmap = use(new MmapOptions({ len: 128 * MIB, noReserve: true }).mapAnon());
  const views: Uint8Array[] = [];
  const lengths = [1, 100, 4096, 65_535, 65_536];
  for (let at = 0; at < 2 * MIB; at += 997) { // across the multiples of 64 KiB, too
    const length = lengths[views.length % lengths.length]!;
    const view = mmap.view(Uint8Array, at, length);
    assertEquals(view.length, length);
    view[length - 1] = at % 251;
    const copy = new Uint8Array(1);
    mmap.read(copy, at + length - 1);
    assertEquals(copy[0], at % 251, `at ${at}`);
    views.push(view);
  }
  const last = mmap.view(Uint8Array, mmap.byteLength - 1, 1);
  last[0] = 7;
  assertEquals(mmap.view(DataView, mmap.byteLength - 65_536).getUint8(65_535), 7);
  views.push(last);
  const buffers = new Set(views.map(({ buffer }) => buffer));
  assert(buffers.size <= 2 * (2 * MIB / 65_536 + 2), `${buffers.size} buffers`);
  mmap.unmap();
  assert(views.every(({ length }) => length === 0));
});
