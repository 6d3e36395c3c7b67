import { assertEquals, assertStrictEquals } from "@std/assert";
import { darwin } from "../../ffi/os/darwin/os.ts";
import { linux } from "../../ffi/os/linux/os.ts";
import type { Mapper, MirrorRequest } from "../../ffi/os/contract/memory.ts";
import { windows } from "../../ffi/os/windows/os.ts";
import {
  type Argument,
  type Call,
  FakeRuntime,
  GROWTH,
  OVERWRITTEN,
  request,
} from "../support/fake_runtime.ts";
import { test } from "../support/harness.ts";

const ADDRESS = 0x7f00_0000_0000n;
const HALF = 0x1_0000_0000n + 65_536n;
const WHOLE = 2n * HALF;
const SECTION = 0x1234n;
const ERRNO = 0x1000n;
const MAP_FAILED = 2n ** 64n - 1n;
const TASK = 0x103;

interface Opened {
  readonly mirrors: Mapper<MirrorRequest>;
  readonly runtime: FakeRuntime;
}

/** What the n-th call of a function, by its name, comes to; by default it succeeds. */
type Outcomes = Readonly<Record<string, readonly (number | undefined)[]>>;

/** Makes the stand-in of a function that fails as the outcomes say, and leaves an error either way. */
function standIn(
  name: string,
  outcomes: Outcomes,
  leave: (error: number) => void,
  [success, failure]: readonly [(...args: Argument[]) => number | bigint, number | bigint],
) {
  const script = [...outcomes[name] ?? []];
  return (...args: Argument[]) => {
    const error = script.shift();
    leave(error ?? OVERWRITTEN);
    return error === undefined ? success(...args) : failure;
  };
}

function openPosix(open: typeof linux | typeof darwin, outcomes: Outcomes = {}): Opened {
  const errno = new Int32Array(1);
  const leave = (error: number) => errno[0] = error;
  const mapping = [(address: Argument) => address as bigint || ADDRESS, MAP_FAILED] as const;
  const status = [() => 0, -1] as const;
  const remaps = [...outcomes["mach_vm_remap"] ?? []];
  const runtime = new FakeRuntime({
    mmap: standIn("mmap", outcomes, leave, mapping),
    mremap: standIn("mremap", outcomes, leave, [(...args) => args[4] as bigint, MAP_FAILED]),
    munmap: standIn("munmap", outcomes, leave, status),
    mprotect: standIn("mprotect", outcomes, leave, status),
    madvise: standIn("madvise", outcomes, leave, status),
    task_self_trap: () => TASK,
    mach_vm_remap: () => remaps.shift() ?? 0,
    ...GROWTH,
    sysconf: () => 4096n,
    __errno_location: () => ERRNO,
    __error: () => ERRNO,
  }, new Map([[ERRNO, errno.buffer]]));
  return opened(open(runtime, "x64").mirrors, runtime);
}

function openWindows(outcomes: Outcomes = {}): Opened {
  let last = 0;
  const leave = (error: number) => last = error;
  const status = [() => 1, 0] as const;
  const runtime = new FakeRuntime({
    VirtualAlloc2: standIn("VirtualAlloc2", outcomes, leave, [
      (_process, address) => address as bigint || ADDRESS,
      0n,
    ]),
    MapViewOfFile3: standIn("MapViewOfFile3", outcomes, leave, [
      (_section, _process, address) => address as bigint,
      0n,
    ]),
    CreateFileMappingW: standIn("CreateFileMappingW", outcomes, leave, [() => SECTION, 0n]),
    ...Object.fromEntries(
      ["CloseHandle", "UnmapViewOfFile", "VirtualFree"].map((name) => [
        name,
        standIn(name, outcomes, leave, status),
      ]),
    ),
    VirtualAlloc: () => 0n,
    VirtualProtect: () => 1,
    DiscardVirtualMemory: () => 0,
    RtlZeroMemory: () => {},
    GetLastError: () => last,
    GetSystemInfo: () => {},
  });
  return opened(windows(runtime).mirrors, runtime);
}

function opened(mirrors: Mapper<MirrorRequest>, runtime: FakeRuntime): Opened {
  runtime.calls.length = 0;
  return { mirrors, runtime };
}

const mirrored = (change = {}): MirrorRequest => ({
  ...request({ byteLength: WHOLE, ...change }),
  kind: "mirror",
});

