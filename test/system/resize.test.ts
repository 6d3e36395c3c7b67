import { readFileSync, truncateSync } from "node:fs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MmapError } from "../../core/checks/errors.ts";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { allocationGranularity, type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import {
  mappedByteLength,
  smapsEntry,
  withoutRegions,
  withoutSmaps,
} from "../support/memory_map.ts";
import { TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const GRANULE = allocationGranularity();
const LENGTHS = [1, PAGE - 1, PAGE, PAGE + 1, 3 * GRANULE, 3 * GRANULE + 5];

/** A pattern that no two pages share. */
function pattern(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, index) => (index * 31 + index / PAGE) % 253);
}

function content(mmap: Mmap, byteLength: number): Uint8Array {
  const copy = new Uint8Array(byteLength);
  mmap.read(copy);
  return copy;
}

for (const isViewed of [false, true]) {
  test(`resize() keeps the content, from every length to every other, ${isViewed ? "viewed" : "never viewed"}`, () => {
    for (const from of LENGTHS) {
      for (const to of LENGTHS) {
        const mmap = new MmapOptions({ len: from }).mapAnon();
        const expected = pattern(from);
        mmap.write(expected);
        const view = isViewed ? mmap.view(Uint8Array) : undefined;
        mmap.resize(to);
        if (view !== undefined && from !== 0) assertEquals(view.length, 0);
        assertEquals([mmap.byteLength, mmap.bytes.length, mmap.access], [to, to, "read-write"]);
        const kept = Math.min(from, to);
        assertEquals(content(mmap, kept), expected.subarray(0, kept));
        assert(mmap.bytes.subarray(from).every((byte) => byte === 0));
        mmap.bytes.fill(1);
        mmap.resize(from); // back, which was viewed then
        assertEquals(mmap.bytes[0], 1);
        mmap.unmap();
        assertEquals(mmap.closed, true);
      }
    }
  });
}

test("resize() leaves nothing mapped behind", () => {
  const before = mappedByteLength();
  for (let round = 0; round < 300; round++) {
    const mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
    const behind = new MmapOptions({ len: PAGE }).mapAnon();
    mmap.resize(2 ** 21);
    mmap.resize(2 ** 22);
    mmap.resize(PAGE);
    mmap.unmap();
    behind.unmap();
  }
  const left = mappedByteLength() - before;
  // All that is given back is more than 900 MiB. A new thread of the runtime can take 64 MiB and more.
  assert(left < 2 ** 28, `${left} bytes are left mapped`);
}, { skip: withoutRegions() });

test("resize() keeps access, and refuses it mixed or decommitted", () => {
  for (const access of ["read", "read-write", "read-execute"] as const) {
    const mmap = use(new MmapOptions({ len: 3 * PAGE }).mapAnon());
    mmap.write(pattern(3 * PAGE));
    mmap.protect(access);
    for (const to of [40 * PAGE, 2 * PAGE]) {
      mmap.resize(to);
      assertEquals([mmap.access, mmap.accessAt(to - 1)], [access, access]);
      assertEquals(content(mmap, 2 * PAGE), pattern(2 * PAGE));
    }
    mmap.protect("read", 0, PAGE);
    mmap.protect("none", PAGE);
    assertEquals(codeOf(() => mmap.resize(9 * PAGE)), "EACCES");
    assertEquals(mmap.byteLength, 2 * PAGE);
  }
  const mmap = use(new MmapOptions({ len: 3 * PAGE }).mapAnon());
  mmap.bytes.fill(1);
  mmap.decommit(0, 3 * PAGE);
  assertEquals(codeOf(() => mmap.resize(9 * PAGE)), "EACCES");
  mmap.commit(0, 3 * PAGE);
  mmap.resize(9 * PAGE);
  assertEquals(mmap.bytes.every((byte) => byte === 0), true);
});

test("resize() keeps access, whatever a program has put in the place of the handle's", () => {
  const mmap = use(new MmapOptions({ len: PAGE }).mapAnon());
  mmap.protect("read");
  Object.defineProperty(mmap, "access", { value: "read-write" });
  mmap.resize(3 * PAGE);
  assertEquals([0, 2 * PAGE].map((offset) => mmap.accessAt(offset)), ["read", "read"]);
});

test("resize() makes a reservation longer and shorter", () => {
  const mmap = use(new MmapOptions({ len: 2 ** 30 }).reserve());
  mmap.resize(2 ** 34);
  assertEquals([mmap.byteLength, mmap.access], [2 ** 34, "none"]);
  mmap.resize(2 ** 20);
  mmap.commit(0, 2 ** 20);
  mmap.bytes.fill(1);
});

