import { assertEquals, assertStrictEquals } from "@std/assert";
import type { MapRequest } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { test } from "../support/harness.ts";
import {
  type Call,
  names,
  type Outcomes,
  request,
  simulated,
  type SimulatedSystem,
  SIMULATIONS,
} from "../support/simulated/mod.ts";

const ADDRESS = 0x1_8000_0000n;
const HINT = 0x2_0000_0000n;
const RESERVE_AND_COMMIT = 0x3000;
const READ_WRITE = 4;

/** Opens Windows with memory of a length at {@linkcode ADDRESS}. */
function withMemory(byteLength = 4096n, outcomes: Outcomes = {}): SimulatedSystem {
  const opened = simulated("windows", { places: [ADDRESS], outcomes });
  opened.kernel.space.map(0n, byteLength, "memory 4");
  return opened;
}

function virtualAlloc(address: bigint, byteLength = 4096n): Call {
  return ["VirtualAlloc", address, byteLength, RESERVE_AND_COMMIT, READ_WRITE];
}

test("windows() opens kernel32.dll and ntdll.dll with the functions as C declares them", () => {
  const { runtime } = SIMULATIONS.windows.open();
  assertEquals(runtime.opened, [{
    library: "kernel32.dll",
    table: {
      VirtualAlloc: {
        parameters: ["usize", "usize", "u32", "u32"],
        result: "usize",
      },
      VirtualFree: { parameters: ["usize", "usize", "u32"], result: "i32" },
      VirtualProtect: { parameters: ["usize", "usize", "u32", "buffer"], result: "i32" },
      DiscardVirtualMemory: { parameters: ["usize", "usize"], result: "u32" },
      GetLastError: { parameters: [], result: "u32" },
      GetSystemInfo: { parameters: ["buffer"], result: "void" },
    },
  }, {
    library: "ntdll.dll",
    table: { RtlZeroMemory: { parameters: ["usize", "usize"], result: "void" } },
  }]);
});

test("windows() asks once for a SYSTEM_INFO of 48 bytes when opened", () => {
  const { runtime } = SIMULATIONS.windows.open();
  const [[name, info] = [], ...more] = runtime.calls;
  assertStrictEquals(name, "GetSystemInfo");
  assertStrictEquals((info as Uint8Array).byteLength, 48);
  assertEquals(more, []);
});

for (
  const [pageSize, allocationGranularity] of [
    [4096, 65_536],
    [16_384, 65_536],
    [65_536, 131_072],
  ] as const
) {
  test(`windows() has the system's page size and granularity when they are ${pageSize} and ${allocationGranularity} bytes`, () => {
    const { os } = simulated("windows", { pageSize, allocationGranularity });
    assertStrictEquals(os.pageSize, pageSize);
    assertStrictEquals(os.allocationGranularity, allocationGranularity);
  });
}

test("windows() leaves populating to the core", () => {
  assertStrictEquals(simulated("windows").os.populates, false);
});

const FLAGS: readonly Partial<MapRequest>[] = [
  {},
  { populate: true },
  { noReserve: true },
  { populate: true, noReserve: true },
];

const CASES: readonly {
  readonly when: string;
  readonly change: Partial<MapRequest>;
  readonly map: (bigint | number)[];
  readonly calls: Call[];
  readonly result: ReturnType<Os["map"]>;
}[] = [
  {
    when: "there is no hint",
    change: {},
    map: [ADDRESS],
    calls: [virtualAlloc(0n)],
    result: ADDRESS,
  },
  {
    when: "there is no hint and no memory",
    change: {},
    map: [8],
    calls: [virtualAlloc(0n), ["GetLastError"]],
    result: { syscall: "VirtualAlloc", osError: 8, code: "ENOMEM" },
  },
  {
    when: "the hint is free",
    change: { hint: HINT },
    map: [HINT],
    calls: [virtualAlloc(HINT)],
    result: HINT,
  },
  {
    when: "the hint is taken",
    change: { hint: HINT },
    map: [487, ADDRESS],
    calls: [virtualAlloc(HINT), virtualAlloc(0n)],
    result: ADDRESS,
  },
  {
    when: "the hint is taken and there is no memory elsewhere",
    change: { hint: HINT },
    map: [487, 1455],
    calls: [virtualAlloc(HINT), virtualAlloc(0n), ["GetLastError"]],
    result: { syscall: "VirtualAlloc", osError: 1455, code: "ENOMEM" },
  },
  {
    when: "the strict hint is free",
    change: { hint: HINT, strict: true },
    map: [HINT],
    calls: [virtualAlloc(HINT)],
    result: HINT,
  },
  {
    when: "the strict hint is taken",
    change: { hint: HINT, strict: true },
    map: [487],
    calls: [virtualAlloc(HINT), ["GetLastError"]],
    result: { syscall: "VirtualAlloc", osError: 487, code: "EINVAL" },
  },
  {
    when: "it is mapped below a strict hint",
    change: { hint: HINT, strict: true },
    map: [HINT - 65_536n],
    calls: [virtualAlloc(HINT)],
    result: HINT - 65_536n,
  },
];

for (const { when, change, map, calls, result } of CASES) {
  test(`windows().map() reserves and commits when ${when}`, () => {
    for (const flags of FLAGS) {
      const machine = { places: [], outcomes: { VirtualAlloc: map } };
      const { os, runtime } = simulated("windows", machine);
      assertEquals(os.map(request({ ...flags, ...change })), result);
      assertEquals(runtime.calls, calls);
    }
  });
}

