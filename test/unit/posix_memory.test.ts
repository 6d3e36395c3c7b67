import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Os } from "../../ffi/os/contract/os.ts";
import { test } from "../support/harness.ts";
import {
  type Call,
  type Outcomes,
  request,
  simulated,
  type SimulatedSystem,
  SIMULATIONS,
} from "../support/simulated/mod.ts";

const ADDRESS = 0x7f00_0000_0000n;
const READ_WRITE = 3;
const PROTECTIONS = { "none": 0, "read": 1, "read-write": READ_WRITE, "read-execute": 5 } as const;

const SYSTEMS = [
  {
    name: "linux",
    library: "libc.so.6",
    errnoLocation: "__errno_location",
    _SC_PAGESIZE: 30,
    populates: true,
    // MAP_PRIVATE | MAP_ANONYMOUS is 0x22, MAP_NORESERVE 0x4000, MAP_POPULATE
    // 0x8000, MAP_FIXED_NOREPLACE 0x100000, in <asm-generic/mman-common.h>.
    plain: 0x22,
    flags: { populate: 0x8000, noReserve: 0x4000, strict: 0x10_0000 },
    overwriting: 0x4032, // MAP_FIXED is 0x10
    freeing: 4, // MADV_DONTNEED
  },
  {
    name: "darwin",
    library: "/usr/lib/libSystem.B.dylib",
    errnoLocation: "__error",
    _SC_PAGESIZE: 29,
    populates: false,
    // MAP_PRIVATE | MAP_ANON is 0x1002, MAP_NORESERVE 0x40. Neither populate nor
    // strict has a flag: 0x8000 is MAP_32BIT, 0x10 (MAP_FIXED) overwrites.
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/mman.h
    plain: 0x1002,
    flags: { populate: 0, noReserve: 0x40, strict: 0 },
    overwriting: 0x1052,
    freeing: undefined, // its MADV_DONTNEED frees nothing
  },
] as const;

