import { appendFileSync, statSync, truncateSync } from "node:fs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { Mmap, MmapOptions, pageSize, regions } from "../../mod.ts";
import { codeOf, errorOf } from "../support/errors.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { smapsEntry, withoutSmaps } from "../support/memory_map.ts";
import { randomBelow } from "../support/random.ts";
import { freshName } from "../support/shared_names.ts";
import { contents, pattern, readBytes, TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const CAPACITY = 2 ** 26;
const unlessNamed = unlessLinux("only Linux makes named memory longer");

const roomy = (len: number = PAGE) => new MmapOptions({ len, capacity: CAPACITY });
const folder = (): TempFolder => use(new TempFolder());

test("resize() within a capacity keeps the address, the content and the views", () => {
  for (const options of [roomy(100), roomy(100).guard(), roomy(100).align(2 ** 21)]) {
    const mmap = use(options.mapAnon());
    const { address } = mmap;
    const first = mmap.view(Uint32Array, 0, 25);
    first[0] = 1;
    for (const byteLength of [101, PAGE, PAGE + 1, 2 ** 20, CAPACITY]) {
      mmap.resize(byteLength);
      assertEquals([mmap.address, mmap.byteLength, mmap.bytes.length], [
        address,
        byteLength,
        byteLength,
      ]);
      assertEquals(mmap.bytes[byteLength - 1], 0);
      mmap.bytes[byteLength - 1] = 2;
    }
    assertEquals([first.length, first[0], mmap.bytes[100], mmap.bytes[PAGE]], [25, 1, 2, 2]);
    assertEquals(mmap.access, "read-write");
  }
});

test("resize() within a capacity detaches the views of what goes, and gives zeros back", () => {
  const mmap = use(roomy().mapAnon());
  const kept = mmap.view(Uint8Array);
  mmap.resize(4 * PAGE);
  const gone = mmap.view(Uint8Array, 3 * PAGE);
  mmap.bytes.fill(7);
  mmap.resize(PAGE + 1);
  assertEquals([kept.length, kept[0], gone.length], [PAGE, 7, 0]);
  assertThrows(() => mmap.view(Uint8Array, 0, PAGE + 2), RangeError);
  mmap.resize(4 * PAGE);
  assertEquals([mmap.bytes[PAGE], mmap.bytes[2 * PAGE], mmap.bytes[4 * PAGE - 1]], [7, 0, 0]);
});

test("resize() within a capacity equals a plain array, whatever the lengths", () => {
  const next = randomBelow(24);
  const { path } = folder();
  for (const kind of ["mapAnon", "mapMut", "map"]) {
    const file = `${path}/${kind}`;
    appendFileSync(file, pattern(20 * PAGE));
    const options = roomy(5).capacity(20 * PAGE);
    const mmap = use(
      kind === "mapAnon" ? options.mapAnon() : options[kind as "map" | "mapMut"](file),
    );
    const all = kind === "mapAnon" ? new Uint8Array(20 * PAGE) : pattern(20 * PAGE);
    for (let round = 0; round < 60; round++) {
      const before = mmap.byteLength;
      const byteLength = 1 + next(20 * PAGE);
      mmap.resize(byteLength);
      // Whole pages that go come back as they were at first.
      const stays = Math.ceil(Math.min(byteLength, before) / PAGE) * PAGE;
      if (byteLength < before && kind === "mapAnon") all.fill(0, stays);
      const isBack = kind === "map" && platform !== "win32"; // which keeps what was stored
      if (byteLength < before && isBack) all.set(pattern(20 * PAGE).subarray(stays), stays);
      assertEquals(readBytes(mmap, byteLength), all.subarray(0, byteLength));
      const at = next(byteLength);
      if (round % 3 === 0) mmap.view(Uint8Array, at, 1)[0] = round;
      else if (round % 3 === 1) mmap.bytes[at] = round;
      else mmap.write(Uint8Array.of(round), at);
      all[at] = round;
    }
  }
});

test("resize() within a capacity gives new pages the access of the last byte", () => {
  const mmap = use(roomy(2 * PAGE + 5).mapAnon());
  mmap.protect("read", PAGE);
  mmap.resize(5 * PAGE);
  assertEquals([0, PAGE, 3 * PAGE, 5 * PAGE - 1].map((at) => mmap.accessAt(at)), [
    "read-write",
    "read",
    "read",
    "read",
  ]);
  mmap.decommit(PAGE, 4 * PAGE);
  mmap.resize(6 * PAGE);
  assertEquals(mmap.accessAt(6 * PAGE - 1), "none");
  mmap.commit(PAGE, 5 * PAGE);
  assert(mmap.bytes.every((byte) => byte === 0));
});

test("resize() beyond a capacity is a RangeError, and so is a capacity below the length", () => {
  const mmap = use(roomy().mapAnon());
  const error = assertThrows(() => mmap.resize(CAPACITY + 1), RangeError);
  assert(error.message.includes(String(CAPACITY)), error.message);
  assertEquals(mmap.byteLength, PAGE);
  assertThrows(() => new MmapOptions({ len: 2, capacity: 1 }).mapAnon(), RangeError);
  const odd = use(new MmapOptions({ len: 1, capacity: PAGE + 1 }).mapAnon());
  odd.resize(2 * PAGE); // rounded up
});

test("capacity() beyond the address space is ENOMEM, and leaves nothing", () => {
  for (const capacity of [2 ** 52, 2 ** 53 - 1]) {
    const error = errorOf(() => new MmapOptions({ len: 1, capacity }).mapAnon());
    assert(["ENOMEM", "EINVAL"].includes(error.code), error.message);
  }
});

test("capacity() is refused where memory cannot grow", () => {
  const refused = [
    () => roomy().reserve(),
    () => roomy(2 ** 16).mapMirrored(),
    () => roomy().huge().mapAnon(),
    () => roomy().sharedBuffer().mapAnon(),
  ];
  for (const map of refused) assertThrows(map, RangeError);
  if (unlessNamed) {
    assertEquals(codeOf(() => roomy().mapShared(freshName(), { mode: "create" })), "ENOTSUP");
  }
});

test("capacity() takes no memory, and unmap() leaves no addresses of it", () => {
  const mmap = roomy().capacity(2 ** 36).mapAnon();
  const { address } = mmap;
  assertEquals(smapsEntry(address)?.["Size"], `${PAGE / 1024} kB`);
  assertEquals(smapsEntry(address + BigInt(PAGE))?.["Rss"], "0 kB");
  mmap.bytes[0] = 1;
  mmap.resize(2 * PAGE);
  releaseHeldRanges();
  mmap.unmap();
  assertEquals(heldRanges(), { count: 1, byteLength: 2 * PAGE });
  releaseHeldRanges();
  assertEquals(smapsEntry(address), undefined);
}, { skip: withoutSmaps() });

test("resize() within a capacity works while the memory is shared, and other handles see it", () => {
  const mmap = use(roomy().mapAnon());
  const kept = mmap.view(Uint8Array);
  const ticket = mmap.share();
  mmap.resize(2 * PAGE); // before the ticket is used
  const other = use(Mmap.fromTicket(ticket));
  assertEquals(other.byteLength, 2 * PAGE);
  other.resize(5 * PAGE + 1);
  assertEquals([mmap.byteLength, mmap.bytes.length, kept.length], [
    5 * PAGE + 1,
    5 * PAGE + 1,
    PAGE,
  ]);
  mmap.bytes[5 * PAGE] = 3;
  assertEquals(other.view(Uint8Array, 5 * PAGE)[0], 3);
  other.resize(7 * PAGE);
  mmap.resize(6 * PAGE); // the other one was faster
  assertEquals([mmap.byteLength, other.byteLength], [7 * PAGE, 7 * PAGE]);
  other.resize(8 * PAGE);
  mmap.resize(7 * PAGE); // the length that it had
  assertEquals([mmap.byteLength, other.byteLength], [8 * PAGE, 8 * PAGE]);
  for (const handle of [mmap, other]) {
    assertEquals(codeOf(() => handle.resize(PAGE)), "EBUSY");
    assertEquals(handle.byteLength, 8 * PAGE);
  }
});

test("resize() of another handle counts when it was the last call of that handle", () => {
  const mmap = use(roomy().mapAnon());
  const other = Mmap.fromTicket(mmap.share());
  other.resize(3 * PAGE);
  other.write(Uint8Array.of(5), 3 * PAGE - 1);
  other.unmap();
  mmap.protect("read"); // takes the memory back
  assertEquals([mmap.byteLength, mmap.access], [3 * PAGE, "read"]);
  assertEquals(readBytes(mmap, 1, 3 * PAGE - 1)[0], 5);
});

test("resize() of memory of parts works while it is shared", () => {
  const mmap = use(roomy(3 * PAGE).mapAnon());
  mmap.protect("read", 0, PAGE);
  mmap.protect("none", PAGE, PAGE);
  const ticket = mmap.share();
  mmap.resize(5 * PAGE); // before the ticket is used
  const other = use(Mmap.fromTicket(ticket));
  assertEquals(other.accessAt(4 * PAGE), "read-write");
  other.resize(9 * PAGE);
  for (const handle of [mmap, other]) {
    assertEquals([0, PAGE, 2 * PAGE, 8 * PAGE].map((at) => handle.accessAt(at)), [
      "read",
      "none",
      "read-write",
      "read-write",
    ]);
  }
  mmap.view(Uint8Array, 2 * PAGE)[6 * PAGE] = 1;
});

test("resize() of mapMut() with a capacity makes the file longer, and keeps it", () => {
  const path = folder().file("f", pattern(PAGE + 7));
  const mmap = use(roomy(5).offset(3).mapMut(path));
  const { address } = mmap;
  const kept = mmap.view(Uint8Array);
  mmap.resize(PAGE); // the file is long enough
  assertEquals(statSync(path).size, PAGE + 7);
  mmap.resize(5 * PAGE);
  assertEquals([mmap.address, kept[0], statSync(path).size], [
    address,
    pattern(4)[3],
    5 * PAGE + 3,
  ]);
  mmap.bytes[5 * PAGE - 1] = 9;
  assertEquals(contents(path)[5 * PAGE + 2], 9);
  mmap.resize(1);
  assertEquals([kept.length, statSync(path).size], [0, 5 * PAGE + 3]);
  const shared = use(Mmap.fromTicket(mmap.share()));
  if (platform === "darwin") return;
  shared.resize(8 * PAGE);
  assertEquals([mmap.byteLength, statSync(path).size], [8 * PAGE, 8 * PAGE + 3]);
});

test("resize() of map() with a capacity ends with the file", () => {
  const path = folder().file("f", pattern(2 * PAGE));
  const mmap = use(roomy(5).map(path));
  mmap.view(Uint8Array)[0] = 200;
  assertThrows(() => mmap.resize(2 * PAGE + 1), RangeError);
  assertEquals(mmap.byteLength, 5);
  mmap.resize();
  appendFileSync(path, Uint8Array.of(1, 2));
  mmap.resize();
  assertEquals([mmap.byteLength, mmap.bytes[0], mmap.bytes[2 * PAGE + 1]], [2 * PAGE + 2, 200, 2]);
  mmap.bytes[2 * PAGE] = 201;
  mmap.resize(PAGE);
  mmap.resize();
  const again = platform === "win32" ? 201 : 1;
  assertEquals([mmap.bytes[0], mmap.bytes[2 * PAGE]], [200, again]);
});

for (const call of ["mapRead", "mapExec"] as const) {
  test(`resize() of ${call}() with a capacity follows its file, whatever the access is`, () => {
    const path = folder().file("f", pattern(PAGE + 5));
    const mmap = use(roomy(0).offset(3)[call](path));
    const { access } = mmap;
    for (const pages of [2, 3, 7]) {
      appendFileSync(path, pattern(pages * PAGE + 9).subarray(statSync(path).size));
      if (pages === 3) mmap.protect("none");
      mmap.resize();
      assertEquals([mmap.access, mmap.accessAt(mmap.byteLength - 1)].includes("none"), pages === 3);
      mmap.protect(access as "read");
      const expected = pattern(pages * PAGE + 9).subarray(3);
      assertEquals(readBytes(mmap, mmap.byteLength), expected);
    }
  });
}

test("calls on a file work across what resize() added", async () => {
  const path = folder().file("f", pattern(5));
  const mmap = use(roomy(0).guard().mapMut(path));
  for (let pages = 1; pages < 6; pages++) mmap.resize(pages * PAGE + 7);
  const { byteLength } = mmap;
  mmap.write(new Uint8Array(3 * PAGE).fill(1), PAGE - 1);
  mmap.write(new Uint8Array(3 * PAGE).fill(2), PAGE + 1);
  mmap.flush(1, byteLength - 1);
  await mmap.flushAsync();
  mmap.advise("will-need");
  mmap.lock(PAGE - 1, 2 * PAGE);
  mmap.unlock();
  mmap.protect("read");
  assertEquals([mmap.indexOf(2), mmap.lastIndexOf(2)], [PAGE + 1, 4 * PAGE]);
  mmap.protect("read-write", PAGE, 3 * PAGE);
  mmap.resize(3 * PAGE);
  mmap.protect("read-write");
  const expected = new Uint8Array(byteLength);
  expected.set(pattern(5));
  expected.fill(1, PAGE - 1, 4 * PAGE - 1).fill(2, PAGE + 1, 4 * PAGE + 1);
  assertEquals(readBytes(mmap, 3 * PAGE), expected.subarray(0, 3 * PAGE));
  mmap.resize(byteLength);
  assertEquals(mmap.bytes.subarray(), expected);
  assertEquals(contents(path), expected);
});

test("map() with a capacity keeps its stores when it becomes longer", () => {
  const path = folder().file("f", pattern(9 * PAGE));
  const mmap = use(roomy(1).map(path));
  for (let pages = 1; pages < 9; pages++) {
    mmap.resize(pages * PAGE);
    mmap.view(Uint8Array, pages * PAGE - 1, 1)[0] = pages;
  }
  mmap.resize();
  const expected = pattern(9 * PAGE);
  for (let pages = 1; pages < 9; pages++) expected[pages * PAGE - 1] = pages;
  assertEquals(mmap.bytes.subarray(), expected);
  assertEquals(contents(path), pattern(9 * PAGE));
});

test("unmap() of a file that grew leaves no part of it mapped", () => {
  const path = folder().file("grown", pattern(5));
  const mmap = use(roomy(0).guard().mapMut(path));
  for (const pages of [1, 2, 5]) mmap.resize(pages * PAGE);
  const parts = () => regions().filter((region) => region.path?.endsWith("grown"));
  assert(parts().length > 0);
  mmap.unmap();
  assertEquals(parts(), []);
  truncateSync(path, 0);
});

test("resize() follows a file that became shorter, and longer again", () => {
  const path = folder().file("f", pattern(4 * PAGE));
  for (const call of ["map", "mapMut"] as const) {
    const mmap = use(roomy(0)[call](path));
    const last = mmap.view(Uint8Array, 3 * PAGE);
    truncateSync(path, PAGE + 1);
    if (mmap.truncationGuarded) assertEquals([last[0], mmap.truncated], [0, true]);
    mmap.resize();
    assertEquals([mmap.byteLength, mmap.truncated, mmap.lostByteLength], [PAGE + 1, false, 0]);
    appendFileSync(path, pattern(4 * PAGE).subarray(PAGE + 1));
    mmap.resize();
    assertEquals(mmap.bytes.subarray(), pattern(4 * PAGE));
    assertEquals([mmap.truncated, mmap.lostByteLength], [false, 0]);
    truncateSync(path, 0);
    assertEquals(codeOf(() => mmap.resize()), "EINVAL");
    appendFileSync(path, pattern(4 * PAGE));
  }
}, { skip: platform === "win32" ? "Windows truncates no mapped file" : undefined });

test("resize() without a length takes that of the file, and needs one that is open", () => {
  const path = folder().file("f", pattern(3 * PAGE));
  const mmap = use(new MmapOptions({ len: 1 }).mapMut(path));
  mmap.resize();
  assertEquals(mmap.bytes.subarray(), pattern(3 * PAGE));
  assertEquals(codeOf(() => use(new MmapOptions().map(path)).resize()), "ENOTSUP");
  assertEquals(codeOf(() => use(roomy().mapAnon()).resize()), "ENOTSUP");
});

test("resize() of mapShared() with a capacity is seen by who opens it, and by resize()", () => {
  const name = freshName();
  const mine = use(roomy().mapShared(name, { mode: "create" }));
  const theirs = use(roomy(0).mapShared(name));
  const kept = theirs.view(Uint8Array);
  mine.resize(3 * PAGE);
  mine.bytes[3 * PAGE - 1] = 4;
  assertEquals(theirs.byteLength, PAGE);
  theirs.resize();
  assertEquals([theirs.byteLength, theirs.bytes[3 * PAGE - 1], kept.length], [3 * PAGE, 4, PAGE]);
  theirs.resize(PAGE);
  theirs.resize(2 * PAGE); // which makes no memory shorter
  mine.resize();
  assertEquals([mine.byteLength, mine.bytes[3 * PAGE - 1]], [3 * PAGE, 4]);
  const sparse = use(roomy(0).capacity(2 ** 30).noReserve().mapShared(name));
  sparse.resize(2 ** 30);
  mine.resize(5 * PAGE);
  assertEquals(sparse.bytes[3 * PAGE - 1], 4);
}, { skip: unlessNamed });

test("resize() within a capacity works beside waits and locks", async () => {
  const mmap = use(roomy().mapAnon());
  mmap.lock(0, 4);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = mmap.waitAsync(0, 0, { signal }).catch((error) => error);
  mmap.resize(5 * PAGE);
  assertEquals(codeOf(() => mmap.resize(2 * PAGE)), "undefined"); // the word stays
  controller.abort("enough");
  assertEquals(await waiting, "enough");
});
