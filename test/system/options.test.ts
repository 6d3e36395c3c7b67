import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { inspect } from "node:util";
import { type MmapInit, MmapOptions } from "../../mod.ts";
import { test, use } from "../support/harness.ts";

const DEFAULTS = {
  len: 0,
  capacity: 0,
  hint: 0n,
  populate: false,
  noReserve: false,
  strict: false,
  offset: 0,
  align: 0,
  guard: 0,
  huge: false as boolean | number,
  stack: false,
  name: undefined as string | undefined,
  truncationGuard: true,
  sharedBuffer: false,
  create: false,
  allocate: false,
};

test("new MmapOptions() has the defaults", () => {
  assertEquals({ ...new MmapOptions().settings }, DEFAULTS);
  assertEquals({ ...new MmapOptions({}).settings }, DEFAULTS);
});

test("new MmapOptions() takes an undefined option as one left out", () => {
  const init = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, undefined]));
  assertEquals({ ...new MmapOptions(init as MmapInit).settings }, DEFAULTS);
});

const SETTERS: [string, (options: MmapOptions) => MmapOptions, Partial<typeof DEFAULTS>][] = [
  ["len(number)", (o) => o.len(5), { len: 5 }],
  ["len(bigint)", (o) => o.len(5n), { len: 5 }],
  ["len(-0)", (o) => o.len(1).len(-0), { len: 0 }],
  ["len(2^31)", (o) => o.len(2 ** 31), { len: 2 ** 31 }],
  ["len(2^32)", (o) => o.len(2 ** 32), { len: 2 ** 32 }],
  ["len(2^53 - 1)", (o) => o.len(2n ** 53n - 1n), { len: 2 ** 53 - 1 }],
  ["capacity(number)", (o) => o.capacity(5), { capacity: 5 }],
  ["capacity(bigint)", (o) => o.capacity(2n ** 53n - 1n), { capacity: 2 ** 53 - 1 }],
  ["capacity(0)", (o) => o.capacity(1).capacity(0), { capacity: 0 }],
  ["withHint(number)", (o) => o.withHint(65536), { hint: 65536n }],
  ["withHint(bigint)", (o) => o.withHint(2n ** 64n - 1n), { hint: 2n ** 64n - 1n }],
  ["withHint(0)", (o) => o.withHint(1).withHint(0), { hint: 0n }],
  ["populate()", (o) => o.populate(), { populate: true }],
  ["populate(false)", (o) => o.populate().populate(false), { populate: false }],
  ["noReserve()", (o) => o.noReserve(), { noReserve: true }],
  ["noReserve(false)", (o) => o.noReserve().noReserve(false), { noReserve: false }],
  ["strict()", (o) => o.strict(), { strict: true }],
  ["strict(false)", (o) => o.strict().strict(false), { strict: false }],
  ["offset(number)", (o) => o.offset(5), { offset: 5 }],
  ["offset(bigint)", (o) => o.offset(2n ** 53n - 1n), { offset: 2 ** 53 - 1 }],
  ["align(number)", (o) => o.align(2 ** 21), { align: 2 ** 21 }],
  ["align(0)", (o) => o.align(65536).align(0), { align: 0 }],
  ["guard()", (o) => o.guard(), { guard: 1 }],
  ["guard(bigint)", (o) => o.guard(65537n), { guard: 65537 }],
  ["huge()", (o) => o.huge(), { huge: true }],
  ["huge(number)", (o) => o.huge(2 ** 30), { huge: 2 ** 30 }],
  ["stack()", (o) => o.stack(), { stack: true }],
  ["stack(false)", (o) => o.stack().stack(false), { stack: false }],
  ["name(string)", (o) => o.name("a b"), { name: "a b" }],
  ["truncationGuard(false)", (o) => o.truncationGuard(false), { truncationGuard: false }],
  ["truncationGuard()", (o) => o.truncationGuard(false).truncationGuard(), {}],
  ["sharedBuffer()", (o) => o.sharedBuffer(), { sharedBuffer: true }],
  ["sharedBuffer(false)", (o) => o.sharedBuffer().sharedBuffer(false), {}],
  ["create()", (o) => o.create(), { create: true }],
  ["create(false)", (o) => o.create().create(false), {}],
  ["allocate()", (o) => o.allocate(), { allocate: true }],
  ["allocate(false)", (o) => o.allocate().allocate(false), {}],
  ["offset(0)", (o) => o.offset(1).offset(0), { offset: 0 }],
];

for (const [call, set, expected] of SETTERS) {
  test(`MmapOptions ${call} sets that option and no other, in new options`, () => {
    const before = new MmapOptions();
    const after = set(before);
    assertEquals({ ...after.settings }, { ...DEFAULTS, ...expected });
    assertEquals({ ...before.settings }, DEFAULTS);
    assert(after !== before);
    assert(Object.isFrozen(after) && Object.isFrozen(after.settings));
    assertEquals({ ...new MmapOptions(after.settings).settings }, { ...after.settings });
  });
}

test("new MmapOptions() equals the setters, option by option", () => {
  const init = { len: 7n, hint: 65536, populate: true, noReserve: true, strict: true };
  const set = new MmapOptions().len(7).withHint(65536n).populate().noReserve().strict();
  assertEquals({ ...new MmapOptions(init).settings }, { ...set.settings });
});

test("MmapOptions cannot be changed in place", () => {
  const options = new MmapOptions({ len: 1 });
  assertThrows(() => {
    (options.settings as { len: number }).len = 2;
  }, TypeError);
  assertThrows(() => {
    (options as { settings: unknown }).settings = {};
  }, TypeError);
  assertEquals(options.settings.len, 1);
});

test("MmapOptions does not follow a change of the init object", () => {
  const init = { len: 1 };
  const options = new MmapOptions(init);
  init.len = 2;
  assertEquals(options.settings.len, 1);
});

test("MmapOptions shows its settings when inspected", () => {
  assertEquals(
    inspect(new MmapOptions({ len: 5, hint: 65536, strict: true })),
    "MmapOptions { len: 5, capacity: 0, hint: 0x10000, populate: false, noReserve: false, " +
      "strict: true, offset: 0, align: 0, guard: 0, huge: false, stack: false, truncationGuard: true, " +
      "sharedBuffer: false, create: false, allocate: false }",
  );
  inspect(MmapOptions.prototype); // must not throw
});

test("MmapOptions serves as a template for several mappings", () => {
  const template = new MmapOptions().len(1);
  const [a, b] = [template.mapAnon(), template.mapAnon()];
  assertNotEquals(a.address, b.address);
  a.unmap();
  b.bytes[0] = 1;
  b.unmap();
});

test("mapAnon() and reserve() of the same options map different memory, in any order", () => {
  for (const calls of [["mapAnon", "reserve"], ["reserve", "mapAnon"]] as const) {
    const options = new MmapOptions({ len: 65_536 });
    for (const call of [...calls, ...calls]) {
      assertEquals(use(options[call]()).access, call === "reserve" ? "none" : "read-write");
    }
  }
});
