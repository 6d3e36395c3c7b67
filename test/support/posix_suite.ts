/**
 * The tests that the POSIX systems have in common, over a fake C library: what
 * differs from one to another is a table of facts.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Protection } from "../../ffi/os/contract/memory.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import type { Native } from "../../ffi/symbols.ts";
import { type Call, fakePosix, type FakeSystem, request, type Script } from "./fake_runtime.ts";
import { test } from "./harness.ts";

/** What is true of one POSIX system. */
export interface PosixFacts {
  /** The name of the function that opens it. */
  readonly name: string;
  readonly open: (native: Native) => Os;
  readonly library: string;
  readonly errnoLocation: string;
  /** The number that `sysconf` knows the page size by. */
  readonly pageSizeName: number;
  readonly populates: boolean;
  /** The flags of `mmap` for every request. */
  readonly flags: readonly (
    readonly [
      populate: boolean,
      noReserve: boolean,
      strict: boolean,
      flags: number,
    ]
  )[];
  /** The flags of `mmap` over the library's own memory. */
  readonly overwritingFlags: number;
  /** The advice of `madvise` that frees memory, where there is one. */
  readonly freeing?: number;
  /** Errors that calls give. */
  readonly errors: Readonly<Record<number, string>>;
  /** The names of all errors, by their numbers. */
  readonly codes: readonly string[];
  /** An error of another system, that has no name here. */
  readonly unknownError: number;
}

const ADDRESS = 0x7f00_0000_0000n;
const READ_WRITE = 3;
const PROTECTIONS = { "none": 0, "read": 1, "read-write": READ_WRITE, "read-execute": 5 } as const;