const SYSTEMS = [
  {
    name: "linux",
    open: (outcomes?: Outcomes) => openPosix(linux, outcomes),
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
    open: (outcomes?: Outcomes) => openPosix(darwin, outcomes),
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
  const { name, open, reserving, sharing, vacant, again, refusal } = system;
  const reserve = (
    flags: number = reserving,
    hint = 0n,
  ): Call => ["mmap", hint, WHOLE, 0, flags, -1, 0n];
  const share = (flags: number = sharing): Call => ["mmap", ADDRESS, HALF, 3, flags, -1, 0n];

  test(`${name}().mirrors.map() reserves, shares the first half and maps it once more`, () => {
    const { mirrors, runtime } = open();
    assertStrictEquals(mirrors.map(mirrored()), ADDRESS);
    const { calls } = runtime;
    assertEquals(calls.slice(0, 2), [reserve(), share()]);
    assertStrictEquals(calls.length, 3);
    assertStrictEquals(calls[2]![0], again);
  });

  test(`${name}().mirrors.map() passes on what it can of the options`, () => {
    const { mirrors, runtime } = open();
    const options = { hint: ADDRESS, strict: true, noReserve: true, populate: true };
    assertStrictEquals(mirrors.map(mirrored(options)), ADDRESS);
    assertEquals(runtime.calls.slice(0, 2), [
      reserve(reserving | system.strict, ADDRESS),
      share(sharing | system.noReserve | system.populate),
    ]);
  });

  test(`${name}().mirrors.map() returns the failure when nothing can be reserved`, () => {
    const { mirrors, runtime } = open({ mmap: [12] });
    assertEquals(mirrors.map(mirrored()), { syscall: "mmap", osError: 12, code: "ENOMEM" });
    assertStrictEquals(runtime.calls.length, 1);
  });

  test(`${name}().mirrors.map() unmaps all when the first half is refused`, () => {
    const { mirrors, runtime } = open({ mmap: [undefined, 12] });
    assertEquals(mirrors.map(mirrored()), { syscall: "mmap", osError: 12, code: "ENOMEM" });
    assertEquals(runtime.calls.slice(2), [["munmap", ADDRESS, WHOLE]]);
  });

  test(`${name}().mirrors.map() unmaps all when the second half is refused`, () => {
    const [osError, code] = refusal;
    const { mirrors, runtime } = open({ [again]: [osError] });
    assertEquals(mirrors.map(mirrored()), { syscall: again, osError, code });
    assertEquals(runtime.calls.slice(3), [["munmap", ADDRESS, WHOLE]]);
  });

  test(`${name}().mirrors vacates both halves by private memory, and unmaps them together`, () => {
    const { mirrors, runtime } = open();
    assertStrictEquals(mirrors.vacate(ADDRESS, WHOLE), undefined);
    assertStrictEquals(mirrors.unmap(ADDRESS, WHOLE), undefined);
    assertEquals(runtime.calls, [
      ["mmap", ADDRESS, WHOLE, 3, vacant, -1, 0n],
      ["munmap", ADDRESS, WHOLE],
    ]);
  });

  test(`${name}().mirrors does not discard`, () => {
    const { mirrors, runtime } = open();
    assertEquals(mirrors.discard(ADDRESS, WHOLE)?.code, "ENOTSUP");
    assertEquals(runtime.calls, []);
  });
}

test("linux() maps the first half once more by mremap of nothing", () => {
  const { mirrors, runtime } = SYSTEMS[0].open();
  mirrors.map(mirrored());
  assertEquals(runtime.calls[2], SYSTEMS[0].repeating);
});

test("darwin() maps the first half once more by mach_vm_remap, shared", () => {
  const { mirrors, runtime } = SYSTEMS[1].open();
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
  const { mirrors, runtime } = openWindows();
  assertStrictEquals(mirrors.map(mirrored()), ADDRESS);
  assertEquals(runtime.calls, [...MADE, CLOSE]);
});

test("windows().mirrors.map() tries without the hint when it is not strict", () => {
  const hint = 0x1_0000n;
  const { mirrors, runtime } = openWindows({ VirtualAlloc2: [487] });
  assertStrictEquals(mirrors.map(mirrored({ hint })), ADDRESS);
  assertEquals(runtime.calls.slice(0, 2), [placeholder(hint), placeholder()]);
  const strict = openWindows({ VirtualAlloc2: [487] });
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
    { MapViewOfFile3: [undefined, 1455] },
    [...MADE, LAST, unmap(ADDRESS), free(SECOND), CLOSE],
  ],
];

for (const [syscall, outcomes, calls] of REFUSALS) {
  test(`windows().mirrors.map() undoes all when call ${calls.indexOf(LAST)}, ${syscall}, is refused`, () => {
    const { mirrors, runtime } = openWindows(outcomes);
    assertEquals(mirrors.map(mirrored()), { syscall, osError: 1455, code: "ENOMEM" });
    assertEquals(runtime.calls, calls);
  });
}

test("windows().mirrors unmaps the second half, then the first, and does not vacate", () => {
  const { mirrors, runtime } = openWindows();
  assertStrictEquals(mirrors.vacate(ADDRESS, WHOLE), undefined);
  assertStrictEquals(mirrors.unmap(ADDRESS, WHOLE), undefined);
  assertEquals(runtime.calls, [unmap(SECOND), unmap(ADDRESS)]);
  const refused = openWindows({ UnmapViewOfFile: [487] });
  assertEquals(refused.mirrors.unmap(ADDRESS, WHOLE)?.osError, 487);
  assertStrictEquals(refused.mirrors.discard(ADDRESS, WHOLE)?.code, "ENOTSUP");
});

test("windows().mirrors never unmaps the second half twice", () => {
  const { mirrors, runtime } = openWindows({ UnmapViewOfFile: [undefined, 487] });
  assertStrictEquals(mirrors.unmap(ADDRESS, WHOLE), undefined);
  assertEquals(runtime.calls, [unmap(SECOND), unmap(ADDRESS), unmap(ADDRESS)]);
});
