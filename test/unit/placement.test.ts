import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { MmapError } from "../../core/checks/errors.ts";
import { checkStrictHint, mapOnce } from "../../core/placing/placement.ts";
import { MmapOptions } from "../../mod.ts";
import { test, use } from "../support/harness.ts";
import {
  names,
  type Outcome,
  request,
  simulated,
  type SimulatedSystem,
} from "../support/simulated/mod.ts";

const POSIX = { mapCall: "mmap", unmapCall: "munmap", noMemory: 12, invalid: 22 };

/** The systems, and the errors that each has for what can go wrong. */
const SYSTEMS = [
  { ...POSIX, name: "linux" },
  { ...POSIX, name: "darwin" },
  {
    name: "windows",
    mapCall: "VirtualAlloc",
    unmapCall: "VirtualFree",
    noMemory: 8,
    invalid: 487,
  },
] as const;

const HINT = 0x2_0000_0000n;
const ELSEWHERE = 0x7f00_0000_0000n;
const STRICT = request({ hint: HINT, strict: true });

/** Opens a system whose calls come to this. */
function opened(
  { name, mapCall, unmapCall }: (typeof SYSTEMS)[number],
  map: readonly Outcome[],
  unmap: readonly Outcome[] = [],
): SimulatedSystem {
  const outcomes = { [mapCall]: map, [unmapCall]: unmap };
  return simulated(name, { places: [], outcomes });
}

/** The fields of an {@linkcode MmapError} besides its message. */
function told({ code, syscall, osError, requested, actual }: MmapError): unknown {
  return { code, syscall, osError, requested, actual };
}

for (const system of SYSTEMS) {
  const { name, mapCall, unmapCall, noMemory, invalid } = system;

  test(`mapOnce() returns any address when nothing is strict, on ${name}`, () => {
    for (const hint of [0n, HINT]) {
      const { os, kernel: { space }, runtime } = opened(system, [ELSEWHERE]);
      assertStrictEquals(mapOnce(os, os, request({ hint })), ELSEWHERE);
      assertEquals(space.mapped, [[ELSEWHERE, 4096n]]);
      assertEquals(names({ runtime }), [mapCall]);
    }
  });

  test(`mapOnce() returns the hint when it is strict and free, on ${name}`, () => {
    const { os, kernel: { space }, runtime } = opened(system, [HINT]);
    assertStrictEquals(mapOnce(os, os, STRICT), HINT);
    assertEquals(space.mapped, [[HINT, 4096n]]);
    assertEquals(names({ runtime }), [mapCall]);
  });

  test(`mapOnce() throws the refusal when nothing is strict, on ${name}`, () => {
    const { os, kernel: { space } } = opened(system, [noMemory]);
    const error = assertThrows(
      () => mapOnce(os, os, request({ byteLength: 12_345n })),
      MmapError,
      `The system refused to map 12345 bytes: ${mapCall} failed with ENOMEM (${noMemory})`,
    );
    assertEquals(told(error), {
      code: "ENOMEM",
      syscall: mapCall,
      osError: noMemory,
      requested: undefined,
      actual: undefined,
    });
    assertEquals(space.mapped, []);
  });

  test(`mapOnce() throws EADDRNOTAVAIL when the system maps elsewhere than at a strict hint, on ${name}`, () => {
    for (const actual of [ELSEWHERE, HINT - 4096n, HINT + 1n]) {
      const { os, kernel: { space }, runtime } = opened(system, [actual]);
      const byteLength = 12_345n;
      const error = assertThrows(
        () => mapOnce(os, os, { ...STRICT, byteLength }),
        MmapError,
        `The strict hint 0x200000000 is not available for 12345 bytes, the system offered 0x${
          actual.toString(16)
        }`,
      );
      assertEquals(told(error), {
        code: "EADDRNOTAVAIL",
        syscall: undefined,
        osError: undefined,
        requested: HINT,
        actual,
      });
      assertEquals(names({ runtime }), [mapCall, unmapCall]);
      assertEquals(space.mapped, []);
    }
  });

  test(`mapOnce() throws EADDRNOTAVAIL when a strict hint is refused and another place is not, on ${name}`, () => {
    const { os, kernel: { space }, runtime } = opened(system, [invalid, ELSEWHERE]);
    const error = assertThrows(
      () => mapOnce(os, os, STRICT),
      MmapError,
      `The strict hint 0x200000000 is not available for 4096 bytes (${mapCall} failed with EINVAL, ${invalid})`,
    );
    assertEquals(told(error), {
      code: "EADDRNOTAVAIL",
      syscall: mapCall,
      osError: invalid,
      requested: HINT,
      actual: ELSEWHERE,
    });
    assertEquals(
      names({ runtime }).filter((call) => call !== "GetLastError"),
      [mapCall, mapCall, unmapCall],
    );
    assertEquals(space.mapped, []);
  });

  test(`mapOnce() throws the first refusal when a strict hint and every other place are refused, on ${name}`, () => {
    for (
      const [first, second, code] of [
        [noMemory, noMemory, "ENOMEM"],
        [noMemory, invalid, "ENOMEM"],
        [invalid, noMemory, "EINVAL"],
      ] as const
    ) {
      const { os, kernel: { space } } = opened(system, [first, second]);
      const error = assertThrows(
        () => mapOnce(os, os, STRICT),
        MmapError,
        "The system refused to map 4096 bytes at 0x200000000",
      );
      assertEquals(told(error), {
        code,
        syscall: mapCall,
        osError: first,
        requested: undefined,
        actual: undefined,
      });
      assertEquals(space.mapped, []);
    }
  });

  test(`mapOnce() looks for another place without populating when a strict hint is refused, on ${name}`, () => {
    const probes = [true, false].map((populate) => {
      const { os, runtime } = opened(system, [invalid, ELSEWHERE]);
      const options = { ...STRICT, byteLength: 12_345n, noReserve: true, populate };
      assertThrows(() => mapOnce(os, os, options), MmapError);
      return runtime.calls.filter(([call]) => call === mapCall)[1];
    });
    // What a request without a hint, not strict and not populated, comes to.
    const { os, runtime } = opened(system, [ELSEWHERE]);
    os.map(request({ byteLength: 12_345n, noReserve: true }));
    assertEquals(probes, [runtime.calls[0], runtime.calls[0]]);
  });

  test(`mapOnce() tells that the clean-up was refused when it was, on ${name}`, () => {
    for (const map of [[ELSEWHERE], [noMemory, ELSEWHERE]]) {
      const { os, kernel: { space } } = opened(system, map, [invalid]);
      const error = assertThrows(
        () => mapOnce(os, os, STRICT),
        MmapError,
        "The system refused to unmap 4096 bytes at 0x7f0000000000",
      );
      assertStrictEquals(error.syscall, unmapCall);
      assertStrictEquals(error.osError, invalid);
      assertEquals(space.mapped, [[ELSEWHERE, 4096n]]);
    }
  });

  test(`mapOnce() leaves one mapping when it returns and none when it throws, on ${name}`, () => {
    const outcome = fc.constantFrom(HINT, ELSEWHERE, HINT - 65_536n, noMemory, invalid, 17, 9999);
    const scripts = fc.record({
      map: fc.tuple(outcome, outcome),
      unmap: fc.array(fc.constantFrom(0, 0, 0, invalid), { maxLength: 2 }),
    });
    const requests = fc.record({
      hint: fc.constant(HINT),
      byteLength: fc.bigInt(1n, 2n ** 53n - 1n),
      populate: fc.boolean(),
      noReserve: fc.boolean(),
      strict: fc.boolean(),
      protection: fc.constantFrom("none", "read-write"),
    });
    fc.assert(
      fc.property(scripts, requests, (script, asked) => {
        const { os, kernel: { space }, runtime } = opened(system, script.map, script.unmap);
        let address: bigint | undefined;
        try {
          address = mapOnce(os, os, request(asked));
        } catch (error) {
          assertInstanceOf(error, MmapError);
        }
        assert(names({ runtime }).filter((call) => call === mapCall).length <= 2);
        if (address !== undefined) {
          if (asked.strict) assertStrictEquals(address, HINT);
          assertEquals(space.mapped, [[address, asked.byteLength]]);
        } else {
          // The one that the system refused to unmap, where it did.
          const unmapped = names({ runtime }).includes(unmapCall);
          assertStrictEquals(space.mapped.length, unmapped && script.unmap[0] ? 1 : 0);
        }
      }),
      { numRuns: 300 },
    );
  });
}

