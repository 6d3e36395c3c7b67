import { assert, assertEquals } from "@std/assert";
import { MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import {
  regions,
  residentByteLength,
  smapsEntry,
  withoutRegions,
  withoutSmaps,
} from "../support/memory_map.ts";
import { TempFolder } from "../support/temp_files.ts";

const MIB = 2 ** 20;
const TIB = 2 ** 40;

// A place of its own, below, keeps the system from merging a mapping with a neighbour.

test("populate() backs every page before mapAnon() returns", () => {
  const len = 16 * MIB;
  const mmap = new MmapOptions({ len, hint: freeAddress(len), populate: true }).mapAnon();
  assertEquals(residentByteLength(mmap.address, len), len);
  assertEquals(mmap.bytes[len - 1], 0);
  mmap.unmap();
}, { skip: withoutRegions() });

test("populate() backs the last page of a length that is not whole pages", () => {
  const len = 5 * pageSize() + 1;
  const mmap = new MmapOptions({ len, hint: freeAddress(len), populate: true }).mapAnon();
  assertEquals(residentByteLength(mmap.address, len), 6 * pageSize());
  mmap.unmap();
}, { skip: withoutRegions() });

test("populate() maps all pages of a file, and copies none", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", new Uint8Array(4 * MIB).fill(7));
  const mmap = use(new MmapOptions({ populate: true }).map(path));
  const { Rss, Anonymous } = smapsEntry(mmap.address)!;
  assertEquals([Rss, Anonymous], ["4096 kB", "0 kB"]);
  mmap.bytes[0] = 1;
  assertEquals([mmap.bytes[0], mmap.bytes[1]], [1, 7]);
}, { skip: withoutSmaps() });

test("mapAnon() backs no page without populate()", () => {
  const len = 16 * MIB;
  const mmap = new MmapOptions({ len, hint: freeAddress(len) }).mapAnon();
  assert(residentByteLength(mmap.address, len) <= len / 16);
  mmap.bytes[5 * MIB] = 1;
  assert(residentByteLength(mmap.address, len) > 0);
  mmap.unmap();
}, { skip: withoutRegions() });

for (const on of [true, false]) {
  test(`noReserve(${on}) ${on ? "sets" : "does not set"} the kernel's flag nr`, () => {
    const len = 16 * MIB;
    const mmap = new MmapOptions({ len, hint: freeAddress(len), noReserve: on }).mapAnon();
    const flags = smapsEntry(mmap.address)!.VmFlags!.split(" ");
    assertEquals(flags.includes("nr"), on);
    mmap.unmap();
  }, { skip: withoutSmaps() });
}

for (const on of [true, false]) {
  test(`noReserve(${on}) leaves all that is mapped committed`, () => {
    const len = 16 * MIB;
    const mmap = new MmapOptions({ len, noReserve: on }).mapAnon();
    const start = mmap.address;
    const region = regions().find((region) => region.start === start);
    assertEquals(region, { start, end: start + BigInt(len), committed: true });
    mmap.unmap();
  }, { skip: platform === "win32" ? undefined : "what is committed is Windows' to tell" });
}

test("noReserve() maps 1 TiB, of which the last byte can be written", () => {
  const mmap = new MmapOptions({ len: TIB, noReserve: true }).mapAnon();
  const last = mmap.view(Uint8Array, TIB - 1);
  last[0] = 42;
  assertEquals([last.length, last[0]], [1, 42]);
  mmap.unmap();
  assertEquals(last.length, 0);
}, { skip: unlessLinux("this system sets memory aside for all that is mapped") });
