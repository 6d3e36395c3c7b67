import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { readdirSync } from "node:fs";
import { allocationGranularity, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test, unlessLinux } from "../support/harness.ts";
import {
  isMapped,
  residentByteLength,
  withoutRegions,
  withoutSmaps,
} from "../support/memory_map.ts";
import { callAt } from "../support/stack_end.ts";

const LEN = 4 * allocationGranularity();
new MmapOptions({ len: LEN }).mapMirrored().unmap(); // before the tests: Deno counts a library that a test opens as a leak

test("mapMirrored() maps zeros of twice the length when asked for len bytes", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  assertEquals([mmap.byteLength, mmap.access, mmap.truncated], [2 * LEN, "read-write", false]);
  for (const copy of [0, LEN]) {
    assert(mmap.view(Uint8Array, copy).every((byte) => byte === 0));
  }
  mmap.unmap();
});

test("mapMirrored() has byte i at i + len too, both ways", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  const copies = [mmap.view(Uint32Array), mmap.view(Uint32Array, LEN)] as const;
  for (let index = 0; index < LEN / 4; index++) copies[index % 2]![index] = index * 7;
  for (const words of copies) assert(words.every((word, index) => word === index * 7));
  mmap.unmap();
});

test("view() of mirrored memory goes across its end", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  const across = mmap.view(Uint8Array, LEN - 3, 6);
  across.set([1, 2, 3, 4, 5, 6]);
  assertEquals([...mmap.view(Uint8Array, 0, 3)], [4, 5, 6]);
  assertEquals([...mmap.view(Uint8Array, 2 * LEN - 3)], [1, 2, 3]);
  mmap.unmap();
});

test("no view of mirrored memory, nor its buffer, holds a byte twice", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  assertEquals(mmap.bytes.length, LEN);
  assertStrictEquals(mmap.bytes, mmap.bytes);
  for (const start of [0, 1, 3, 7, 8, 100, LEN / 2, LEN - 8, LEN - 1, LEN, LEN + 13, 2 * LEN]) {
    const rest = Math.min(LEN, 2 * LEN - start);
    assertEquals(mmap.view(Uint8Array, start).length, rest);
    for (const length of [0, 1, 8, LEN / 2 - 1, LEN / 2 + 1, LEN - 8, LEN - 7, LEN - 1, LEN]) {
      if (length > rest) {
        assertThrows(() => mmap.view(Uint8Array, start, length), RangeError, `at most ${rest}`);
        continue;
      }
      const view = mmap.view(Uint8Array, start, length);
      assertEquals([view.length, view.buffer.byteLength <= LEN], [length, true]);
      view.fill(start);
      assert(
        length === 0 || mmap.view(Uint8Array, (start + length - 1) % LEN, 1)[0] === start % 256,
      );
    }
  }
  mmap.unmap();
});

test("sort() of any view of mirrored memory sorts", () => {
  for (const type of [Int32Array, Float64Array]) {
    const size = type.BYTES_PER_ELEMENT;
    for (const start of [0, size, LEN / 2 + size, LEN - size, LEN]) {
      const mmap = new MmapOptions({ len: LEN }).mapMirrored();
      const view = mmap.view<Int32Array | Float64Array>(type, start);
      for (let index = 0; index < view.length; index++) view[index] = (index * 7919) % 10_007;
      const expected = Array.from(view).sort((a, b) => a - b);
      assertEquals(Array.from(view.sort()), expected);
      mmap.unmap();
    }
  }
});

test("views of mirrored memory share few buffers, and unmap() detaches all", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  const views: Uint8Array[] = [];
  for (let start = 0; start < LEN; start += 16) views.push(mmap.view(Uint8Array, start, LEN / 4));
  assert(new Set(views.map(({ buffer }) => buffer)).size <= 5);
  for (let start = 1; start < 40; start++) views.push(mmap.view(Uint8Array, start, LEN));
  mmap.unmap();
  assert(views.every(({ buffer }) => (buffer as ArrayBuffer).detached));
});

test("a transfer of any buffer of mirrored memory is noticed", () => {
  for (const [start, length] of [[0, 8], [LEN / 2, 8], [LEN + 5, 1], [3, LEN]] as const) {
    const mmap = new MmapOptions({ len: LEN }).mapMirrored();
    void mmap.bytes;
    const moved = mmap.view(Uint8Array, start, length).buffer.transfer();
    assertStrictEquals(assertThrows(() => mmap.unmap(), MmapError).code, "EBUSY");
    assertEquals(moved.byteLength, LEN);
  }
});

test("read() and write() of mirrored memory go across its end", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  mmap.write(new Uint8Array([1, 2, 3, 4]), LEN - 2);
  const start = new Uint8Array(2);
  mmap.read(start);
  assertEquals([...start], [3, 4]);
  mmap.unmap();
});

test("unmap() of mirrored memory that was not viewed leaves nothing mapped", () => {
  const mmap = new MmapOptions({ len: LEN, hint: freeAddress(2 * LEN) }).mapMirrored();
  const { address } = mmap;
  assert(isMapped(address, 2 * LEN));
  mmap.unmap();
  assert(!isMapped(address, 2 * LEN));
  mmap.unmap();
}, { skip: withoutRegions() });

