import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { host } from "../../ffi/host.ts";
import { type Access, type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { test, use } from "../support/harness.ts";

const PAGE = pageSize();
const ACCESSES: readonly Access[] = ["none", "read", "read-write", "read-execute"];

function mapped(pages: number): Mmap {
  return new MmapOptions({ len: pages * PAGE }).mapAnon();
}

/** The access of each page. */
function accesses(mmap: Mmap): Access[] {
  return Array.from(
    { length: Math.ceil(mmap.byteLength / PAGE) },
    (_, index) => mmap.accessAt(index * PAGE),
  );
}

test("what is mapped is readable and writable, and what is reserved is nothing", () => {
  const mmap = use(mapped(1));
  const reserved = use(new MmapOptions({ len: 2 ** 40 }).reserve());
  assertEquals([mmap.access, mmap.accessAt(0)], ["read-write", "read-write"]);
  assertEquals([reserved.access, reserved.accessAt(2 ** 40 - 1)], ["none", "none"]);
  assertEquals(reserved.byteLength, 2 ** 40);
});

test("a reservation gives no views until it is committed, page by page", () => {
  const mmap = use(new MmapOptions({ len: 2 ** 40 }).reserve());
  assertEquals(codeOf(() => mmap.view(Uint8Array, 0, 1)), "EACCES");
  const middle = 2 ** 39;
  for (const page of [0, 1, 3]) mmap.commit(middle + page * PAGE, PAGE);
  assertEquals(mmap.access, "mixed");
  const both = mmap.view(Uint8Array, middle, 2 * PAGE);
  assertEquals(both.every((byte) => byte === 0), true);
  both.fill(7);
  assertEquals(codeOf(() => mmap.view(Uint8Array, middle + PAGE, 2 * PAGE)), "EACCES");
  assertEquals(codeOf(() => mmap.view(Uint8Array, middle - 1, 2)), "EACCES");
  // A run that grows leaves the views that it had.
  mmap.commit(middle + 2 * PAGE, PAGE);
  const all = mmap.view(Uint8Array, middle, 4 * PAGE);
  assertEquals([both[0], all[0], all[2 * PAGE - 1], all[2 * PAGE]], [7, 7, 7, 0]);
  all[0] = 8;
  assertEquals(both[0], 8);
});

test("commit() leaves what is accessible as it is", () => {
  const mmap = use(mapped(3));
  mmap.bytes.fill(5);
  mmap.unsafeProtect("read", 0, PAGE);
  mmap.unsafeProtect("none", PAGE, PAGE);
  mmap.commit(0, 3 * PAGE);
  assertEquals(accesses(mmap), ["read", "read-write", "read-write"]);
  assertEquals(mmap.view(Uint8Array, PAGE, 1)[0], 5);
});

test("decommit() gives zeros after commit(), whether it was viewed or not", () => {
  for (const isViewed of [false, true]) {
    const mmap = use(mapped(3));
    if (isViewed) mmap.bytes.fill(5);
    mmap.decommit(PAGE, PAGE);
    assertEquals(accesses(mmap), ["read-write", "none", "read-write"]);
    assertEquals(codeOf(() => mmap.bytes), "EACCES");
    mmap.commit(PAGE, PAGE);
    assertEquals(mmap.access, "read-write");
    const kept = isViewed ? 5 : 0;
    assertEquals([0, 1, 2].map((page) => mmap.bytes[page * PAGE]), [kept, 0, kept]);
  }
});

test("decommit() leaves what was ever viewed to the runtime's late calls, also after commit()", () => {
  const mmap = use(mapped(1));
  mmap.bytes[0] = 5;
  const late = () => host().os.copying.read(mmap.address, new Uint8Array(1), true);
  for (let round = 0; round < 3; round++) {
    mmap.decommit(0, PAGE);
    assertEquals(late(), undefined);
    mmap.commit(0, PAGE);
  }
});

test("every access can follow every other, and the content stays", () => {
  for (const first of ACCESSES) {
    for (const second of ACCESSES) {
      const mmap = use(mapped(3));
      mmap.bytes.fill(9);
      mmap.unsafeProtect(first, PAGE, PAGE);
      mmap.unsafeProtect(second, PAGE, 2 * PAGE);
      assertEquals(accesses(mmap), ["read-write", second, second]);
      assertEquals(mmap.access, second === "read-write" ? "read-write" : "mixed");
      mmap.unsafeProtect("read-write");
      assertEquals(mmap.bytes.every((byte) => byte === 9), true);
    }
  }
});

test("a change of access detaches the views that it overlaps, and leaves the others", () => {
  const mmap = use(mapped(4));
  mmap.unsafeProtect("read", PAGE, PAGE);
  const before = mmap.view(Uint8Array, 0, PAGE);
  const after = mmap.view(Uint8Array, 2 * PAGE);
  mmap.unsafeProtect("none", 3 * PAGE);
  assertEquals([before.length, after.length], [PAGE, 0]);
  assertEquals(mmap.view(Uint8Array, 2 * PAGE, PAGE).length, PAGE);
  assertEquals(codeOf(() => mmap.view(Uint8Array, 2 * PAGE)), "EACCES");
});

test("no buffer covers a page that is not readable and writable", () => {
  const mmap = use(mapped(3));
  mmap.unsafeProtect("read", PAGE, PAGE);
  const { buffer } = mmap.view(Uint8Array, 2 * PAGE, 1);
  assertEquals(buffer.byteLength, PAGE);
  assertEquals(mmap.view(DataView, 0, 1).buffer.byteLength, PAGE);
});

test("discard() makes zero, and leaves the views attached", () => {
  const mmap = use(mapped(3));
  const { bytes } = mmap;
  bytes.fill(5);
  mmap.discard(PAGE, PAGE);
  assertEquals([0, 1, 2].map((page) => bytes[page * PAGE]), [5, 0, 5]);
  mmap.discard();
  assertEquals(bytes.every((byte) => byte === 0), true);
  mmap.unsafeProtect("read", 0, PAGE);
  assertEquals(codeOf(() => mmap.discard()), "EACCES");
});

test("a length that is not of whole pages ends where its last page does", () => {
  const mmap = use(new MmapOptions({ len: PAGE + 1 }).mapAnon());
  mmap.unsafeProtect("read", PAGE);
  assertEquals(accesses(mmap), ["read-write", "read"]);
  mmap.unsafeProtect("read-write", PAGE, 1);
  mmap.decommit(PAGE, 1);
  mmap.commit(PAGE, 1);
  mmap.discard();
  assertEquals(mmap.bytes.length, PAGE + 1);
});

test("a range that is not of whole pages within the mapping is refused, and changes nothing", () => {
  const mmap = use(mapped(3));
  const calls: readonly ((byteOffset: never, byteLength: never) => void)[] = [
    (byteOffset, byteLength) => mmap.unsafeProtect("read", byteOffset, byteLength),
    (byteOffset, byteLength) => mmap.commit(byteOffset, byteLength),
    (byteOffset, byteLength) => mmap.decommit(byteOffset, byteLength),
    (byteOffset, byteLength) => mmap.discard(byteOffset, byteLength),
  ];
  const ranges: readonly (readonly [unknown, unknown, message: string])[] = [
    [1, PAGE, "must be a multiple of the page size"],
    [0, PAGE - 1, "must be a multiple of the page size"],
    [3 * PAGE, PAGE, "must be below"],
    [1, 0, "must be a multiple of the page size"],
    [3 * PAGE + 1, 0, "must be at most"],
    [PAGE, 3 * PAGE, "must be at most"],
    [-PAGE, PAGE, "from 0 to 2^53 - 1"],
    [0, Number.MAX_SAFE_INTEGER, "must be at most"],
  ];
  for (const call of calls) {
    for (const [byteOffset, byteLength, message] of ranges) {
      const error = assertThrows(() => call(byteOffset as never, byteLength as never), RangeError);
      assertStringIncludes(error.message, message);
    }
    assertThrows(() => call("0" as never, PAGE as never), TypeError);
    assertThrows(() => call(0 as never, null as never), TypeError);
  }
  assertEquals(mmap.access, "read-write");
});

test("protect() refuses what is no access", () => {
  const mmap = use(mapped(1));
  for (const access of ["write", "", "READ", "copy-on-write"]) {
    assertThrows(() => mmap.unsafeProtect(access as Access), RangeError);
  }
  for (const access of [undefined, null, 1, {}]) {
    assertThrows(() => mmap.unsafeProtect(access as never), TypeError);
  }
});

test("reserve() refuses to populate, and a length of 0", () => {
  assertThrows(() => new MmapOptions({ len: PAGE, populate: true }).reserve(), RangeError);
  assertThrows(() => new MmapOptions().reserve(), RangeError);
});

test("a closed mapping refuses every call", () => {
  const mmap = mapped(1);
  mmap.unmap();
  const calls: readonly (() => unknown)[] = [
    () => mmap.access,
    () => mmap.accessAt(0),
    () => mmap.unsafeProtect("read"),
    () => mmap.commit(0, PAGE),
    () => mmap.decommit(0, PAGE),
    () => mmap.discard(),
  ];
  assertEquals(calls.map(codeOf), calls.map(() => "EBADF"));
});

test("a transferred buffer refuses a change of access, which changes nothing", () => {
  const mmap = mapped(2);
  const moved = new Uint8Array(mmap.bytes.buffer.transfer());
  const calls: readonly (() => void)[] = [
    () => mmap.unsafeProtect("none"),
    () => mmap.unsafeProtect("read", PAGE),
    () => mmap.decommit(0, PAGE),
  ];
  assertEquals(calls.map(codeOf), calls.map(() => "EBUSY"));
  moved.fill(1); // which ends the process where access was changed
  assertEquals(mmap.access, "read-write");
});

test("what the system refuses is undone, and the error names the call", () => {
  const mmap = use(mapped(4));
  mmap.unsafeProtect("read", PAGE, PAGE);
  mmap.unsafeProtect("none", 2 * PAGE, PAGE);
  const { os } = host();
  const original = os.protect;
  const failure = { syscall: "mprotect", osError: 12, code: "ENOMEM" };
  try {
    let calls = 0;
    Object.assign(os, {
      protect: (...args: Parameters<typeof original>) =>
        ++calls === 3 ? failure : original(...args),
    });
    const error = assertThrows(() => mmap.unsafeProtect("read-execute"), MmapError);
    assertEquals([error.code, error.syscall, error.osError], ["ENOMEM", "mprotect", 12]);
  } finally {
    Object.assign(os, { protect: original });
  }
  assertEquals(accesses(mmap), ["read-write", "read", "none", "read-write"]);
  mmap.view(Uint8Array, 0, PAGE)[0] = 1; // which ends the process where it is not undone
});

test("protect() takes nothing away while a buffer of the pages is not collected", () => {
  const mmap = use(new MmapOptions({ len: 4 * PAGE }).mapAnon());
  const { bytes } = mmap;
  bytes[0] = 7;
  for (const access of ["read", "none", "read-execute"] as const) {
    assertEquals(codeOf(() => mmap.protect(access)), "EBUSY");
    assertEquals([mmap.access, bytes.length], ["read-write", 0]);
  }
  mmap.protect("read-write"); // takes nothing away
  assertThrows(() => mmap.protect("read"), MmapError, "unsafeProtect()");
  mmap.decommit(PAGE, PAGE); // stays loadable and storable for what still uses the buffer
  assertEquals(codeOf(() => mmap.protect("none", PAGE, PAGE)), "EBUSY");
  mmap.unsafeProtect("read", 0, PAGE);
  assertEquals([mmap.accessAt(0), mmap.accessAt(2 * PAGE)], ["read", "read-write"]);
  assertEquals(codeOf(() => mmap.protect("none", 0, PAGE)), "EBUSY"); // loads are left to take

  const other = use(new MmapOptions({ len: 4 * PAGE }).mapAnon());
  other.write(Uint8Array.of(7)); // makes no buffer
  other.view(Uint8Array, 0, 1)[0]!++;
  other.unsafeProtect("none", 2 * PAGE);
  other.protect("read-write", 2 * PAGE);
  assertEquals(codeOf(() => other.protect("read", 2 * PAGE)), "EBUSY"); // one buffer was of all pages
  const unseen = use(new MmapOptions({ len: 4 * PAGE }).mapAnon());
  unseen.write(Uint8Array.of(7));
  unseen.protect("read");
  const copy = new Uint8Array(1);
  unseen.read(copy);
  assertEquals([unseen.access, copy[0]], ["read", 7]);
});

test("protect() takes nothing away after a resize() in place while a buffer is not collected", () => {
  for (const byteLength of [4 * PAGE - 1, 2 * PAGE]) {
    const mmap = use(new MmapOptions({ len: 4 * PAGE }).mapAnon());
    const { bytes } = mmap;
    mmap.resize(byteLength);
    assertEquals([codeOf(() => mmap.protect("none")), bytes.length], ["EBUSY", 0]);
  }
});