test("resize() makes and unmakes what decommit() and protect() do in place", () => {
  const mmap = use(new MmapOptions({ len: 5 }).mapAnon());
  mmap.bytes.fill(1);
  mmap.resize(PAGE); // the same page, of which a part was viewed
  mmap.decommit(0, PAGE);
  mmap.commit(0, PAGE);
  assertEquals(mmap.bytes.every((byte) => byte === 0), true);
});

test("resize() throws when closed, and for a length that is none", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  for (
    const [value, type] of [
      ["1", TypeError],
      [1.5, TypeError],
      [null, TypeError],
      [0, RangeError],
      [-1, RangeError],
      [2 ** 53, RangeError],
      [2n ** 64n, RangeError],
    ] as const
  ) {
    assertThrows(() => mmap.resize(value as never), type);
  }
  const { bytes } = mmap;
  mmap.resize(BigInt(PAGE));
  assertEquals([bytes.length, mmap.bytes.length], [0, PAGE]);
  mmap.unmap();
  assertEquals(codeOf(() => mmap.resize(1)), "EBADF");
});

test("resize() throws ENOTSUP with guard pages, and leaves them", () => {
  const mmap = use(new MmapOptions({ len: PAGE }).guard().mapAnon());
  const { bytes } = mmap;
  assertEquals(codeOf(() => mmap.resize(2 * PAGE)), "ENOTSUP");
  assertEquals(bytes.length, PAGE);
});

test("resize() leaves memory as it was when there is too little", () => {
  const mmap = use(new MmapOptions({ len: PAGE }).mapAnon());
  mmap.write(pattern(PAGE));
  mmap.bytes;
  for (const to of [2 ** 47, Number.MAX_SAFE_INTEGER]) {
    // Windows takes a length that no address space has for a bad argument.
    assertEquals(codeOf(() => mmap.resize(to)), platform === "win32" ? "EINVAL" : "ENOMEM");
    assertEquals([mmap.byteLength, content(mmap, PAGE)], [PAGE, pattern(PAGE)]);
  }
  mmap.bytes.fill(1);
});

test("resize() throws EBUSY when a buffer was transferred away", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  let moved: ArrayBuffer;
  try {
    moved = mmap.bytes.buffer.transfer();
  } catch {
    return; // this runtime does not let buffers be transferred
  }
  if (moved.byteLength === 0) return;
  assertEquals(codeOf(() => mmap.resize(2 * PAGE)), "EBUSY");
});

/** Runs with the path of a file. */
function withFile(bytes: Uint8Array, body: (path: string) => void): void {
  body(use(new TempFolder()).file("file", bytes));
}

for (const isViewed of [false, true]) {
  for (const offset of [0, 3, GRANULE, GRANULE + 7]) {
    test(`resize() of mapMut() makes the file longer, and never shorter, from offset ${offset}, ${isViewed ? "viewed" : "never viewed"}`, () => {
      const bytes = pattern(2 * GRANULE + 10);
      withFile(bytes, (path) => {
        const mmap = new MmapOptions({ offset }).mapMut(path);
        const { byteLength } = mmap;
        if (isViewed) mmap.bytes[0] = bytes[offset]!;
        for (const more of [1, 10, PAGE, 5 * GRANULE]) {
          mmap.resize(byteLength + more);
          mmap.write(new Uint8Array([more % 251]), byteLength + more - 1);
          mmap.flush();
          const file = new Uint8Array(readFileSync(path));
          assertEquals(file.length, offset + byteLength + more);
          assertEquals(file.at(-1), more % 251);
          assertEquals(file.subarray(0, bytes.length), bytes);
        }
        mmap.resize(1);
        assertEquals(content(mmap, 1)[0], bytes[offset]);
        assertEquals(readFileSync(path).length, offset + byteLength + 5 * GRANULE);
        mmap.resize(byteLength); // within the file
        assertEquals(readFileSync(path).length, offset + byteLength + 5 * GRANULE);
        mmap.protect("read");
        mmap.resize(byteLength + 9 * GRANULE);
        assertEquals([mmap.access, content(mmap, 1)[0]], ["read", bytes[offset]]);
        mmap.protect("read-write");
        mmap.bytes[0] = 99;
        mmap.unmap();
        assertEquals(readFileSync(path)[offset], 99);
      });
    });
  }
}