test("mapOnce() throws EADDRNOTAVAIL without another call when Linux tells that a strict hint is taken", () => {
  const [system] = SYSTEMS;
  const { os, kernel: { space }, runtime } = opened(system, [17]);
  const error = assertThrows(
    () => mapOnce(os, os, STRICT),
    MmapError,
    "mmap failed with EEXIST, 17",
  );
  assertEquals(told(error), {
    code: "EADDRNOTAVAIL",
    syscall: "mmap",
    osError: 17,
    requested: HINT,
    actual: undefined,
  });
  assertEquals(names({ runtime }), ["mmap"]);
  assertEquals(space.mapped, []);
});

test("checkStrictHint() returns when the hint is a multiple of the granularity", () => {
  for (const granularity of [4096, 16_384, 65_536]) {
    for (const multiple of [1n, 2n, 0x7_ffffn]) {
      checkStrictHint(multiple * BigInt(granularity), granularity);
    }
  }
});

test("checkStrictHint() throws the nearest addresses when the hint is no multiple of the granularity", () => {
  const cases: readonly [hint: bigint, granularity: number, below: string, above: string][] = [
    [1n, 4096, "0x0", "0x1000"],
    [4095n, 4096, "0x0", "0x1000"],
    [4097n, 4096, "0x1000", "0x2000"],
    [4096n, 16_384, "0x0", "0x4000"],
    [0x1_8000n, 65_536, "0x10000", "0x20000"],
    [2n ** 53n + 1n, 65_536, "0x20000000000000", "0x20000000010000"],
  ];
  for (const [hint, granularity, below, above] of cases) {
    const { message } = assertThrows(
      () => checkStrictHint(hint, granularity),
      RangeError,
    );
    assertStrictEquals(
      message,
      `A strict hint must be a multiple of the allocation granularity, ${granularity} bytes: ` +
        `0x${hint.toString(16)} lies between ${below} and ${above}`,
    );
  }
});

test("no hint leads to where threads look for what they share, taken or not", () => {
  for (const place of [0x7a_5a11_0000n, 0x0d_5a11_0000n, 0x25a1_15a1_0000n, 0x3a5a_5a11_0000n]) {
    for (const [start, byteLength] of [[place, 4096], [place - 65_536n, 65_537]] as const) {
      const options = new MmapOptions({ len: byteLength, hint: start });
      const { address } = use(options.mapAnon());
      assert(address > place || address + BigInt(byteLength) <= place);
      const error = assertThrows(() => options.strict().mapAnon(), MmapError);
      assertEquals((error as MmapError).code, "EADDRNOTAVAIL");
    }
  }
});
