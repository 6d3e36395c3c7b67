import { assertEquals, assertStrictEquals } from "@std/assert";
import { ADVICE_SYSTEMS } from "../../ffi/os/contract/residency.ts";
import { test } from "../support/harness.ts";
import { ADDRESS, ADVICES, openedResidency } from "../support/simulated/residency.ts";
import {
  CURRENT_PROCESS,
  type Machine,
  type Outcomes,
  simulated,
} from "../support/simulated/mod.ts";

const PAGE = 4096n;

const onWindows = (outcomes: Outcomes = {}, machine: Machine = {}) =>
  openedResidency("windows", outcomes, machine);

test("windows() opens what residency needs when it is first asked for, once", () => {
  const { runtime, os } = simulated("windows");
  const before = runtime.opened.length;
  assertStrictEquals(os.residency, os.residency);
  const opened = runtime.opened.slice(before);
  assertEquals(new Set(opened.map(({ library }) => library)), new Set(["kernel32.dll"]));
  assertEquals(opened.map(({ table }) => table), [
    {
      PrefetchVirtualMemory: { parameters: ["usize", "usize", "buffer", "u32"], result: "i32" },
      VirtualLock: { parameters: ["usize", "usize"], result: "i32" },
      VirtualUnlock: { parameters: ["usize", "usize"], result: "i32" },
      VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
      GetProcessWorkingSetSize: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
      SetProcessWorkingSetSize: { parameters: ["usize", "usize", "usize"], result: "i32" },
    },
    { K32QueryWorkingSetEx: { parameters: ["usize", "buffer", "u32"], result: "i32" } },
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

test("windows().residency.lock() locks private files as it locks all else", () => {
  const { residency, runtime } = onWindows();
  assertStrictEquals(residency.lock(ADDRESS, PAGE, true), undefined);
  assertStrictEquals(residency.lock(ADDRESS, PAGE, false), undefined);
  const [first, second, ...more] = runtime.calls;
  assertEquals([first, more], [second, []]);
});

test("windows().residency.populate() leaves populating to the core", () => {
  const { residency, runtime } = onWindows();
  assertStrictEquals(residency.populate(ADDRESS, PAGE, true), "unsupported");
  assertEquals(runtime.calls, []);
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
