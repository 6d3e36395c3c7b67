import { assertEquals, assertStrictEquals } from "@std/assert";
import { DARWIN_ADVICE } from "../../ffi/os/darwin/advice.ts";
import { LINUX_ADVICE } from "../../ffi/os/linux/advice.ts";
import { type Advice, ADVICE_SYSTEMS, type Residency } from "../../ffi/os/contract/residency.ts";
import {
  CURRENT_PROCESS,
  forget,
  type Machine,
  type Outcomes,
  simulated,
  type SimulatedName,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";
import { test } from "../support/harness.ts";

const ADDRESS = 0x7f00_0000_0000n;
const PAGE = 4096n;
const ADVICES = Object.keys(ADVICE_SYSTEMS) as Advice[];

/** Opens a system with its residency, and a lot of memory at {@linkcode ADDRESS}. */
function opened(
  name: SimulatedName,
  outcomes: Outcomes = {},
  machine: Machine = {},
): SimulatedSystem & { residency: Residency } {
  const system = simulated(name, { outcomes, ...machine });
  const { residency } = system.os;
  system.kernel.space.map(ADDRESS, 2n ** 40n, name === "windows" ? "memory 4" : "anonymous 3");
  system.kernel.lockable = 2n ** 20n;
  forget(system);
  return { ...system, residency };
}

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
        madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
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
      const { residency, runtime } = opened(name);
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
    const { residency, runtime } = opened(name, { mlock: [0, 12, 1], munlock: [12] });
    assertEquals([
      residency.lock(ADDRESS, PAGE, false),
      residency.lock(ADDRESS, PAGE, false),
      residency.lock(ADDRESS, PAGE, false),
      residency.unlock(ADDRESS, 2n * PAGE),
      opened(name).residency.unlock(ADDRESS, PAGE),
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
    const failing = opened(name, { madvise: [12] });
    const failure = failing.residency.advise(ADDRESS, PAGE, "normal");
    failing.residency.lock(ADDRESS, PAGE, false);
    assertEquals(failure, { syscall: "madvise", osError: 12, code: "ENOMEM" });
  });

  for (const pageSize of [4096, 16_384]) {
    test(`${name}() counts what is in RAM, 65,536 pages of ${pageSize} bytes at a time`, () => {
      const isResident = (address: bigint) => (address / BigInt(pageSize)) % 3n === 0n;
      for (const pages of [1, 2, 3, 4, 5, 65_535, 65_536, 65_537, 150_000]) {
        const { residency, runtime } = opened(name, {}, { pageSize, isResident });
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
    const { residency } = opened(name, { mincore: [12] });
    assertEquals(residency.resident(ADDRESS, PAGE), {
      syscall: "mincore",
      osError: 12,
      code: "ENOMEM",
    });
  });
}

test("linux() populates by advice, or tells that this kernel cannot", () => {
  const { residency, runtime } = opened("linux");
  for (const forWriting of [true, false]) residency.populate(ADDRESS, PAGE, forWriting);
  assertEquals(runtime.calls, [
    ["madvise", ADDRESS, PAGE, 23],
    ["madvise", ADDRESS, PAGE, 22],
  ]);
  const outcomes = [0, 22, 14].map((madvise) =>
    opened("linux", { madvise }).residency.populate(ADDRESS, PAGE, true)
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
      const { residency, runtime } = opened("linux", script, { arch });
      assertEquals<unknown>(residency.lock(ADDRESS, PAGE, true), result);
      assertEquals<unknown>(runtime.calls, calls);
    }
  }
});

test("darwin() and windows() lock private files as they lock all else", () => {
  for (const { residency, runtime } of [opened("darwin"), opened("windows")]) {
    assertStrictEquals(residency.lock(ADDRESS, PAGE, true), undefined);
    assertStrictEquals(residency.lock(ADDRESS, PAGE, false), undefined);
    const [first, second, ...more] = runtime.calls;
    assertEquals([first, more], [second, []]);
  }
});

test("darwin() and windows() leave populating to the core", () => {
  for (const { residency, runtime } of [opened("darwin"), opened("windows")]) {
    assertStrictEquals(residency.populate(ADDRESS, PAGE, true), "unsupported");
    assertEquals(runtime.calls, []);
  }
});

const onWindows = (outcomes: Outcomes = {}, machine: Machine = {}) =>
  opened("windows", outcomes, machine);

test("windows() opens what residency needs when it is first asked for, once", () => {
  const { runtime, os } = simulated("windows");
  const before = runtime.opened.length;
  assertStrictEquals(os.residency, os.residency);
  const opened = runtime.opened.slice(before);
  assertEquals(new Set(opened.map(({ library }) => library)), new Set(["kernel32.dll"]));
  assertEquals(opened.map(({ table }) => table), [
    {
      GetCurrentProcess: { parameters: [], result: "usize" },
      PrefetchVirtualMemory: { parameters: ["usize", "usize", "buffer", "u32"], result: "i32" },
      DiscardVirtualMemory: { parameters: ["usize", "usize"], result: "u32" },
      VirtualLock: { parameters: ["usize", "usize"], result: "i32" },
      VirtualUnlock: { parameters: ["usize", "usize"], result: "i32" },
      VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
      GetProcessWorkingSetSize: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
      SetProcessWorkingSetSize: { parameters: ["usize", "usize", "usize"], result: "i32" },
    },
    {
      GetCurrentProcess: { parameters: [], result: "usize" },
      K32QueryWorkingSetEx: { parameters: ["usize", "buffer", "u32"], result: "i32" },
    },
  ]);
});

test("windows() has what ADVICE_SYSTEMS says that it has, and refuses the others", () => {
  const has = ADVICES.filter((advice) =>
    onWindows().residency.advise(ADDRESS, PAGE, advice) === undefined
  );
  assertEquals(has, ADVICES.filter((advice) => ADVICE_SYSTEMS[advice].includes("Windows")));
  assertEquals(has, ["will-need", "free"]);
});

test("windows() prefetches one range when advised that it will be needed", () => {
  const { residency, runtime } = onWindows();
  residency.advise(ADDRESS, 2n * PAGE, "will-need");
  const [[name, process, count, entry, flags] = [], ...more] = runtime.calls;
  assertEquals([name, process, count, flags, more], [
    "PrefetchVirtualMemory",
    CURRENT_PROCESS,
    1n,
    0,
    [],
  ]);
  const fields = new BigUint64Array((entry as Uint8Array).buffer);
  assertEquals([...fields], [ADDRESS, 2n * PAGE]);
});

test("windows() returns the error of an advice, however its call tells", () => {
  const { residency } = onWindows({ DiscardVirtualMemory: [87], PrefetchVirtualMemory: [87] });
  assertEquals(residency.advise(ADDRESS, PAGE, "free"), {
    syscall: "DiscardVirtualMemory",
    osError: 87,
    code: "EINVAL",
  });
  assertEquals(residency.advise(ADDRESS, PAGE, "will-need"), {
    syscall: "PrefetchVirtualMemory",
    osError: 87,
    code: "EINVAL",
  });
});

test("windows() raises the working set and locks once more when that is too small", () => {
  const { residency, runtime } = onWindows({ VirtualLock: [1453] });
  assertStrictEquals(residency.lock(ADDRESS, 2n * PAGE, false), undefined);
  assertEquals(runtime.calls.map(([name]) => name), [
    "VirtualLock",
    "GetLastError",
    "GetProcessWorkingSetSize",
    "SetProcessWorkingSetSize",
    "VirtualLock",
  ]);
  assertEquals(runtime.calls[3], [
    "SetProcessWorkingSetSize",
    CURRENT_PROCESS,
    204_800n + 2n * PAGE,
    1_413_120n + 2n * PAGE,
  ]);
});

test("windows() returns why it cannot lock", () => {
  const failure = (osError: number, code: string) => ({ syscall: "VirtualLock", osError, code });
  const scripts: readonly (readonly [Outcomes, ReturnType<typeof failure>])[] = [
    [{ VirtualLock: [998] }, failure(998, "EFAULT")],
    [{ VirtualLock: [1453, 1453] }, failure(1453, "ENOMEM")],
    [{ VirtualLock: [1453, 998] }, failure(998, "EFAULT")],
    [{ VirtualLock: [1453], SetProcessWorkingSetSize: [1314] }, failure(1453, "ENOMEM")],
  ];
  for (const [script, expected] of scripts) {
    assertEquals(onWindows(script).residency.lock(ADDRESS, PAGE, false), expected);
  }
});

test("windows() unlocks, and takes what is not locked for unlocked", () => {
  const outcomes = [0, 158, 487].map((error) => {
    const { residency, kernel } = onWindows({ VirtualUnlock: [error] });
    kernel.space.lock(ADDRESS, PAGE, true);
    return residency.unlock(ADDRESS, PAGE);
  });
  assertEquals(outcomes, [
    undefined,
    undefined,
    { syscall: "VirtualUnlock", osError: 487, code: "EINVAL" },
  ]);
});

test("windows() counts what is in RAM of what is committed, 4,096 pages at a time", () => {
  const isResident = (address: bigint) => (address / PAGE) % 2n === 0n;
  for (const pages of [1, 4095, 4096, 4097, 10_000]) {
    const committedEnd = ADDRESS + BigInt(pages) * PAGE;
    const { residency, runtime, kernel } = onWindows({}, { isResident });
    kernel.space.change(committedEnd, 2n ** 40n - BigInt(pages) * PAGE, () => "reserved");
    assertStrictEquals(residency.resident(ADDRESS, 2n ** 40n), Math.ceil(pages / 2) * 4096);
    const asked = runtime.calls.filter(([name]) => name === "K32QueryWorkingSetEx");
    assertEquals(asked.length, Math.ceil(pages / 4096));
    assertEquals(asked.reduce((sum, [, , , length]) => sum + (length as number), 0), 16 * pages);
    assertEquals((asked[0]![2] as Uint8Array).length, 16 * Math.min(pages, 4096));
  }
});

test("windows() returns the failure of K32QueryWorkingSetEx", () => {
  assertEquals(onWindows({ K32QueryWorkingSetEx: [998] }).residency.resident(ADDRESS, PAGE), {
    syscall: "K32QueryWorkingSetEx",
    osError: 998,
    code: "EFAULT",
  });
});

test("windows().vacate() unlocks first, where anything can have been locked", () => {
  const { os, runtime, kernel } = simulated("windows", { places: [ADDRESS] });
  kernel.space.map(0n, 8192n, "memory 4");
  os.vacate(ADDRESS, 4097n);
  assertEquals(runtime.calls, [["DiscardVirtualMemory", ADDRESS, 8192n]]);
  os.residency.lock(ADDRESS, 8192n, true);
  runtime.calls.length = 0;
  os.vacate(ADDRESS, 4097n);
  assertEquals(runtime.calls, [
    ["VirtualUnlock", ADDRESS, 8192n],
    ["DiscardVirtualMemory", ADDRESS, 8192n],
  ]);
});
