import { assertEquals, assertStrictEquals } from "@std/assert";
import { LINUX_ADVICE } from "../../ffi/os/linux/advice.ts";
import { DARWIN_ADVICE } from "../../ffi/os/darwin/advice.ts";
import { type Advice, ADVICE_SYSTEMS } from "../../ffi/os/contract/residency.ts";
import { test } from "../support/harness.ts";
import { ADDRESS, ADVICES, openedResidency } from "../support/simulated/residency.ts";
import { type Outcomes, simulated } from "../support/simulated/mod.ts";

const PAGE = 4096n;

const POSIX = [
  {
    name: "linux",
    library: "libc.so.6",
    title: "Linux",
    numbers: LINUX_ADVICE,
    // https://man7.org/linux/man-pages/man2/madvise.2.html and <asm-generic/mman-common.h>
    advice: {
      "normal": 0,
      "random": 1,
      "sequential": 2,
      "will-need": 3,
      "dont-need": 4,
      "free": 8,
      "remove": 9,
      "dont-fork": 10,
      "do-fork": 11,
      "mergeable": 12,
      "unmergeable": 13,
      "huge-page": 14,
      "no-huge-page": 15,
      "dont-dump": 16,
      "do-dump": 17,
      "wipe-on-fork": 18,
      "keep-on-fork": 19,
      "cold": 20,
      "page-out": 21,
      "populate-read": 22,
      "populate-write": 23,
      "dont-need-locked": 24,
      "collapse": 25,
    },
  },
  {
    name: "darwin",
    library: "/usr/lib/libSystem.B.dylib",
    title: "macOS",
    numbers: DARWIN_ADVICE,
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/mman.h
    advice: {
      "normal": 0,
      "random": 1,
      "sequential": 2,
      "will-need": 3,
      "dont-need": 4,
      "free": 5,
      "zero-wired-pages": 6,
      "free-reusable": 7,
      "free-reuse": 8,
    },
  },
] as const;

for (const { name, library, title, numbers, advice } of POSIX) {
  test(`${name}() opens what residency needs when it is first asked for, once`, () => {
    const { runtime, os } = simulated(name);
    const before = runtime.opened.length;
    assertStrictEquals(os.residency, os.residency);
    assertEquals(runtime.opened.slice(before), [{
      library,
      table: {
        mlock: { parameters: ["usize", "usize"], result: "i32" },
        munlock: { parameters: ["usize", "usize"], result: "i32" },
        mincore: { parameters: ["usize", "usize", "buffer"], result: "i32" },
      },
    }]);
  });

  test(`${name}()'s advice() passes the number of each advice, and refuses what it has not`, () => {
    assertEquals<unknown>(numbers, advice);
    for (const each of ADVICES) {
      const number = (advice as Partial<Record<Advice, number>>)[each];
      const { residency, runtime } = openedResidency(name);
      const result = residency.advise(ADDRESS, 2n * PAGE, each);
      assertStrictEquals(result, number === undefined ? "unsupported" : undefined);
      assertEquals(
        runtime.calls,
        number === undefined ? [] : [["madvise", ADDRESS, 2n * PAGE, number]],
      );
    }
  });

  test(`${name}() has what ADVICE_SYSTEMS says that ${title} has`, () => {
    assertEquals(
      ADVICES.filter((each) => ADVICE_SYSTEMS[each].includes(title)).toSorted(),
      Object.keys(advice).toSorted(),
    );
  });

  test(`${name}() locks and unlocks, and returns what failed`, () => {
    const { residency, runtime } = openedResidency(name, { mlock: [0, 12, 1], munlock: [12] });
    assertEquals([
      residency.lock(ADDRESS, PAGE, false),
      residency.lock(ADDRESS, PAGE, false),
      residency.lock(ADDRESS, PAGE, false),
      residency.unlock(ADDRESS, 2n * PAGE),
      openedResidency(name).residency.unlock(ADDRESS, PAGE),
    ], [
      undefined,
      { syscall: "mlock", osError: 12, code: "ENOMEM" },
      { syscall: "mlock", osError: 1, code: "EPERM" },
      { syscall: "munlock", osError: 12, code: "ENOMEM" },
      undefined,
    ]);
    assertEquals(runtime.calls.slice(2), [
      ["mlock", ADDRESS, PAGE],
      ["munlock", ADDRESS, 2n * PAGE],
    ]);
  });

  test(`${name}() keeps the error of an advice when a later call changes errno`, () => {
    const failing = openedResidency(name, { madvise: [12] });
    const failure = failing.residency.advise(ADDRESS, PAGE, "normal");
    failing.residency.lock(ADDRESS, PAGE, false);
    assertEquals(failure, { syscall: "madvise", osError: 12, code: "ENOMEM" });
  });

  for (const pageSize of [4096, 16_384]) {
    test(`${name}() counts what is in RAM, 65,536 pages of ${pageSize} bytes at a time`, () => {
      const isResident = (address: bigint) => (address / BigInt(pageSize)) % 3n === 0n;
      for (const pages of [1, 2, 3, 4, 5, 65_535, 65_536, 65_537, 150_000]) {
        const { residency, runtime } = openedResidency(name, {}, { pageSize, isResident });
        const byteLength = BigInt(pages * pageSize);
        const first = Number(ADDRESS / BigInt(pageSize));
        const expected = Math.ceil((first + pages) / 3) - Math.ceil(first / 3);
        assertStrictEquals(residency.resident(ADDRESS, byteLength), expected * pageSize);
        assertEquals(runtime.calls.length, Math.ceil(pages / 65_536));
        const asked = runtime.calls.reduce((sum, [, , length]) => sum + (length as bigint), 0n);
        assertStrictEquals(asked, byteLength);
        const vector = runtime.calls[0]![3] as Uint8Array;
        assertStrictEquals(vector.length <= 65_536, true);
      }
    });
  }

  test(`${name}() returns the failure of mincore`, () => {
    const { residency } = openedResidency(name, { mincore: [12] });
    assertEquals(residency.resident(ADDRESS, PAGE), {
      syscall: "mincore",
      osError: 12,
      code: "ENOMEM",
    });
  });
}

