import { readFileSync } from "node:fs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MmapError } from "../../core/checks/errors.ts";
import { allocationGranularity, type MmapInit, MmapOptions, pageSize } from "../../mod.ts";
import { test, unlessLinux, use } from "../support/harness.ts";
import { mappedByteLength, smapsEntry, withoutSmaps } from "../support/memory_map.ts";
import { CALLS, hasViews, TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const GRANULE = allocationGranularity();

// ---- Options

type Setter = (value: never) => MmapOptions;
const options = new MmapOptions();
const BAD: readonly [
  name: string,
  set: Setter,
  key: keyof MmapInit,
  type: typeof TypeError,
  values: readonly unknown[],
][] = [
  ["align", (v) => options.align(v), "align", TypeError, ["8", null, {}, 1.5, NaN, true]],
  ["align", (v) => options.align(v), "align", RangeError, [-1, 3, 4097, 2 ** 53, 2n ** 64n]],
  ["guard", (v) => options.guard(v), "guard", TypeError, ["8", null, {}, 1.5, NaN, true]],
  ["guard", (v) => options.guard(v), "guard", RangeError, [-1, 2 ** 53, 2n ** 64n]],
  ["huge", (v) => options.huge(v), "huge", TypeError, ["8", null, {}, 1.5, NaN]],
  ["huge", (v) => options.huge(v), "huge", RangeError, [-1, 3, 2 ** 53]],
  ["stack", (v) => options.stack(v), "stack", TypeError, ["8", null, 1]],
  ["name", (v) => options.name(v), "name", TypeError, [1, null, {}]],
  [
    "name",
    (v) => options.name(v),
    "name",
    RangeError,
    ["", "a\n", "ä", "a\\", "`", "$", "[", "]", "x".repeat(80), "\x7f"],
  ],
];
for (const [name, set, key, type, values] of BAD) {
  test(`${name}() throws a ${type.name} when the value is no such one`, () => {
    for (const value of values) {
      assertThrows(() => set(value as never), type);
      assertThrows(() => new MmapOptions({ [key]: value }), type);
    }
  });
}

test("align(), guard(), huge(), stack() and name() set what they are given, and the defaults", () => {
  const of = (options: MmapOptions) => {
    const { align, guard, huge, stack, name } = options.settings;
    assertEquals({ ...new MmapOptions(options.settings).settings }, { ...options.settings });
    return [align, guard, huge, stack, name];
  };
  assertEquals(of(options), [0, 0, false, false, undefined]);
  assertEquals(of(options.align(2n ** 52n)), [2 ** 52, 0, false, false, undefined]);
  assertEquals(of(options.guard()), [0, 1, false, false, undefined]);
  assertEquals(of(options.guard(0)), [0, 0, false, false, undefined]);
  assertEquals(of(options.huge()), [0, 0, true, false, undefined]);
  assertEquals(of(options.huge(2n ** 30n)), [0, 0, 2 ** 30, false, undefined]);
  assertEquals(of(options.stack()), [0, 0, false, true, undefined]);
  assertEquals(of(options.name("x".repeat(79))), [0, 0, false, false, "x".repeat(79)]);
  assertThrows(() => options.huge(0), RangeError);
  assertThrows(() => options.name(undefined as never), TypeError);
});

const FILE = new URL(import.meta.url);
const UNHONOURED: readonly [call: string, MmapInit, (options: MmapOptions) => unknown][] = [
  ["reserve", { huge: true }, (o) => o.reserve()],
  ["reserve", { populate: true }, (o) => o.reserve()],
  ["reserve", { offset: 1 }, (o) => o.reserve()],
  ["mapAnon", { offset: 1 }, (o) => o.mapAnon()],
  ["mapAnon", { huge: true, noReserve: true }, (o) => o.mapAnon()],
  ["mapAnon", { huge: true, guard: 1 }, (o) => o.mapAnon()],
  ["mapAnon", { huge: true, name: "a" }, (o) => o.mapAnon()],
  ["map", { huge: true }, (o) => o.map(FILE)],
  ["map", { stack: true }, (o) => o.map(FILE)],
  ["map", { name: "a" }, (o) => o.map(FILE)],
  ["mapMut", { name: "a" }, (o) => o.mapMut(FILE)],
  ["mapExec", { huge: 2 ** 21 }, (o) => o.mapExec(FILE)],
];
for (const [call, init, map] of UNHONOURED) {
  test(`${call}() throws a RangeError when it cannot honour ${Object.keys(init).join(" and ")}`, () => {
    assertThrows(() => map(new MmapOptions({ len: PAGE, ...init })), RangeError);
  });
}

test("mapAnon() throws a RangeError when the alignment, or a strict hint, is too small or odd", () => {
  const map = (init: MmapInit) => () => new MmapOptions({ len: 1, ...init }).mapAnon();
  for (const align of [1, GRANULE / 2]) assertThrows(map({ align }), RangeError, "at least");
  const hint = 2 ** 40 + GRANULE;
  assertThrows(map({ align: 2 ** 20, hint, strict: true }), RangeError, "multiple of the align");
  assertThrows(map({ guard: 2 ** 41, hint: 2 ** 40, strict: true }), RangeError, "no room");
});

// ---- Effects

test("align() gives an address that is a multiple, and memory that is whole, of any length", () => {
  for (let align = GRANULE; align <= 2 ** 30; align *= 4) {
    for (const len of [1, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE + 1, 2 ** 20]) {
      const mmap = use(new MmapOptions({ len, align }).mapAnon());
      const reserved = use(new MmapOptions({ len, align, guard: PAGE + 1 }).reserve());
      assertEquals([mmap.address % BigInt(align), reserved.address % BigInt(align)], [0n, 0n]);
      mmap.bytes.fill(1);
      reserved.commit(0, len);
      reserved.bytes.fill(1);
      assertEquals([mmap.byteLength, reserved.byteLength], [len, len]);
    }
  }
});

test("align() leaves nothing around, and unmap() nothing at all", () => {
  const before = mappedByteLength();
  // All that lies around them would be 12.5 GiB. The runtime maps for itself too: a heap that
  // grows, or 64 MiB and more for a new thread.
  const limit = 2 ** 30;
  const options = new MmapOptions({ len: 3 * PAGE + 1, align: 2 ** 26 });
  const kept = Array.from({ length: 200 }, () => options.mapAnon());
  const around = mappedByteLength() - before;
  assert(around < limit, `${around} bytes more are mapped`);
  for (const mmap of kept) mmap.unmap();
  const left = mappedByteLength() - before;
  assert(left < limit, `${left} bytes are left mapped`);
}, { skip: unlessLinux("other systems are counted elsewhere") });

test("guard() leaves the memory itself as any other, populated, at a strict hint too", () => {
  const probe = new MmapOptions({ len: 2 ** 22 }).reserve();
  const { address: free } = probe;
  probe.unmap();
  const hint = (free + 2n ** 20n) / BigInt(GRANULE) * BigInt(GRANULE);
  const init = { len: 3 * PAGE + 1, guard: 2 * PAGE, hint, strict: true, populate: true };
  const mmap = use(new MmapOptions(init).mapAnon());
  assertEquals(mmap.address, hint);
  mmap.bytes.fill(3);
  mmap.decommit(0, PAGE);
  mmap.commit(0, PAGE);
  assertEquals([mmap.bytes[0], mmap.bytes[PAGE]], [0, 3]);
  const code = assertThrows(() => mmap.intoRaw(), MmapError).code;
  assertEquals(code, "ENOTSUP");
  const taken = assertThrows(() => new MmapOptions(init).mapAnon(), MmapError);
  assertEquals([taken.code, taken.requested], ["EADDRNOTAVAIL", hint]);
});

test("guard() and align() hold for files, whose content is there", () => {
  const bytes = Uint8Array.from({ length: 3 * GRANULE }, (_, index) => index % 251);
  const path = use(new TempFolder()).file("file", bytes);
  for (const offset of [0, 1, PAGE, GRANULE + 5]) {
    for (const call of CALLS) {
      for (const populate of [true, false]) {
        const init = { offset, align: 2 ** 21, populate, guard: 1 };
        const mmap = use(new MmapOptions(init)[call](path));
        assertEquals((mmap.address - BigInt(offset % GRANULE)) % 2n ** 21n, 0n);
        const copy = new Uint8Array(mmap.byteLength);
        mmap.read(copy);
        assertEquals(copy, bytes.subarray(offset));
        if (hasViews(call)) mmap.bytes[0] = mmap.bytes[0]!;
        mmap.flush();
      }
    }
  }
});

test("huge() throws what to do when there are too few", () => {
  const error = assertThrows(
    () => new MmapOptions({ len: 2 ** 45, huge: true }).mapAnon(),
    MmapError,
  );
  assertEquals([error.code, error.syscall], ["ENOMEM", "mmap"]);
  assert(error.message.includes("vm.nr_hugepages"));
}, { skip: unlessLinux("the words are Linux's") });

test("name() and stack() map, and the kernel shows the name where it has names", () => {
  const mmap = use(new MmapOptions({ len: 7 * PAGE }).name("sysalloc test").stack().mapAnon());
  mmap.bytes[0] = 1;
  const line = readFileSync("/proc/self/maps", "utf8").split("\n")
    .find((line) => line.includes("[anon:sysalloc test]"));
  if (line !== undefined) assert(BigInt(`0x${line.split("-")[0]}`) <= mmap.address);
}, { skip: unlessLinux("only Linux has names") });

test("align() of 2 MiB lets the kernel's flags be as without", () => {
  const mmap = use(new MmapOptions({ len: 2 ** 21, align: 2 ** 21, guard: 1 }).mapAnon());
  const flags = smapsEntry(mmap.address)!.VmFlags!.split(" ");
  assertEquals([flags.includes("nr"), flags.includes("wr")], [false, true]);
}, { skip: withoutSmaps() });