/** Declares the tests. */
export function testPosix(facts: PosixFacts): void {
  const { name } = facts;
  const opened = (script: Script = {}): FakeSystem & { os: Os } => {
    const fake = fakePosix(script);
    const os = facts.open(fake.runtime);
    fake.runtime.calls.length = 0;
    return { ...fake, os };
  };

  test(`${name}() opens ${facts.library} with the functions as C declares them`, () => {
    const { runtime } = fakePosix();
    facts.open(runtime);
    const tables = runtime.opened.map(({ table }) => table);
    assertEquals(
      new Set(runtime.opened.map(({ library }) => library)),
      new Set([facts.library]),
    );
    assertEquals(Object.assign({}, ...tables), {
      mmap: {
        parameters: ["usize", "usize", "i32", "i32", "i32", "i64"],
        result: "usize",
      },
      munmap: { parameters: ["usize", "usize"], result: "i32" },
      mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
      madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
      sysconf: { parameters: ["i32"], result: "i64" },
      [facts.errnoLocation]: { parameters: [], result: "usize" },
    });
  });

  test(`${name}() asks for errno's address and the page size once when opened`, () => {
    const { runtime } = fakePosix();
    facts.open(runtime);
    assertEquals(runtime.calls, [
      [facts.errnoLocation],
      ["sysconf", facts.pageSizeName],
    ]);
  });

  for (const pageSize of [4096, 16_384, 65_536]) {
    test(`${name}() has the system's page size and granularity when pages are ${pageSize} bytes`, () => {
      const { os } = opened({ pageSize });
      assertStrictEquals(os.pageSize, pageSize);
      assertStrictEquals(os.allocationGranularity, pageSize);
    });
  }

  test(`${name}() ${facts.populates ? "populates" : "leaves populating to the core"}`, () => {
    assertStrictEquals(opened().os.populates, facts.populates);
  });

  for (const [populate, noReserve, strict, flags] of facts.flags) {
    const options = Object.entries({ populate, noReserve, strict })
      .flatMap(([option, on]) => on ? [option] : []);
    test(`${name}().map() passes the flags 0x${flags.toString(16)} when asked for ${options.join(" and ") || "no option"}`, () => {
      for (const hint of [0n, 0x1_0000n, 2n ** 64n - 65_536n]) {
        for (const byteLength of [1n, 4096n, 4097n, 2n ** 32n, 2n ** 53n - 1n]) {
          for (const protection of ["none", "read-write"] as const) {
            const { os, runtime } = opened({ map: [ADDRESS] });
            const options = { hint, byteLength, populate, noReserve, strict, protection };
            assertStrictEquals(os.map(request(options)), ADDRESS);
            assertEquals(runtime.calls, [
              ["mmap", hint, byteLength, PROTECTIONS[protection], flags, -1, 0n],
            ]);
          }
        }
      }
    });
  }

  test(`${name}().map() returns any address but MAP_FAILED`, () => {
    for (const address of [0x1000n, 2n ** 63n, 2n ** 64n - 4096n]) {
      const { os } = opened({ map: [address] });
      assertStrictEquals(os.map(request()), address);
    }
  });

  for (const [number, code] of Object.entries(facts.errors)) {
    const osError = Number(number);
    test(`${name}() names the error ${code} when errno is ${osError}`, () => {
      const { os } = opened({ map: [osError, ADDRESS], unmap: [osError] });
      assertEquals(os.map(request()), { syscall: "mmap", osError, code });
      os.map(request());
      assertEquals(os.unmap(ADDRESS, 4096n), {
        syscall: "munmap",
        osError,
        code,
      });
    });
  }

  test(`${name}() has one name for each error`, () => {
    const names = facts.codes.filter((code) => code !== "");
    assertEquals(new Set(names).size, names.length);
    assert(names.every((code) => /^E[0-9A-Z]+$/.test(code)));
  });

  test(`${name}() names an error UNKNOWN when it has no name for it`, () => {
    for (const osError of [0, facts.unknownError, 9999]) {
      const { os } = opened({ map: [osError] });
      assertEquals(os.map(request()), {
        syscall: "mmap",
        osError,
        code: "UNKNOWN",
      });
    }
  });

  test(`${name}().map() keeps each failure's error when later calls change errno`, () => {
    const { os } = opened({ map: [12, 22, ADDRESS] });
    const failures = [os.map(request()), os.map(request())];
    os.map(request());
    os.unmap(ADDRESS, 4096n);
    assertEquals(failures, [
      { syscall: "mmap", osError: 12, code: "ENOMEM" },
      { syscall: "mmap", osError: 22, code: "EINVAL" },
    ]);
  });

  test(`${name}().unmap() passes exactly the address and the length`, () => {
    for (const byteLength of [1n, 4097n, 2n ** 53n - 1n]) {
      const { os, runtime, mapped } = opened({ map: [ADDRESS] });
      os.map(request({ byteLength }));
      assertStrictEquals(os.unmap(ADDRESS, byteLength), undefined);
      assertEquals(runtime.calls.at(-1), ["munmap", ADDRESS, byteLength]);
      assertStrictEquals(mapped.size, 0);
    }
  });

  const overwriting = (byteLength: bigint, protection = READ_WRITE): Call => [
    "mmap",
    ADDRESS,
    byteLength,
    protection,
    facts.overwritingFlags,
    -1,
    0n,
  ];

  for (const verb of ["vacate", "discard"] as const) {
    const giveBack = (os: Os, byteLength: bigint) =>
      verb === "vacate" ? os.vacate(ADDRESS, byteLength, true) : os.discard(ADDRESS, byteLength);

    test(`${name}().${verb}() frees the memory and leaves the range mapped`, () => {
      for (const byteLength of [1n, 4097n, 2n ** 53n - 1n]) {
        const { os, runtime, mapped } = opened({ map: [ADDRESS] });
        os.map(request({ byteLength }));
        assertStrictEquals(giveBack(os, byteLength), undefined);
        const { freeing } = facts;
        assertEquals(
          runtime.calls.slice(1),
          freeing === undefined
            ? [overwriting(byteLength)]
            : [["madvise", ADDRESS, byteLength, freeing]],
        );
        assertEquals([...mapped], [[ADDRESS, byteLength]]);
      }
    });

    test(`${name}().${verb}() maps over its own range when the memory cannot be freed`, () => {
      const { os, runtime, mapped } = opened({ map: [ADDRESS], free: 22 });
      os.map(request());
      assertStrictEquals(giveBack(os, 4096n), undefined);
      assertEquals(runtime.calls.at(-1), overwriting(4096n));
      assertEquals([...mapped], [[ADDRESS, 4096n]]);
    });

    test(`${name}().${verb}() returns the failure when nothing works`, () => {
      const { os } = opened({ map: [ADDRESS, 12], free: 22 });
      os.map(request());
      assertEquals(giveBack(os, 4096n), { syscall: "mmap", osError: 12, code: "ENOMEM" });
    });
  }

  test(`${name}().vacate() makes one piece of several, or frees the memory where that is refused`, () => {
    const { os, runtime } = opened({ map: [ADDRESS, ADDRESS, 12] });
    os.map(request({ byteLength: 8192n }));
    assertStrictEquals(os.vacate(ADDRESS, 8192n), undefined);
    assertEquals(runtime.calls.slice(1), [overwriting(8192n)]);
    runtime.calls.length = 0;
    assertStrictEquals(os.vacate(ADDRESS, 8192n), undefined);
    const { freeing } = facts;
    assertEquals(
      runtime.calls[1],
      freeing === undefined ? overwriting(8192n) : ["madvise", ADDRESS, 8192n, freeing],
    );
  });

  test(`${name}().decommit() maps over its own range what nothing may be done with`, () => {
    const { os, runtime, mapped } = opened({ map: [ADDRESS, ADDRESS, 12] });
    os.map(request({ byteLength: 4097n }));
    assertStrictEquals(os.decommit(ADDRESS, 4097n), undefined);
    assertEquals(runtime.calls.slice(1), [overwriting(4097n, PROTECTIONS.none)]);
    assertEquals([...mapped], [[ADDRESS, 4097n]]);
    assertEquals(os.decommit(ADDRESS, 4097n), { syscall: "mmap", osError: 12, code: "ENOMEM" });
  });

  for (const [protection, number] of Object.entries(PROTECTIONS)) {
    test(`${name}().protect() passes ${number} for "${protection}"`, () => {
      const { os, runtime } = opened();
      assertStrictEquals(os.protect(ADDRESS, 4097n, protection as Protection), undefined);
      assertEquals(runtime.calls, [["mprotect", ADDRESS, 4097n, number]]);
    });
  }

  test(`${name}().protect() returns the failure`, () => {
    const { os } = opened({ protect: 13 });
    const failure = { syscall: "mprotect", osError: 13, code: "EACCES" };
    assertEquals(os.protect(ADDRESS, 4096n, "read-execute"), failure);
  });

  test(`${name}() unmaps neighbours together, and holds 1 TiB`, () => {
    const { os } = opened();
    assertEquals([os.unmapsNeighbours, os.maxHeldByteLength], [true, 2 ** 40]);
  });
}
