import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { LostPages } from "../../core/pages/lost_pages.ts";
import { host } from "../../ffi/host.ts";
import type { Copying } from "../../ffi/os/contract/copying.ts";
import type { Files } from "../../ffi/os/contract/files.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import type { RegionFacts, Regions } from "../../ffi/os/contract/regions.ts";
import { MmapError } from "../../mod.ts";
import { test } from "../support/harness.ts";

const PAGE = 4096;
const ADDRESS = 0x7f00_0000_0000n;
const PAGES = 8;
const { copying, files, regions } = host().os; // before the tests: Deno counts what a test opens as a leak
const REFUSED = { syscall: "call", osError: 2, code: "ENOENT" };

/** A mapping of some pages; of a file unless other facts are given. */
function region(start: number, end: number, facts: Partial<RegionFacts> = {}): RegionFacts {
  return {
    address: ADDRESS + BigInt(start * PAGE),
    byteLength: (end - start) * PAGE,
    access: "read-write",
    isShared: true,
    path: "/a file",
    isDeleted: false,
    name: undefined,
    residentByteLength: undefined,
    ...facts,
  };
}

const anonymous = { path: undefined, isShared: false };

interface System {
  /** The mapped ranges; `undefined` if the system does not tell. */
  mapped: RegionFacts[] | undefined;
  /** The length of files by their paths, and by their numbers. */
  lengths: Record<string, number>;
  /** True if the last page can be read. */
  isReadable: boolean;
}

/** Runs `body` on a system on which a mapping of eight pages, of a file from its second page on, had faults. */
function on(
  system: Partial<System>,
  body: (
    lost: LostPages,
    guard: { faults: number; settledFaults: number },
    calls: string[],
  ) => void,
  file?: number,
): void {
  const { mapped, lengths = {}, isReadable = true } = system;
  const calls: string[] = [];
  const paths: string[] = [];
  const list: Regions["list"] = () => {
    calls.push("list");
    return mapped ?? REFUSED;
  };
  const open: Files["open"] = (path) => {
    calls.push(`open ${path}`);
    return path in lengths ? 100 + paths.push(path) : REFUSED;
  };
  const byteLength: Files["byteLength"] = (opened) =>
    lengths[paths[opened - 101] ?? opened] ?? REFUSED;
  const close: Files["close"] = (opened) => void calls.push(`close ${paths[opened - 101]}`);
  const read: Copying["read"] = (address, target, canFault) => {
    calls.push(`read ${address - ADDRESS} ${target.byteLength} ${canFault}`);
    return isReadable ? undefined : REFUSED;
  };
  const real = {
    list: regions.list,
    open: files.open,
    byteLength: files.byteLength,
    close: files.close,
    read: copying.read,
  };
  try {
    Object.assign(regions, { list });
    Object.assign(files, { open, byteLength, close });
    Object.assign(copying, { read });
    const guard = { faults: 1, settledFaults: 1 };
    const backing = {
      file,
      name: undefined,
      isAllocated: false,
      guard: guard as unknown as GuardEntry,
      offset: PAGE,
    };
    body(new LostPages(backing, ADDRESS, PAGES * PAGE), guard, calls);
  } finally {
    Object.assign(regions, { list: real.list });
    Object.assign(files, { open: real.open, byteLength: real.byteLength, close: real.close });
    Object.assign(copying, { read: real.read });
  }
}

const pagesOf = ({ ranges }: LostPages) =>
  ranges.map(({ start, end }) => [start / PAGE, end / PAGE]);

test("lost pages are those that are of no file any more, within the mapping", () => {
  const mapped = [
    region(-2, 1, anonymous),
    region(1, 3),
    region(3, 4, { path: "/dev/zero", isDeleted: true }), // shared memory without a file
    region(4, 6),
    region(6, 20, anonymous),
  ];
  on({ mapped }, (lost) => assertEquals(pagesOf(lost), [[0, 1], [3, 4], [6, 8]]));
  on({ mapped: [region(0, 8)] }, (lost) => assertEquals(pagesOf(lost), []));
  on({ mapped }, (lost) => assertEquals(lost.byteLengthFrom(5), 4 * PAGE - 5));
  on({}, (lost) => assertEquals(pagesOf(lost), [[0, 8]])); // nobody tells: each can be one
});

