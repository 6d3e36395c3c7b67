import { assert, assertEquals, assertThrows } from "@std/assert";
import { unlinkSync } from "node:fs";
import { host } from "../../ffi/host.ts";
import {
  allocationGranularity,
  type Mmap,
  MmapOptions,
  pageSize,
  type Region,
  regions,
} from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const GRANULE = allocationGranularity();
void host().os.regions; // before the tests: Deno counts a library that a test opens as a leak

/** Options for a place of its own: neither the system nor qemu tells of it and a neighbour as one. */
function apart(byteLength: number): MmapOptions {
  return new MmapOptions({ hint: freeAddress(byteLength) });
}

/** Maps at a place of its own. */
function mapped(pages: number): Mmap {
  const len = pages * PAGE;
  return use(apart(len).len(len).mapAnon());
}

/** The regions that have a byte of a mapping. */
function regionsOf({ address, byteLength }: Mmap, all: readonly Region[] = regions()): Region[] {
  const end = address + BigInt(byteLength);
  return all.filter((region) =>
    region.address < end && region.address + BigInt(region.byteLength) > address
  );
}

/** The access of each page of a mapping. */
function accessesOf(mmap: Mmap): string[] {
  const pages = Array<string>(mmap.byteLength / PAGE).fill("not mapped");
  for (const { address, byteLength, access } of regionsOf(mmap)) {
    const first = Number(address - mmap.address) / PAGE;
    pages.fill(access, Math.max(first, 0), Math.max(first + byteLength / PAGE, 0));
  }
  return pages;
}

test("regions() finds a mapping, and does not find it when it is unmapped", () => {
  const mmap = mapped(3);
  const { address, byteLength } = mmap;
  const [region, ...others] = regionsOf(mmap);
  assertEquals(others, []);
  const { access, isShared, path, isDeleted, residentByteLength } = region!;
  assertEquals(
    [region!.address, region!.byteLength, access, isShared, path, isDeleted, residentByteLength],
    [address, byteLength, "read-write", false, undefined, false, undefined],
  );
  mmap.unmap();
  assert(
    !regions().some((region) =>
      region.address <= address && region.address + BigInt(region.byteLength) > address
    ),
  );
});

test("regions() is in the order of addresses, overlaps nowhere, and has whole pages", () => {
  const all = regions();
  assert(all.length > 10);
  let end = 0n;
  for (const { address, byteLength } of all) {
    assert(address >= end);
    assert(byteLength > 0 && byteLength % PAGE === 0 && address % BigInt(PAGE) === 0n);
    end = address + BigInt(byteLength);
  }
});

test("regions() is a snapshot of its own each time", () => {
  const mmap = mapped(1);
  const [before] = regionsOf(mmap);
  mmap.protect("read");
  const [after] = regionsOf(mmap);
  assertEquals([before!.access, after!.access], ["read-write", "read"]);
});

test("regions() tells the access of each page after protect()", () => {
  const mmap = mapped(6);
  mmap.protect("read", PAGE, PAGE);
  mmap.protect("none", 2 * PAGE, PAGE);
  mmap.protect("read-execute", 3 * PAGE, 2 * PAGE);
  assertEquals(accessesOf(mmap), [
    "read-write",
    "read",
    "none",
    "read-execute",
    "read-execute",
    "read-write",
  ]);
  mmap.protect("read-write");
  assertEquals(accessesOf(mmap), Array(6).fill("read-write"));
});

test("regions() tells what is reserved, and what of it is committed", () => {
  const mmap = use(apart(4 * PAGE).len(4 * PAGE).reserve());
  assertEquals(accessesOf(mmap), Array(4).fill("none"));
  mmap.commit(PAGE, PAGE);
  assertEquals(accessesOf(mmap), ["none", "read-write", "none", "none"]);
});

test("regions() tells the files of mappings, and what may be done with them", () => {
  const folder = use(new TempFolder());
  const path = folder.file("a file", pattern(2 * GRANULE));
  const mappings = [
    use(apart(2 * GRANULE).map(path)),
    use(apart(2 * GRANULE).mapMut(path)),
    use(apart(GRANULE).offset(GRANULE).len(GRANULE).mapMut(path)),
  ];
  mappings[0]!.write(new Uint8Array([1]), PAGE); // which it copies
  const all = regions();
  const found = mappings.map((mmap) => {
    const [region, ...others] = regionsOf(mmap, all);
    assertEquals(others, []);
    return [
      region!.address,
      region!.byteLength,
      region!.access,
      region!.isShared,
      region!.path?.endsWith("a file"),
      region!.path?.toLowerCase() === path.toLowerCase() || platform !== "linux",
      region!.isDeleted,
    ];
  });
  assertEquals(
    found,
    mappings.map((mmap, index) => [
      mmap.address,
      mmap.byteLength,
      index === 0 ? "copy-on-write" : "read-write",
      index !== 0,
      true,
      true,
      false,
    ]),
  );
});

