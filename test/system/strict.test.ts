import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { allocationGranularity, type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test } from "../support/harness.ts";
import { isMapped, mappedByteLength, withoutRegions } from "../support/memory_map.ts";

const GRANULARITY = allocationGranularity();
const LENGTH = 4 * GRANULARITY;

function refusal(options: MmapOptions): MmapError {
  try {
    options.mapAnon().unmap();
  } catch (error) {
    assert(error instanceof MmapError, String(error));
    return error;
  }
  throw new Error("It was mapped");
}

test("mapAnon() maps exactly at a strict hint that is free", () => {
  const hint = freeAddress(LENGTH);
  const mmap = new MmapOptions({ len: LENGTH, hint, strict: true }).mapAnon();
  assertEquals(mmap.address, hint);
  mmap.bytes.fill(1);
  mmap.unmap();
});

test("mapAnon() takes a strict hint for a length that is not whole pages", () => {
  const hint = freeAddress(LENGTH);
  const mmap = new MmapOptions({ len: LENGTH - 1, hint, strict: true }).mapAnon();
  assertEquals([mmap.address, mmap.byteLength], [hint, LENGTH - 1]);
  mmap.unmap();
});

test("mapAnon() refuses a strict hint that is taken, and keeps what is there", () => {
  const taken = new MmapOptions({ len: LENGTH }).mapAnon();
  taken.bytes.fill(0x5a);
  for (const offset of [0, LENGTH / 2]) {
    const requested = taken.address + BigInt(offset);
    const error = refusal(new MmapOptions({ len: LENGTH, hint: requested, strict: true }));
    assertEquals([error.code, error.requested], ["EADDRNOTAVAIL", requested]);
    assertNotEquals(error.actual, requested);
  }
  assert(taken.bytes.every((byte) => byte === 0x5a));
  taken.unmap();
});

test("mapAnon() refuses a strict hint whose range only ends in a taken one", () => {
  const free = freeAddress(2 * LENGTH);
  const taken = new MmapOptions({ len: LENGTH, hint: free + BigInt(LENGTH), strict: true })
    .mapAnon();
  taken.bytes.fill(0x5a);
  const error = refusal(new MmapOptions({ len: 2 * LENGTH, hint: free, strict: true }));
  assertEquals([error.code, error.requested], ["EADDRNOTAVAIL", free]);
  assert(taken.bytes.every((byte) => byte === 0x5a));
  taken.unmap();
});

test("mapAnon() refuses a strict hint outside of what a process can map", () => {
  for (const requested of [2n ** 60n, 2n ** 64n - BigInt(LENGTH)]) {
    const error = refusal(new MmapOptions({ len: LENGTH, hint: requested, strict: true }));
    assertEquals([error.code, error.requested], ["EADDRNOTAVAIL", requested]);
  }
});

test("mapAnon() leaves nothing mapped after a strict failure", () => {
  const GIB = 2 ** 30;
  const taken = new MmapOptions({ len: LENGTH }).mapAnon();
  const before = mappedByteLength();
  // On Windows a mapping counts towards the commit limit: a small one there.
  const len = platform === "win32" ? 2 ** 24 : GIB;
  for (const hint of [taken.address, 2n ** 60n]) {
    refusal(new MmapOptions({ len, hint, strict: true, noReserve: true }));
  }
  const more = mappedByteLength() - before;
  // A new thread of the runtime can take some 64 MiB of addresses.
  assert(more < Math.max(2 ** 24, len / 2), `${more} bytes more are mapped`);
  taken.unmap();
}, { skip: withoutRegions() });

test("mapAnon() refuses an unaligned strict hint, and maps nothing", () => {
  const hint = freeAddress(LENGTH);
  let name = "";
  try {
    new MmapOptions({ len: LENGTH, hint: hint + 1n, strict: true }).mapAnon();
  } catch (error) {
    ({ name } = error as Error);
  }
  assertEquals(name, "RangeError");
  assertEquals(isMapped(hint, LENGTH), false);
}, { skip: withoutRegions() });

test("mapAnon() maps elsewhere when a hint that is not strict is taken", () => {
  const taken = new MmapOptions({ len: LENGTH }).mapAnon();
  taken.bytes.fill(0x5a);
  const other = new MmapOptions({ len: LENGTH, hint: taken.address }).mapAnon();
  assertNotEquals(other.address, taken.address);
  other.bytes.fill(1);
  assert(taken.bytes.every((byte) => byte === 0x5a));
  other.unmap();
  taken.unmap();
});

test("mapAnon() maps somewhere when a hint that is not strict is unaligned or out of range", () => {
  const free = freeAddress(LENGTH + GRANULARITY);
  // Windows rounds a hint down to its granularity, and then maps more than was asked for.
  for (const hint of [1n, free + 1n, free + BigInt(GRANULARITY - pageSize()), 2n ** 60n + 5n]) {
    const mmap = new MmapOptions({ len: LENGTH, hint }).mapAnon();
    const { address } = mmap;
    assertEquals(address % BigInt(GRANULARITY), 0n);
    mmap.bytes.fill(1);
    mmap.unmap();
    releaseHeldRanges();
    if (address === free) assertEquals(isMapped(free, LENGTH + GRANULARITY), false);
  }
}, { skip: withoutRegions() });

test("mapAnon() meets a free hint that is not strict", () => {
  const hint = freeAddress(LENGTH);
  const mmap = new MmapOptions({ len: LENGTH, hint }).mapAnon();
  assertEquals(mmap.address, hint);
  mmap.unmap();
});

test("strict() without a hint has no effect", () => {
  const mmap = new MmapOptions({ len: 1, strict: true }).mapAnon();
  assertNotEquals(mmap.address, 0n);
  mmap.unmap();
});

test("unmap() frees exactly its own range among neighbours", () => {
  const base = freeAddress(3 * LENGTH);
  const [below, middle, above] = [0, 1, 2].map((index) =>
    new MmapOptions({ len: LENGTH, hint: base + BigInt(index * LENGTH), strict: true }).mapAnon()
  ) as [Mmap, Mmap, Mmap];
  for (const mmap of [below, middle, above]) mmap.bytes.fill(3);
  middle.unmap();
  releaseHeldRanges();
  assertEquals(isMapped(base + BigInt(LENGTH), LENGTH), false);
  for (const mmap of [below, above]) {
    assertEquals(isMapped(mmap.address, LENGTH), true);
    assert(mmap.bytes.every((byte) => byte === 3));
    mmap.unmap();
  }
}, { skip: withoutRegions() });

test("unmap() frees the last page of a length that is not whole pages", () => {
  const len = 3 * pageSize() + 1;
  const address = freeAddress(len);
  const mmap = new MmapOptions({ len, hint: address, strict: true }).mapAnon();
  assertEquals(isMapped(address + BigInt(3 * pageSize())), true);
  mmap.unmap();
  assertEquals(isMapped(address, 4 * pageSize()), false);
}, { skip: withoutRegions() });
