import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Mapper, MirrorRequest } from "../../ffi/os/contract/memory.ts";
import {
  type Call,
  FIRST_FILE,
  forget,
  type Outcomes,
  request,
  simulated,
  type SimulatedName,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";
import { test } from "../support/harness.ts";

const ADDRESS = 0x7f00_0000_0000n;
const HALF = 0x1_0000_0000n + 65_536n;
const WHOLE = 2n * HALF;
/** The first handle that is opened. */
const SECTION = BigInt(FIRST_FILE + 1);
const MAP_FAILED = 2n ** 64n - 1n;
const TASK = 0x103;

/** Opens a system with its mirrors. */
function opened(
  name: SimulatedName,
  outcomes: Outcomes = {},
): SimulatedSystem & { mirrors: Mapper<MirrorRequest> } {
  const system = simulated(name, { places: [ADDRESS], outcomes });
  const { mirrors } = system.os;
  forget(system);
  return { ...system, mirrors };
}

/** The same, with a mirror at {@linkcode ADDRESS}. */
function withMirror(name: SimulatedName, outcomes: Outcomes = {}): ReturnType<typeof opened> {
  const system = opened(name, outcomes);
  assertStrictEquals(system.mirrors.map(mirrored()), ADDRESS);
  forget(system);
  return system;
}

const mirrored = (change = {}): MirrorRequest => ({
  ...request({ byteLength: WHOLE, ...change }),
  kind: "mirror",
});

const SYSTEMS = [
  {
    name: "linux",
    reserving: 0x4022, // MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    sharing: 0x31, // MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED
    strict: 0x10_0000,
    noReserve: 0x4000,
    populate: 0x8000,
    vacant: 0x4032,
    again: "mremap",
    // MREMAP_MAYMOVE | MREMAP_FIXED
    repeating: ["mremap", ADDRESS, 0n, HALF, 3, ADDRESS + HALF] as Call,
    refusal: [12, "ENOMEM"],
  },
  {
    name: "darwin",
    reserving: 0x1042,
    sharing: 0x1011,
    strict: 0,
    noReserve: 0x40,
    populate: 0,
    vacant: 0x1052,
    again: "mach_vm_remap",
    repeating: undefined,
    refusal: [3, "ENOMEM"],
  },
] as const;

for (const system of SYSTEMS) {
  const { name, reserving, sharing, vacant, again, refusal } = system;
  const reserve = (
    flags: number = reserving,
    hint = 0n,
  ): Call => ["mmap", hint, WHOLE, 0, flags, -1, 0n];
  const share = (flags: number = sharing): Call => ["mmap", ADDRESS, HALF, 3, flags, -1, 0n];

  test(`${name}().mirrors.map() reserves, shares the first half and maps it once more`, () => {
    const { mirrors, runtime } = opened(name);
    assertStrictEquals(mirrors.map(mirrored()), ADDRESS);
    const { calls } = runtime;
    assertEquals(calls.slice(0, 2), [reserve(), share()]);
    assertStrictEquals(calls.length, 3);
    assertStrictEquals(calls[2]![0], again);
  });

  test(`${name}().mirrors.map() passes on what it can of the options`, () => {
    const { mirrors, runtime } = opened(name);
    const options = { hint: ADDRESS, strict: true, noReserve: true, populate: true };
    assertStrictEquals(mirrors.map(mirrored(options)), ADDRESS);
    assertEquals(runtime.calls.slice(0, 2), [
      reserve(reserving | system.strict, ADDRESS),
      share(sharing | system.noReserve | system.populate),
    ]);
  });

  test(`${name}().mirrors.map() returns the failure when nothing can be reserved`, () => {
    const { mirrors, runtime } = opened(name, { mmap: [12] });
    assertEquals(mirrors.map(mirrored()), { syscall: "mmap", osError: 12, code: "ENOMEM" });
    assertStrictEquals(runtime.calls.length, 1);
  });

  test(`${name}().mirrors.map() unmaps all when the first half is refused`, () => {
    const { mirrors, runtime } = opened(name, { mmap: [0, 12] });
    assertEquals(mirrors.map(mirrored()), { syscall: "mmap", osError: 12, code: "ENOMEM" });
    assertEquals(runtime.calls.slice(2), [["munmap", ADDRESS, WHOLE]]);
  });

  test(`${name}().mirrors.map() unmaps all when the second half is refused`, () => {
    const [osError, code] = refusal;
    const { mirrors, runtime } = opened(name, { [again]: [osError] });
    assertEquals(mirrors.map(mirrored()), { syscall: again, osError, code });
    assertEquals(runtime.calls.slice(3), [["munmap", ADDRESS, WHOLE]]);
  });

  test(`${name}().mirrors vacates both halves by private memory, and unmaps them together`, () => {
    const { mirrors, runtime } = withMirror(name);
    assertStrictEquals(mirrors.vacate(ADDRESS, WHOLE), undefined);
    assertStrictEquals(mirrors.unmap(ADDRESS, WHOLE), undefined);
    assertEquals(runtime.calls, [
      ["mmap", ADDRESS, WHOLE, 3, vacant, -1, 0n],
      ["munmap", ADDRESS, WHOLE],
    ]);
  });

  test(`${name}().mirrors does not discard`, () => {
    const { mirrors, runtime } = withMirror(name);
    assertEquals(mirrors.discard(ADDRESS, WHOLE)?.code, "ENOTSUP");
    assertEquals(runtime.calls, []);
  });
}

test("linux() maps the first half once more by mremap of nothing", () => {
  const { mirrors, runtime } = opened("linux");
  mirrors.map(mirrored());
  assertEquals(runtime.calls[2], SYSTEMS[0].repeating);
});

test("darwin() maps the first half once more by mach_vm_remap, shared", () => {
  const { mirrors, runtime } = opened("darwin");
  mirrors.map(mirrored());
  const [name, task, target, ...rest] = runtime.calls[2]!;
  assertEquals([name, task], ["mach_vm_remap", TASK]);
  const second = new DataView((target as Uint8Array).buffer).getBigUint64(0, true);
  assertStrictEquals(second, ADDRESS + HALF);
  // VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE is 0x4000, FALSE and VM_INHERIT_SHARE are 0
  assertEquals([...rest.slice(0, 6), rest[8]], [HALF, 0n, 0x4000, TASK, ADDRESS, 0, 0]);
});

// MEM_RESERVE | MEM_RESERVE_PLACEHOLDER is 0x42000, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER 0x8002,
// MEM_REPLACE_PLACEHOLDER 0x4000, PAGE_NOACCESS 1, PAGE_READWRITE 4.
const placeholder = (
  hint = 0n,
): Call => ["VirtualAlloc2", MAP_FAILED, hint, WHOLE, 0x42000, 1, 0n, 0];
const SPLIT: Call = ["VirtualFree", ADDRESS, HALF, 0x8002];
const CREATE: Call = ["CreateFileMappingW", MAP_FAILED, 0n, 4, 1, 65_536, 0n];
const view = (
  base: bigint,
): Call => ["MapViewOfFile3", SECTION, MAP_FAILED, base, 0n, HALF, 0x4000, 4, 0n, 0];
const CLOSE: Call = ["CloseHandle", SECTION];
const free = (base: bigint): Call => ["VirtualFree", base, 0n, 0x8000];
const unmap = (base: bigint): Call => ["UnmapViewOfFile", base];
const LAST: Call = ["GetLastError"];

const SECOND = ADDRESS + HALF;
const MADE = [placeholder(), SPLIT, CREATE, view(ADDRESS), view(SECOND)];

test("windows().mirrors.map() splits a placeholder and maps a section into both halves", () => {
  const { mirrors, runtime } = opened("windows");
  assertStrictEquals(mirrors.map(mirrored()), ADDRESS);
  assertEquals(runtime.calls, [...MADE, CLOSE]);
});

test("windows().mirrors.map() tries without the hint when it is not strict", () => {
  const hint = 0x1_0000n;
  const { mirrors, runtime } = opened("windows", { VirtualAlloc2: [487] });
  assertStrictEquals(mirrors.map(mirrored({ hint })), ADDRESS);
  assertEquals(runtime.calls.slice(0, 2), [placeholder(hint), placeholder()]);
  const strict = opened("windows", { VirtualAlloc2: [487] });
  const failure = { syscall: "VirtualAlloc2", osError: 487, code: "EINVAL" };
  assertEquals(strict.mirrors.map(mirrored({ hint, strict: true })), failure);
});

const REFUSALS: readonly (readonly [string, Outcomes, readonly Call[]])[] = [
  ["VirtualFree", { VirtualFree: [1455] }, [placeholder(), SPLIT, LAST, free(ADDRESS)]],
  [
    "CreateFileMappingW",
    { CreateFileMappingW: [1455] },
    [placeholder(), SPLIT, CREATE, LAST, free(ADDRESS), free(SECOND)],
  ],
  [
    "MapViewOfFile3",
    { MapViewOfFile3: [1455] },
    [...MADE.slice(0, 4), LAST, free(ADDRESS), free(SECOND), CLOSE],
  ],
  [
    "MapViewOfFile3",
    { MapViewOfFile3: [0, 1455] },
    [...MADE, LAST, unmap(ADDRESS), free(SECOND), CLOSE],
  ],
];

for (const [syscall, outcomes, calls] of REFUSALS) {
  test(`windows().mirrors.map() undoes all when call ${calls.indexOf(LAST)}, ${syscall}, is refused`, () => {
    const { mirrors, runtime } = opened("windows", outcomes);
    assertEquals(mirrors.map(mirrored()), { syscall, osError: 1455, code: "ENOMEM" });
    assertEquals(runtime.calls, calls);
  });
}

test("windows().mirrors unmaps the second half, then the first, and does not vacate", () => {
  const { mirrors, runtime } = withMirror("windows");
  assertStrictEquals(mirrors.vacate(ADDRESS, WHOLE), undefined);
  assertStrictEquals(mirrors.unmap(ADDRESS, WHOLE), undefined);
  assertEquals(runtime.calls, [unmap(SECOND), unmap(ADDRESS)]);
  const refused = withMirror("windows", { UnmapViewOfFile: [487] });
  assertEquals(refused.mirrors.unmap(ADDRESS, WHOLE)?.osError, 487);
  assertStrictEquals(refused.mirrors.discard(ADDRESS, WHOLE)?.code, "ENOTSUP");
});

test("windows().mirrors never unmaps the second half twice", () => {
  const { mirrors, runtime } = withMirror("windows", { UnmapViewOfFile: [0, 487] });
  assertStrictEquals(mirrors.unmap(ADDRESS, WHOLE), undefined);
  assertEquals(runtime.calls, [unmap(SECOND), unmap(ADDRESS), unmap(ADDRESS)]);
});
