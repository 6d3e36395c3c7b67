import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { test, unlessBun14, use } from "../support/harness.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";
import { makeMemory, withoutEngineMemory } from "../support/wasm_module.ts";

const PAGE = pageSize();
const LENGTH = 4 * PAGE;
/** In Bun a view of a mapping this long has a buffer of its own. */
const LONG = 65 * 2 ** 20;

function map(len: number = LENGTH): Mmap {
  return use(new MmapOptions({ len, noReserve: true }).mapAnon());
}

for (const [kind, len] of Object.entries({ short: LENGTH, long: LONG })) {
  test(`arrayBuffer() is exactly a range of a ${kind} mapping, and the same when asked again`, () => {
    const mmap = map(len);
    for (const [start, length] of [[0, len], [1, 3], [PAGE - 1, 2], [8, PAGE], [len, 0], [7, 0]]) {
      const buffer = mmap.arrayBuffer(start, length);
      assertEquals(buffer.byteLength, length);
      if (length === 0) continue;
      assert(mmap.arrayBuffer(start, length) === buffer);
      const bytes = new Uint8Array(buffer);
      bytes[length! - 1] = start! + 1;
      assertEquals(mmap.view(Uint8Array, start! + length! - 1)[0], (start! + 1) % 256);
      mmap.view(Uint8Array, start)[0] = 99;
      assertEquals(bytes[0], 99);
    }
    assertEquals([mmap.arrayBuffer().byteLength, mmap.arrayBuffer(5n).byteLength], [len, len - 5]);
    const copy = structuredClone(mmap.arrayBuffer(PAGE, 3));
    assertEquals(copy.byteLength, 3);
  });

  test(`protect() and decommit() detach the buffers of a ${kind} mapping's windows over pages`, () => {
    const mmap = map(len);
    const windows = [[0, PAGE], [0, PAGE + 1], [PAGE - 1, 2], [PAGE, 1], [2 * PAGE, 1], [0, len]];
    const buffers = () => windows.map(([start, length]) => mmap.arrayBuffer(start, length));
    const areKept = (all: ArrayBuffer[]) => all.map((buffer) => !buffer.detached);
    const before = buffers();
    mmap.unsafeProtect("read", PAGE, PAGE);
    assertEquals(areKept(before), [true, false, false, false, true, false]);
    for (const index of [1, 2, 3, 5]) {
      const [start, length] = windows[index]!;
      assertEquals(codeOf(() => mmap.arrayBuffer(start, length)), "EACCES");
    }
    assert(mmap.arrayBuffer(0, PAGE) === before[0]);
    mmap.protect("read-write");
    assert(before.every((buffer) => buffer.detached));
    const again = buffers();
    mmap.decommit(2 * PAGE, PAGE);
    assertEquals(areKept(again), [true, true, true, true, false, false]);
    mmap.unmap();
    assert(again.every((buffer) => buffer.detached));
  });
}

test("view() of any type works beside arrayBuffer() of a range that starts anywhere", () => {
  const mmap = map();
  for (const start of [1, 2, 4, 12]) {
    mmap.arrayBuffer(start, 64);
    assertEquals(mmap.view(BigUint64Array, 16, 2).length, 2);
  }
  const ring = use(new MmapOptions({ len: 2 ** 16 }).mapMirrored());
  assertEquals(ring.view(Uint8Array, 1, 2 ** 16).length, 2 ** 16);
  assertEquals(ring.view(Float64Array, 8, 8191).length, 8191);
});

test("protect() throws EBUSY until the buffer of a window is collected", () => {
  const mmap = map();
  const buffer = mmap.arrayBuffer(PAGE, 1);
  mmap.protect("read", 2 * PAGE); // other pages
  assertEquals(buffer.detached, false);
  assertEquals(codeOf(() => mmap.protect("read", PAGE, PAGE)), "EBUSY");
  assertEquals([buffer.detached, mmap.accessAt(PAGE)], [true, "read-write"]);
});