test("linux() populates by advice, or tells that this kernel cannot", () => {
  const { residency, runtime } = openedResidency("linux");
  for (const forWriting of [true, false]) residency.populate(ADDRESS, PAGE, forWriting);
  assertEquals(runtime.calls, [
    ["madvise", ADDRESS, PAGE, 23],
    ["madvise", ADDRESS, PAGE, 22],
  ]);
  const outcomes = [0, 22, 14].map((madvise) =>
    openedResidency("linux", { madvise }).residency.populate(ADDRESS, PAGE, true)
  );
  assertEquals(outcomes, [
    undefined,
    "unsupported",
    { syscall: "madvise", osError: 14, code: "EFAULT" },
  ]);
});

test("linux() locks private files by mlock2(), and by mlock() where that is missing", () => {
  for (const [arch, number] of [["x64", 325n], ["arm64", 284n]] as const) {
    const mlock2 = ["syscall", number, ADDRESS, PAGE, 1n, 0n, 0n, 0n];
    const populate = ["madvise", ADDRESS, PAGE, 22];
    const [mlock, munlock] = [["mlock", ADDRESS, PAGE], ["munlock", ADDRESS, PAGE]];
    const failure = (syscall: string, osError: number, code: string) => ({
      syscall,
      osError,
      code,
    });
    const outcomes: readonly (readonly [outcomes: Outcomes, result: unknown, calls: unknown[]])[] =
      [
        [{}, undefined, [mlock2, populate]],
        [{ mlock2: 12 }, failure("mlock2", 12, "ENOMEM"), [mlock2]],
        [{ mlock2: 38 }, undefined, [mlock2, mlock]],
        [{ mlock2: 22 }, undefined, [mlock2, mlock]],
        [{ mlock2: 1, mlock: [1] }, failure("mlock", 1, "EPERM"), [mlock2, mlock]],
        [{ madvise: [22] }, undefined, [mlock2, populate, mlock]],
        [{ madvise: [1] }, undefined, [mlock2, populate, mlock]],
        [{ madvise: [14] }, failure("madvise", 14, "EFAULT"), [mlock2, populate, munlock]],
        [{ madvise: [22], mlock: [12] }, failure("mlock", 12, "ENOMEM"), [
          mlock2,
          populate,
          mlock,
          munlock,
        ]],
      ];
    for (const [script, result, calls] of outcomes) {
      const { residency, runtime } = openedResidency("linux", script, { arch });
      assertEquals<unknown>(residency.lock(ADDRESS, PAGE, true), result);
      assertEquals<unknown>(runtime.calls, calls);
    }
  }
});

test("darwin().residency.lock() locks private files as it locks all else", () => {
  const { residency, runtime } = openedResidency("darwin");
  assertStrictEquals(residency.lock(ADDRESS, PAGE, true), undefined);
  assertStrictEquals(residency.lock(ADDRESS, PAGE, false), undefined);
  const [first, second, ...more] = runtime.calls;
  assertEquals([first, more], [second, []]);
});

test("darwin().residency.populate() leaves populating to the core", () => {
  const { residency, runtime } = openedResidency("darwin");
  assertStrictEquals(residency.populate(ADDRESS, PAGE, true), "unsupported");
  assertEquals(runtime.calls, []);
});