test("lost pages are looked for once after each fault, and again while one is not settled", () => {
  on({ mapped: [region(0, 8)] }, (lost, guard, calls) => {
    const look = () => {
      calls.length = 0;
      void lost.ranges;
      void lost.ranges;
      return calls.length;
    };
    assertEquals(look(), 1);
    assertEquals(look(), 0);
    guard.faults = 2;
    assertEquals([look(), look()], [2, 2]);
    guard.settledFaults = 2;
    assertEquals([look(), look()], [1, 0]);
  });
});

test("check() refuses bytes of which one is lost, and no others", () => {
  on({
    mapped: [region(0, 2), region(2, 4, anonymous), region(4, 8)],
    lengths: { "/a file": 9 * PAGE },
  }, (lost) => {
    lost.check({ start: 0, end: 2 * PAGE });
    lost.check({ start: 4 * PAGE, end: 8 * PAGE });
    lost.check({ start: 3 * PAGE, end: 3 * PAGE });
    for (
      const [start, end] of [[2 * PAGE - 1, 2 * PAGE + 1], [4 * PAGE - 1, 4 * PAGE], [0, 8 * PAGE]]
    ) {
      const { code, message } = assertThrows(
        () => lost.check({ start: start!, end: end! }),
        MmapError,
      );
      assertEquals(code, "EFAULT");
      assertStringIncludes(message, `${2 * PAGE} bytes at 0x7f0000002000 are lost, because `);
      assertStringIncludes(message, "is full or cannot be read");
      assertStringIncludes(message, "use other bytes, or map the file again");
      assert(!message.includes("truncated"), message);
    }
  });
});

const LOST_END = [region(0, 7), region(7, 8, anonymous)];
const FAR = { "/a file": 9 * PAGE };
const NEAR = { "/a file": 9 * PAGE - 1 };

/** Files that were truncated or not, and the calls that it takes to tell. */
const TRUNCATED: readonly (readonly [
  what: string,
  system: Partial<System>,
  file: number | undefined,
  expected: boolean,
  calls: readonly string[],
])[] = [
  ["is open, and shorter", { mapped: LOST_END, lengths: { 5: 9 * PAGE - 1 } }, 5, true, []],
  ["is open, and long enough", { mapped: LOST_END, lengths: { 5: 9 * PAGE } }, 5, false, []],
  ["is found by its path, and shorter", { mapped: LOST_END, lengths: NEAR }, undefined, true, [
    "list",
    "open /a file",
    "close /a file",
  ]],
  ["is found by its path, and long enough", { mapped: LOST_END, lengths: FAR }, undefined, false, [
    "list",
    "open /a file",
    "close /a file",
  ]],
  ["cannot be opened, and has lost the end", { mapped: LOST_END }, undefined, true, [
    "list",
    "open /a file",
    "list",
  ]],
  [
    "was deleted, and whose end cannot be read",
    {
      mapped: [region(0, 1, anonymous), region(1, 8, { isDeleted: true })],
      isReadable: false,
    },
    undefined,
    true,
    ["list", "list", `read ${8 * PAGE - 1} 1 true`],
  ],
  [
    "was deleted, and whose end is there",
    {
      mapped: [region(0, 1, anonymous), region(1, 8, { isDeleted: true })],
    },
    undefined,
    false,
    ["list", "list", `read ${8 * PAGE - 1} 1 true`],
  ],
];

for (const [what, system, file, expected, calls] of TRUNCATED) {
  const isKnown = what.startsWith("is ");
  test(`a file that ${what} was ${expected ? "" : "not "}truncated`, () => {
    on(system, (lost, _guard, made) => {
      assertEquals(lost.areTruncated, expected);
      assertEquals(made, calls);
      const why = !isKnown
        ? "the file was truncated, or its disk is full or cannot be read"
        : expected
        ? "the file was truncated"
        : "the disk of the file is full or cannot be read, or the file was shorter for a while";
      assertEquals(lost.why, why);
    }, file);
  });
}