test("arrayBuffer() keeps one buffer for a window that is asked for again and again", () => {
  const mmap = map(LONG);
  const buffers = new Set(Array.from({ length: 10_000 }, (_, n) => mmap.arrayBuffer(n % 4, 64)));
  assertEquals(buffers.size, 4);
});

test("unmap() unmaps when a buffer of no bytes was transferred away", () => {
  for (const byteOffset of [0, 9, LENGTH]) {
    const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
    mmap.arrayBuffer(byteOffset, 0).transfer();
    mmap.unmap();
    assert(mmap.closed);
  }
});

test("unmap() throws EBUSY and changes nothing when the buffer of a window was transferred", () => {
  const ways = [
    (buffer: ArrayBuffer) => buffer.transfer(),
    (buffer: ArrayBuffer) => structuredClone(buffer, { transfer: [buffer] }),
  ];
  for (const way of ways) {
    for (const calls of [["unmap"], ["arrayBuffer", "unmap"]] as const) {
      const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
      const { bytes } = mmap;
      const [other, window] = [mmap.arrayBuffer(0, 8), mmap.arrayBuffer(9, 100)];
      new Uint8Array(window)[5] = 7;
      let moved: ArrayBuffer;
      try {
        moved = way(window);
      } catch (error) { // Bun refuses, and nothing has happened
        assertEquals((error as Error).name, "DataCloneError");
        mmap.unmap();
        assert(window.detached);
        continue;
      }
      for (const call of calls) assertEquals(codeOf(() => mmap[call](9, 100)), "EBUSY", call);
      assertEquals([mmap.closed, bytes.length, other.byteLength], [false, LENGTH, 8]);
      assertEquals([new Uint8Array(moved)[5], moved.byteLength], [7, 100]);
      assertEquals(codeOf(() => mmap.bytes), "EBUSY");
    }
  }
});

test("Bun refuses to post the buffer of a window", () => {
  const buffer = map().arrayBuffer(1, 2);
  const error = assertThrows(() => structuredClone(buffer, { transfer: [buffer] }));
  assertEquals(error.name, "DataCloneError");
}, { skip: unlessBun14 });

test("arrayBuffer() refuses what has no such buffer", () => {
  const mmap = map();
  const ranges = [[LENGTH + 1], [LENGTH, 1], [-1], [1, LENGTH], [0, -1], [0, 2 ** 53], [2 ** 60]];
  for (const range of ranges) assertThrows(() => mmap.arrayBuffer(...range), RangeError);
  for (const value of ["1", null, NaN, 0.5, {}]) {
    assertThrows(() => mmap.arrayBuffer(value as number), TypeError);
    assertThrows(() => mmap.arrayBuffer(0, value as number), TypeError);
  }
  const ring = use(new MmapOptions({ len: 2 ** 16 }).mapMirrored());
  assertEquals(ring.arrayBuffer().byteLength, 2 ** 16);
  assertEquals(ring.arrayBuffer(5, 2 ** 16).byteLength, 2 ** 16);
  assertThrows(() => ring.arrayBuffer(0, 2 ** 16 + 1), RangeError, "at most one copy");
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  assertEquals(codeOf(() => use(new MmapOptions().mapRead(path)).arrayBuffer()), "EACCES");
  const reserved = use(new MmapOptions({ len: 1 }).reserve());
  const words = '"read-write" throughout: call commit() or protect() first';
  assertEquals(assertThrows(() => reserved.arrayBuffer(), MmapError, words).code, "EACCES");
  mmap.unmap();
  assertEquals(codeOf(() => mmap.arrayBuffer()), "EBADF");
});

test("arrayBuffer() of memory of the engine is ENOTSUP, and says to use view()", () => {
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  const placed = use(new MmapOptions().into(makeMemory("shared", 1, 4), "grow").map(path));
  const shared = use(new MmapOptions({ len: LENGTH, sharedBuffer: true }).mapAnon());
  for (const mmap of [placed, shared]) {
    const error = assertThrows(() => mmap.arrayBuffer(0, 1), Error, "use view()");
    assertEquals((error as { code?: string }).code, "ENOTSUP");
  }
}, { skip: withoutEngineMemory });