for (const { name, library, errnoLocation, _SC_PAGESIZE, ...system } of SYSTEMS) {
  const { populates, plain, flags, overwriting, freeing } = system;

  /** Opens the system with memory of a length at {@linkcode ADDRESS}. */
  const withMemory = (byteLength: bigint, outcomes: Outcomes = {}): SimulatedSystem => {
    const opened = simulated(name, { places: [ADDRESS], outcomes });
    opened.kernel.space.map(0n, byteLength, "anonymous 3");
    return opened;
  };

  test(`${name}() opens ${library} with the functions as C declares them`, () => {
    const { opened } = SIMULATIONS[name].open().runtime;
    assertEquals(new Set(opened.map(({ library }) => library)), new Set([library]));
    assertEquals(Object.assign({}, ...opened.map(({ table }) => table)), {
      mmap: {
        parameters: ["usize", "usize", "i32", "i32", "i32", "i64"],
        result: "usize",
      },
      munmap: { parameters: ["usize", "usize"], result: "i32" },
      mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
      madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
      sysconf: { parameters: ["i32"], result: "i64" },
      [errnoLocation]: { parameters: [], result: "usize" },
    });
  });

  test(`${name}() asks for errno's address and the page size once when opened`, () => {
    const { runtime } = SIMULATIONS[name].open();
    assertEquals(runtime.calls, [[errnoLocation], ["sysconf", _SC_PAGESIZE]]);
  });

  for (const pageSize of [4096, 16_384, 65_536]) {
    test(`${name}() has the system's page size and granularity when pages are ${pageSize} bytes`, () => {
      const { os } = simulated(name, { pageSize });
      assertEquals([os.pageSize, os.allocationGranularity], [pageSize, pageSize]);
    });
  }

  test(`${name}() ${populates ? "populates" : "leaves populating to the core"}`, () => {
    assertStrictEquals(simulated(name).os.populates, populates);
  });

  for (let bits = 0; bits < 8; bits++) {
    const [populate, noReserve, strict] = [1, 2, 4].map((bit) => (bits & bit) !== 0);
    const asked = { populate: populate!, noReserve: noReserve!, strict: strict! };
    const options = Object.entries(asked).flatMap(([option, on]) => on ? [option] : []);
    const passed: number = plain | (populate ? flags.populate : 0) |
      (noReserve ? flags.noReserve : 0) | (strict ? flags.strict : 0);

    test(`${name}().map() passes the flags 0x${passed.toString(16)} when asked for ${options.join(" and ") || "no option"}`, () => {
      for (const hint of [0n, 0x1_0000n, 2n ** 64n - 65_536n]) {
        for (const byteLength of [1n, 4096n, 4097n, 2n ** 32n, 2n ** 53n - 1n]) {
          for (const protection of ["none", "read-write"] as const) {
            const { os, runtime } = simulated(name, { places: [], outcomes: { mmap: [ADDRESS] } });
            const options = { hint, byteLength, ...asked, protection };
            assertStrictEquals(os.map(request(options)), ADDRESS);
            assertEquals(runtime.calls, [
              ["mmap", hint, byteLength, PROTECTIONS[protection], passed, -1, 0n],
            ]);
          }
        }
      }
    });
  }

  test(`${name}().map() returns any address but MAP_FAILED`, () => {
    for (const address of [0x1000n, 2n ** 63n, 2n ** 64n - 4096n]) {
      const { os } = simulated(name, { outcomes: { mmap: [address] } });
      assertStrictEquals(os.map(request()), address);
    }
  });

  test(`${name}().unmap() passes exactly the address and the length`, () => {
    for (const byteLength of [1n, 4097n, 2n ** 53n - 1n]) {
      const { os, runtime, kernel } = withMemory(byteLength);
      assertStrictEquals(os.unmap(ADDRESS, byteLength), undefined);
      assertEquals(runtime.calls, [["munmap", ADDRESS, byteLength]]);
      assertEquals(kernel.space.mapped, []);
    }
  });

  const overwritten = (byteLength: bigint, protection: number = READ_WRITE): Call => [
    "mmap",
    ADDRESS,
    byteLength,
    protection,
    overwriting,
    -1,
    0n,
  ];
  const freed = (byteLength: bigint): Call =>
    freeing === undefined ? overwritten(byteLength) : ["madvise", ADDRESS, byteLength, freeing];

  for (const verb of ["vacate", "discard"] as const) {
    const giveBack = (os: Os, byteLength: bigint) =>
      verb === "vacate" ? os.vacate(ADDRESS, byteLength, true) : os.discard(ADDRESS, byteLength);

    test(`${name}().${verb}() frees the memory and leaves the range mapped`, () => {
      for (const byteLength of [1n, 4097n, 2n ** 53n - 1n]) {
        const { os, runtime, kernel } = withMemory(byteLength);
        assertStrictEquals(giveBack(os, byteLength), undefined);
        assertEquals(runtime.calls, [freed(byteLength)]);
        assertEquals(kernel.space.mapped, [[ADDRESS, byteLength]]);
      }
    });

    test(`${name}().${verb}() maps over its own range when the memory cannot be freed`, () => {
      const { os, runtime, kernel } = withMemory(4096n, { madvise: 22 });
      assertStrictEquals(giveBack(os, 4096n), undefined);
      assertEquals(runtime.calls.at(-1), overwritten(4096n));
      assertEquals(kernel.space.mapped, [[ADDRESS, 4096n]]);
    });

    test(`${name}().${verb}() returns the failure when nothing works`, () => {
      const { os } = withMemory(4096n, { madvise: 22, mmap: 12 });
      assertEquals(giveBack(os, 4096n), { syscall: "mmap", osError: 12, code: "ENOMEM" });
    });
  }

  test(`${name}().vacate() makes one piece of several, or frees the memory where that is refused`, () => {
    const { os, runtime } = withMemory(8192n, { mmap: [0, 12] });
    assertStrictEquals(os.vacate(ADDRESS, 8192n), undefined);
    assertEquals(runtime.calls, [overwritten(8192n)]);
    runtime.calls.length = 0;
    assertStrictEquals(os.vacate(ADDRESS, 8192n), undefined);
    assertEquals(runtime.calls[1], freed(8192n));
  });

  test(`${name}().decommit() maps over its own range what nothing may be done with`, () => {
    const { os, runtime, kernel } = withMemory(4097n, { mmap: [0, 12] });
    assertStrictEquals(os.decommit(ADDRESS, 4097n), undefined);
    assertEquals(runtime.calls, [overwritten(4097n, PROTECTIONS.none)]);
    assertEquals(kernel.space.mapped, [[ADDRESS, 4097n]]);
    assertEquals(os.decommit(ADDRESS, 4097n), { syscall: "mmap", osError: 12, code: "ENOMEM" });
  });

  for (const protection of ["none", "read", "read-write", "read-execute"] as const) {
    const number = PROTECTIONS[protection];
    test(`${name}().protect() passes ${number} for "${protection}"`, () => {
      const { os, runtime } = withMemory(4097n);
      assertStrictEquals(os.protect(ADDRESS, 4097n, protection), undefined);
      assertEquals(runtime.calls, [["mprotect", ADDRESS, 4097n, number]]);
    });
  }

  test(`${name}().protect() returns the failure`, () => {
    const { os } = withMemory(4096n, { mprotect: [13] });
    const failure = { syscall: "mprotect", osError: 13, code: "EACCES" };
    assertEquals(os.protect(ADDRESS, 4096n, "read-execute"), failure);
  });

  test(`${name}() unmaps neighbours together, and holds 1 TiB`, () => {
    const { os } = simulated(name);
    assertEquals([os.unmapsNeighbours, os.maxHeldByteLength], [true, 2 ** 40]);
  });
}