test("unmap() of mirrored memory that was viewed detaches the view and vacates both halves", () => {
  const mmap = new MmapOptions({ len: LEN, hint: freeAddress(2 * LEN) }).mapMirrored();
  const { address, bytes } = mmap;
  bytes.fill(1);
  mmap.view(Uint8Array, LEN).fill(2);
  assertStrictEquals(residentByteLength(address, 2 * LEN), 2 * LEN);
  mmap.unmap();
  assertStrictEquals(bytes.length, 0);
  assert(isMapped(address) && isMapped(address + BigInt(LEN)));
  assertStrictEquals(residentByteLength(address, 2 * LEN), 0);
}, { skip: unlessLinux("Windows cannot empty a view that may be in use") });

test("populate() backs mirrored memory", () => {
  const options = new MmapOptions({ len: LEN, hint: freeAddress(2 * LEN), populate: true });
  const mmap = options.mapMirrored();
  assert(residentByteLength(mmap.address, LEN) === LEN);
  mmap.unmap();
}, { skip: withoutRegions() });

test("strict() puts mirrored memory where the hint is, or throws EADDRNOTAVAIL", () => {
  const hint = freeAddress(2 * LEN);
  const options = new MmapOptions({ len: LEN, hint, strict: true });
  const mmap = options.mapMirrored();
  assertStrictEquals(mmap.address, hint);
  mmap.view(Uint8Array, 0, 1)[0] = 42;
  for (const taken of [hint, hint + BigInt(LEN)]) {
    const error = assertThrows(() => options.withHint(taken).mapMirrored(), MmapError);
    assertStrictEquals(error.code, "EADDRNOTAVAIL");
  }
  assertStrictEquals(mmap.view(Uint8Array, LEN, 1)[0], 42);
  mmap.unmap();
});

test("mapMirrored() throws a RangeError with the nearest lengths when len is not of whole granules", () => {
  const granularity = allocationGranularity();
  for (const len of [1, granularity - 1, granularity + 1, 2 ** 40 + 1, 2 ** 53 - 1]) {
    const error = assertThrows(() => new MmapOptions({ len }).mapMirrored(), RangeError);
    const below = len - len % granularity;
    assert(error.message.endsWith(`${len} lies between ${below} and ${below + granularity}`));
  }
});

test("mapMirrored() throws a RangeError when there is no length, an offset or too much of it", () => {
  const tooLong = 2 ** 52;
  for (
    const options of [
      {},
      { len: LEN, offset: 1 },
      { len: tooLong },
      { len: LEN, hint: 2n ** 64n - BigInt(LEN) },
    ]
  ) assertThrows(() => new MmapOptions(options).mapMirrored(), RangeError);
});

test("mapMirrored() throws ENOMEM when the address space is too small", () => {
  const options = new MmapOptions({ len: 2 ** 50 });
  assertStrictEquals(assertThrows(() => options.mapMirrored(), MmapError).code, "ENOMEM");
}, { skip: unlessLinux("the code differs") });

test("mirrored memory cannot be protected, committed, decommitted, discarded or given away", () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  const { bytes } = mmap;
  const page = pageSize();
  const calls = [
    () => mmap.protect("read"),
    () => mmap.protect("read-write"),
    () => mmap.commit(0, page),
    () => mmap.decommit(0, page),
    () => mmap.discard(),
    () => mmap.intoRaw(),
  ];
  for (const call of calls) {
    assertStrictEquals(assertThrows(call, MmapError).code, "ENOTSUP", String(call));
  }
  assertStrictEquals(bytes.length, LEN); // no view was detached
  mmap.flush();
  mmap.unmap();
});

test("lock(), resident() and prefault() work on mirrored memory", async () => {
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  await mmap.prefault();
  assertStrictEquals(mmap.resident(), 2 * LEN);
  mmap.lock(0, pageSize());
  mmap.unlock(0, pageSize());
  mmap.unmap();
}, { skip: unlessLinux("limits of locked memory differ") ?? withoutSmaps() });

test("mapMirrored() opens no descriptor", () => {
  const count = () => readdirSync("/proc/self/fd").length;
  const before = count();
  const mmap = new MmapOptions({ len: LEN }).mapMirrored();
  assertStrictEquals(count(), before);
  assertStrictEquals(mmap.closed, false);
  mmap.unmap();
}, { skip: platform === "linux" ? undefined : "/proc is Linux's" });

test("read() and write() of mapMirrored() copy what was there before, where the halves overlap", () => {
  const len = allocationGranularity();
  // How far the bytes are from what they are copied to, a half further.
  for (const [distance, count] of [[10, 1000], [-10, 1000], [143, 3000], [-143, 3000]] as const) {
    for (const verb of ["read", "write"] as const) {
      const mmap = new MmapOptions({ len }).mapMirrored();
      const { bytes } = mmap;
      for (let at = 0; at < len; at++) bytes[at] = at * 7 + (at >> 8);
      const [from, to] = [200, len + 200 + distance];
      const [source, target] = [from, to].map((start) => mmap.view(Uint8Array, start, count));
      const before = source!.slice();
      if (verb === "read") mmap.read(target!, from);
      else mmap.write(source!, to);
      assertEquals(target!.slice(), before);
      mmap.unmap();
    }
  }
});

test("mapMirrored() begins no step when little is left of the stack, so that none is lost", () => {
  const map = () => new MmapOptions({ len: LEN }).mapMirrored().unmap();
  const results: string[] = [];
  const attempt = () => void results.push(codeOf(map));
  attempt(); // compiles, for which V8 needs more of the stack
  callAt(200, attempt);
  assertEquals(results, ["undefined", "RangeError"]);
});