test("resize() of map(), mapRead() and mapExec() makes them shorter only", () => {
  withFile(pattern(3 * GRANULE), (path) => {
    for (const call of ["map", "mapRead", "mapExec"] as const) {
      const mmap = use(new MmapOptions()[call](path));
      mmap.resize(GRANULE + 1);
      assertEquals(content(mmap, GRANULE + 1), pattern(GRANULE + 1));
      assertEquals(codeOf(() => mmap.resize(GRANULE + 2)), "ENOTSUP");
      assertEquals(mmap.byteLength, GRANULE + 1);
    }
    assertEquals(readFileSync(path).length, 3 * GRANULE);
  });
});

test("resize() of mapMut() leaves the file as long as it was when there is no room", () => {
  withFile(pattern(PAGE), (path) => {
    const mmap = use(new MmapOptions().mapMut(path));
    assertThrows(() => mmap.resize(2 ** 52), MmapError);
    assertEquals([readFileSync(path).length, mmap.byteLength], [PAGE, PAGE]);
    assertEquals(content(mmap, PAGE), pattern(PAGE));
  });
});

test("resize() of mapMut() makes a file that was truncated long enough again", () => {
  withFile(pattern(2 * PAGE), (path) => {
    const mmap = use(new MmapOptions().mapMut(path));
    truncateSync(path, 1);
    mmap.resize(2 * PAGE + 1);
    assertEquals(content(mmap, 2)[1], 0);
    assertEquals(readFileSync(path).length, 2 * PAGE + 1);
  });
}, { skip: platform === "win32" ? "Windows truncates no mapped file" : undefined });

test("resize() in place does not forget that a view was asked for", () => {
  const mmap = new MmapOptions({ len: 3 * PAGE }).mapAnon();
  mmap.bytes;
  mmap.resize(3 * PAGE - 1);
  const before = heldRanges().count;
  mmap.unmap();
  assertEquals(heldRanges().count, before + 1);
});

test("resize() holds what is cut off, where a view was asked for", () => {
  const before = heldRanges().count;
  const mmap = use(new MmapOptions({ len: 3 * PAGE }).mapAnon());
  mmap.bytes;
  mmap.resize(PAGE);
  assertEquals(heldRanges().count, before + 1);
  const other = use(new MmapOptions({ len: 3 * PAGE }).mapAnon());
  other.resize(PAGE);
  assertEquals(heldRanges().count, before + 1);
}, { skip: platform === "win32" ? "Windows holds no parts" : undefined });

test(
  "resize() keeps memory that moved one mapping, which Linux can move again without a copy",
  () => {
    const step = 16 * PAGE;
    const mmap = use(new MmapOptions({ len: step }).mapAnon());
    for (let length = step; length < 8 * step; length += step) {
      mmap.bytes.fill(1, length - step);
      mmap.resize(length + step);
      assert(parseInt(smapsEntry(mmap.address)!.Size!) >= (length + step) / 1024);
    }
  },
  { skip: withoutSmaps() },
);

test(
  "resize() makes addresses longer that never were memory, in however many pieces they are",
  () => {
    const mmap = new MmapOptions({ len: 4 * PAGE }).reserve();
    mmap.advise("dont-fork", PAGE, PAGE);
    mmap.resize(2 ** 24);
    mmap.commit(2 ** 24 - PAGE, PAGE);
    assertEquals(mmap.view(Uint8Array, 2 ** 24 - PAGE)[PAGE - 1], 0);
    mmap.unmap();
  },
  { skip: unlessLinux("other systems have no such advice") },
);

test("resize() keeps what was stored before nothing may be done with it any more", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  mmap.write(Uint8Array.of(42));
  mmap.protect("none");
  const { address } = mmap;
  let byteLength = PAGE;
  while (mmap.address === address) mmap.resize(byteLength *= 2); // moved, at last
  mmap.resize(PAGE);
  mmap.resize(byteLength); // in place, of two pieces
  const blocker = new MmapOptions({ len: PAGE }) // what lies behind keeps it from growing there
    .withHint(mmap.address + BigInt(byteLength)).mapAnon();
  try {
    mmap.resize(4 * byteLength);
  } catch (error) {
    assertEquals((error as MmapError).code, "EACCES");
  }
  mmap.protect("read");
  assertEquals(content(mmap, 1)[0], 42); // whether it was moved or refused
  mmap.unmap();
  blocker.unmap();
}, { skip: unlessLinux("only Linux moves without a copy") });