test("windows().map() passes any length", () => {
  for (const byteLength of [1n, 4097n, 2n ** 32n, 2n ** 53n - 1n]) {
    const { os, runtime } = simulated("windows", { places: [ADDRESS] });
    os.map(request({ byteLength }));
    assertEquals(runtime.calls, [virtualAlloc(0n, byteLength)]);
  }
});

test("windows().unmap() releases the whole allocation with a size of 0", () => {
  const MEM_RELEASE = 0x8000;
  for (const byteLength of [1n, 4097n, 2n ** 53n - 1n]) {
    const { os, runtime, kernel } = withMemory(byteLength);
    assertStrictEquals(os.unmap(ADDRESS, byteLength), undefined);
    assertEquals(runtime.calls, [["VirtualFree", ADDRESS, 0n, MEM_RELEASE]]);
    assertEquals(kernel.space.mapped, []);
  }
});

test("windows().unmap() reads the error right after VirtualFree when it fails", () => {
  const system = withMemory(4096n, { VirtualFree: [487] });
  system.os.unmap(ADDRESS, 4096n);
  assertEquals(names(system), ["VirtualFree", "GetLastError"]);
});

test("windows().vacate() discards whole pages, and leaves the allocation", () => {
  for (const [byteLength, discarded] of [[1n, 4096n], [4096n, 4096n], [4097n, 8192n]] as const) {
    const { os, runtime, kernel } = withMemory(byteLength);
    assertStrictEquals(os.vacate(ADDRESS, byteLength), undefined);
    assertEquals(runtime.calls.at(-1), ["DiscardVirtualMemory", ADDRESS, discarded]);
    assertEquals(kernel.space.mapped, [[ADDRESS, byteLength]]);
  }
});

test("windows().vacate() returns the failure that DiscardVirtualMemory returns", () => {
  const { os } = withMemory(4096n, { DiscardVirtualMemory: [87] });
  assertEquals(os.vacate(ADDRESS, 4096n), {
    syscall: "DiscardVirtualMemory",
    osError: 87,
    code: "EINVAL",
  });
});

test("windows() unmaps each mapping alone, and holds 256 MiB, which stay committed", () => {
  const { os } = simulated("windows");
  assertEquals([os.unmapsNeighbours, os.maxHeldByteLength], [false, 2 ** 28]);
});

test("windows().map() reserves without commit what nothing may be done with", () => {
  const outcomes = { VirtualAlloc: [487, ADDRESS] };
  const { os, runtime } = simulated("windows", { outcomes });
  const reserved = request({ hint: HINT, protection: "none" });
  assertStrictEquals(os.map(reserved), ADDRESS);
  const [MEM_RESERVE, PAGE_NOACCESS] = [0x2000, 1];
  assertEquals(
    runtime.calls,
    [HINT, 0n].map((address) => ["VirtualAlloc", address, 4096n, MEM_RESERVE, PAGE_NOACCESS]),
  );
});

test("windows().discard() stores zeros first, because discarding may leave what was there", () => {
  const { os, runtime } = withMemory(4097n);
  assertStrictEquals(os.discard(ADDRESS, 4097n), undefined);
  assertEquals(runtime.calls, [
    ["RtlZeroMemory", ADDRESS, 4097n],
    ["DiscardVirtualMemory", ADDRESS, 8192n],
  ]);
});

for (
  const [protection, flags] of [
    ["none", 1],
    ["read", 2],
    ["read-write", READ_WRITE],
    ["read-execute", 0x20],
  ] as const
) {
  test(`windows().protect() commits and protects with 0x${flags.toString(16)} for "${protection}"`, () => {
    const { os, runtime } = withMemory();
    assertStrictEquals(os.protect(ADDRESS, 4096n, protection), undefined);
    const MEM_COMMIT = 0x1000;
    const [allocated, [name, ...args] = []] = runtime.calls;
    assertEquals(allocated, ["VirtualAlloc", ADDRESS, 4096n, MEM_COMMIT, flags]);
    assertEquals([name, ...args.slice(0, 3)], ["VirtualProtect", ADDRESS, 4096n, flags]);
    assertStrictEquals((args[3] as Uint8Array).byteLength, 4);
  });
}

test("windows().protect() returns the failure of either call", () => {
  const { os } = withMemory(4096n, { VirtualAlloc: [1455], VirtualProtect: [87] });
  const protect = () => os.protect(ADDRESS, 4096n, "read-write");
  assertEquals(protect(), { syscall: "VirtualAlloc", osError: 1455, code: "ENOMEM" });
  assertEquals(protect(), { syscall: "VirtualProtect", osError: 87, code: "EINVAL" });
});

test("windows().decommit() decommits, and returns the failure", () => {
  const MEM_DECOMMIT = 0x4000;
  const { os, runtime } = withMemory();
  assertStrictEquals(os.decommit(ADDRESS, 4096n), undefined);
  assertEquals(runtime.calls, [["VirtualFree", ADDRESS, 4096n, MEM_DECOMMIT]]);
  assertEquals(withMemory(4096n, { VirtualFree: [87] }).os.decommit(ADDRESS, 4096n), {
    syscall: "VirtualFree",
    osError: 87,
    code: "EINVAL",
  });
});
