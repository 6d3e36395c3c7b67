import { assertEquals, assertThrows } from "@std/assert";
import { maxViewByteLength, MmapOptions } from "../mod.ts";
import { runtime, test, unlessLinux } from "./harness.ts";

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
        "4294967296 bytes: use view() for a part of it",
    );
  }
  mmap.unmap();
}, { skip });

test("view() as long as the longest view works, and one byte longer is refused", () => {
  const mmap = new MmapOptions({ len: LENGTH, noReserve: true }).mapAnon();
  const longest = maxViewByteLength();
  const view = mmap.view(Uint8Array, 4096, longest);
  view[longest - 1] = 9;
  assertEquals(mmap.view(Uint8Array, 4096 + longest - 1, 1)[0], 9);
  assertThrows(() => mmap.view(Uint8Array, 0, longest + 1), RangeError, "use several views");
  mmap.unmap();
  assertEquals(view.length, 0);
}, { skip: skip ?? (runtime === "bun" ? undefined : "views here are longer than address spaces") });