test("regions() tells files with odd names", () => {
  const folder = use(new TempFolder());
  const names = [
    "with  two spaces ",
    "new\nline",
    "new\n00010000-00011000 rwxp 00000000 00:00 0 line",
    "carriage\rreturn",
    "back\\slash",
    "\u2028 é \u{1f600}",
    "[heap]",
    "a".repeat(255),
  ];
  const mappings = names.map((name) => use(apart(PAGE).map(folder.file(name, pattern(PAGE)))));
  const all = regions();
  const paths = mappings.map((mmap) => regionsOf(mmap, all)[0]!.path);
  assertEquals(paths, names.map((name) => `${folder.path}/${name}`));
}, { skip: unlessLinux("other systems have no such names") });

test("regions() tells that a file was deleted", () => {
  const folder = use(new TempFolder());
  const path = folder.file("goes", pattern(PAGE));
  const mmap = use(apart(PAGE).map(path));
  unlinkSync(path);
  const [region] = regionsOf(mmap);
  assertEquals([region!.path, region!.isDeleted], [path, true]);
}, { skip: unlessLinux("Linux alone tells") });

test("regions() tells what the system calls memory of no file", () => {
  const names = regions().map(({ name }) => name);
  assert(names.includes("[stack]"), String(names));
}, { skip: unlessLinux("Linux alone has names") });

test("regions() tells the label that name() gave, where the kernel keeps labels", () => {
  const mmap = use(apart(PAGE).len(PAGE).name("sysalloc test").mapAnon());
  const [region] = regionsOf(mmap);
  assert(["sysalloc test", undefined].includes(region!.name), String(region!.name));
});

test("regions() tells shared memory of no file", () => {
  const mmap = use(new MmapOptions({ len: GRANULE }).mapMirrored());
  const found = regionsOf(mmap);
  assert(found.every(({ isShared, access }) => isShared && access === "read-write"));
  assertEquals(
    found.reduce((sum, { byteLength }) => sum + byteLength, 0),
    mmap.byteLength,
  );
});

test("regions() tells on request what is in RAM", () => {
  const mmap = mapped(8);
  const residentOf = () =>
    regionsOf(mmap, regions({ resident: true }))
      .reduce((sum, { residentByteLength }) => sum + residentByteLength!, 0);
  assertEquals(residentOf(), 0);
  mmap.write(new Uint8Array([1]), PAGE);
  mmap.write(new Uint8Array([1]), 3 * PAGE);
  assertEquals(residentOf(), 2 * PAGE);
  if (platform !== "linux") return; // elsewhere it may stay until memory is short
  mmap.discard();
  assertEquals(residentOf(), 0);
}, { skip: platform === "linux" ? withoutSmaps() : undefined });

test("regions() lists 10,000 mappings", () => {
  const COUNT = 10_000;
  const len = COUNT * PAGE;
  const mmap = use(apart(len).len(len).reserve());
  for (let page = 0; page < COUNT; page += 2) mmap.protect("read", page * PAGE, PAGE);
  const found = regionsOf(mmap);
  // The last page is not committed, and can be one with what is above.
  assert(found.length >= COUNT, String(found.length));
  assertEquals(
    accessesOf(mmap),
    Array.from({ length: COUNT }, (_, page) => page % 2 === 0 ? "read" : "none"),
  );
});

test("regions() throws when an option is unknown, of the wrong type or out of range", () => {
  const unknown = { residents: true } as never;
  assertThrows(
    () => regions(unknown),
    TypeError,
    '"residents" is unknown: the options are resident',
  );
  for (const bad of [null, 1, "self", true, Symbol("bad"), 1n, () => {}]) {
    assertThrows(() => regions(bad as never), TypeError, "The options must be an object");
  }
  for (const resident of [1, "yes", null, {}]) {
    assertThrows(() => regions({ resident: resident as never }), TypeError, "resident");
  }
  for (const pid of ["1", 1n, NaN, 0.5, null, {}, true]) {
    assertThrows(() => regions({ pid: pid as never }), TypeError, "pid must be a whole number");
  }
  for (const pid of [0, -1, 2 ** 31, Infinity, -Infinity]) {
    assertThrows(() => regions({ pid }), RangeError, "pid must be from 1");
  }
});
