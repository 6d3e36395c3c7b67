import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MmapError } from "../../core/checks/errors.ts";
import { settingsOf } from "../../core/checks/settings.ts";
import { layoutOf, mapWithLayout } from "../../core/placing/layout.ts";
import type { AdvisedFailure, MapRequest } from "../../ffi/os/contract/memory.ts";
import type { MmapInit } from "../../mod.ts";
import { test } from "../support/harness.ts";
import {
  type Outcomes,
  pagesUp,
  request,
  simulated,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";

const POSIX = {
  map: "mmap",
  unmap: "munmap",
  memory: "mprotect",
  writable: "anonymous 3",
  none: "anonymous 0",
  refusal: 1,
  granule: 4096n,
};
const SYSTEMS = [
  { ...POSIX, name: "linux" },
  { ...POSIX, name: "darwin" },
  {
    name: "windows",
    map: "VirtualAlloc",
    unmap: "VirtualFree",
    memory: "VirtualProtect",
    writable: "memory 4",
    none: "reserved",
    refusal: 1314,
    granule: 65_536n,
  },
] as const;
const [LINUX, DARWIN, WINDOWS] = SYSTEMS;

const PLACES = [0x7f00_0003_0000n, 0x7f10_0001_0000n, 0x7f20_0000_0000n, 0x7f30_0005_0000n];

function arranged(
  { name }: (typeof SYSTEMS)[number],
  init: MmapInit,
  change: Partial<MapRequest> = {},
  outcomes: Outcomes = {},
): SimulatedSystem & { map: () => bigint } {
  const system = simulated(name, { places: PLACES, outcomes });
  const asked = request({ byteLength: 4097n, ...change });
  const layout = layoutOf(system.os, settingsOf(init), asked)!;
  system.runtime.calls.length = 0;
  return { ...system, map: () => mapWithLayout(system, asked, layout) };
}

for (const system of SYSTEMS) {
  const { name, writable, none, granule, refusal } = system;

  test(`mapWithLayout() maps guards and memory, and nothing more, on ${name}`, () => {
    for (const align of [0, Number(granule), 2 ** 18]) {
      for (const guard of [0, 1, 4097]) {
        if (align === 0 && guard === 0) continue;
        const { map, kernel: { space } } = arranged(system, { align, guard });
        const address = map();
        const below = (BigInt(guard) + granule - 1n) / granule * granule;
        if (align !== 0) assertEquals((address + below) % BigInt(align), 0n);
        const memory = address + below;
        const end = memory + 2n * 4096n;
        const above = end + BigInt(Math.ceil(guard / 4096)) * 4096n;
        const expected = [[address, memory, none], [memory, end, writable], [end, above, none]];
        assertEquals(
          space.runs.map(({ start, end, state }) => [start, pagesUp(end), state]),
          expected.filter(([start, end]) => start !== end),
        );
      }
    }
  });

  test(`mapWithLayout() leaves nothing mapped when a call fails, on ${name}`, () => {
    for (const init of [{ align: 2 ** 18 }, { guard: 1 }, { align: 2 ** 18, guard: 4096 }]) {
      // What VirtualFree refuses to free stays.
      const freeing = name === "windows" ? [] : [system.unmap];
      for (const call of [system.map, system.memory, ...freeing]) {
        for (const nth of [1, 2, 3]) {
          const outcomes = { [call]: [...Array(nth - 1).fill(0), refusal] };
          const { map, kernel, runtime } = arranged(system, init, {}, outcomes);
          let address: bigint | undefined;
          try {
            address = map();
          } catch (error) {
            assert(error instanceof MmapError, String(error));
            assertEquals([error.code, error.syscall], ["EPERM", call]);
          }
          const isMade = runtime.calls.filter(([name]) => name === call).length >= nth;
          // On Windows another place is looked for.
          if (name !== "windows") assertEquals(address === undefined, isMade, `${call} ${nth}`);
          if (address === undefined) assertEquals(kernel.space.runs, [], `${call} ${nth}`);
        }
      }
    }
  });
}

test("mapWithLayout() maps at a strict hint, the guard below it, on each system", () => {
  const hint = 0x2_0010_0000n;
  for (const system of SYSTEMS) {
    const at = { hint, strict: true };
    const { map, kernel: { space } } = arranged(system, { guard: 1, align: 2 ** 20 }, at);
    assertEquals(map(), hint - system.granule);
    assertEquals(space.at(hint)?.state, system.writable);
    assertEquals(space.at(hint - 4096n)?.state, system.none);
  }
});

test("mapWithLayout() looks again when another thread takes the place, on windows", () => {
  const once = arranged(WINDOWS, { align: 2 ** 18 }, {}, { VirtualAlloc: [0, 487] });
  assertEquals(once.map() % 2n ** 18n, 0n);
  assertEquals(once.kernel.space.pageCount, 2);
  const VirtualAlloc = Array.from({ length: 16 }, (_, index) => index % 2 === 0 ? 0 : 487);
  const always = arranged(WINDOWS, { align: 2 ** 18 }, {}, { VirtualAlloc });
  assertThrows(always.map, Error);
  assertEquals(always.kernel.space.runs, []);
});

test("linux() passes the flags of huge pages, of a stack, and a name", () => {
  const { os, runtime } = arranged(LINUX, { guard: 1 });
  os.huge!.mapper(2 ** 21)!.map(request({ byteLength: 2n ** 21n }));
  os.huge!.mapper(2 ** 30)!.map(request({ byteLength: 2n ** 30n }));
  const stack = os.map(request({ stack: true })) as bigint;
  os.name!(stack, 4096n, "a b");
  const flags = runtime.calls.filter(([name]) => name === "mmap").map((call) => call[4]);
  assertEquals(flags, [0x40022 | 21 << 26, 0x40022 | 30 << 26, 0x20022]);
  const name = new Uint8Array([97, 32, 98, 0]);
  assertEquals(runtime.calls.at(-1), ["prctl", 0x53564d41, 0n, stack, 4096n, name]);
});

test("linux() puts plain memory in the place of huge pages, and protects whole ones", () => {
  const { os, runtime } = arranged(LINUX, { guard: 1 });
  const mapper = os.huge!.mapper(2 ** 21)!;
  const address = mapper.map(request({ byteLength: 2n ** 22n })) as bigint;
  runtime.calls.length = 0;
  assertEquals(mapper.vacate(address, 2n ** 21n + 1n), undefined);
  assertEquals(mapper.protect(address, 5n, "read"), undefined);
  assertEquals(runtime.calls, [
    ["mmap", address, 2n ** 22n, 3, 0x4032, -1, 0n],
    ["mprotect", address, 2n ** 21n, 1],
  ]);
});

test("linux() unmaps huge pages when one of them is not to be had", () => {
  const outcomes = { madvise: [12, 14, 22] };
  const { os, kernel: { space } } = arranged(LINUX, { guard: 1 }, {}, outcomes);
  const mapper = os.huge!.mapper(2 ** 21)!;
  const asked = request({ byteLength: 2n ** 21n });
  assertEquals(mapper.map(asked), { syscall: "madvise", osError: 12, code: "ENOMEM" });
  assertEquals(space.runs, []);
  // What a control group's limit is told as.
  const { osError, code, osCode, advice } = mapper.map(asked) as AdvisedFailure;
  assertEquals([osError, code, osCode, space.runs], [14, "ENOMEM", "EFAULT", []]);
  assertStringIncludes(advice!, "hugetlb.<length>.max");
  assertEquals(mapper.map(asked), PLACES[2]); // a kernel that cannot be asked
});

test("windows() asks for large pages with the privilege, and has them of one length", () => {
  const { os, runtime } = arranged(WINDOWS, { guard: 1 });
  assertEquals(os.huge!.pageByteLength, 2 ** 21);
  assertEquals(os.huge!.mapper(2 ** 30), undefined);
  os.huge!.mapper(2 ** 21)!.map(request({ byteLength: 2n ** 21n }));
  assertEquals(runtime.calls.at(-1), ["VirtualAlloc", 0n, 2n ** 21n, 0x2000_3000, 4]);
  assert(runtime.calls.some(([name]) => name === "AdjustTokenPrivileges"));
});

test("darwin() has no huge pages", () => {
  assertThrows(() => arranged(DARWIN, { huge: true }), MmapError, "no huge pages");
});
