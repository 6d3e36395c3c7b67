import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Advice, ADVICE_SYSTEMS } from "../../ffi/os/contract/residency.ts";
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { errorOf } from "../support/errors.ts";
import { platform, test, unlessLinux } from "../support/harness.ts";
import {
  residentByteLength,
  smapsEntry,
  withoutRegions,
  withoutSmaps,
} from "../support/memory_map.ts";
import { flagsAt, mapAlone, withResidency } from "../support/residency.ts";

const PAGE = pageSize();
const ADVICES = Object.keys(ADVICE_SYSTEMS) as Advice[];
const CHANGING: readonly Advice[] = [
  "dont-need",
  "dont-need-locked",
  "free",
  "free-reusable",
  "remove",
];
const SYSTEM = { linux: "Linux", darwin: "macOS", win32: "Windows" }[platform]!;

test("advise() takes every advice or says why not, and no load or store is hurt", () => {
  const kinds: readonly (() => Mmap)[] = [
    () => mapAlone(4),
    () => new MmapOptions({ len: 4 * PAGE }).reserve(),
    () => {
      const mmap = mapAlone(4);
      mmap.bytes.fill(1);
      mmap.unsafeProtect("read");
      return mmap;
    },
  ];
  for (const map of kinds) {
    for (const advice of ADVICES) {
      const mmap = map();
      const isWritable = mmap.access === "read-write";
      if (isWritable) mmap.bytes.fill(7);
      try {
        mmap.advise(advice);
      } catch (error) {
        assert(error instanceof MmapError, String(error));
        assertEquals(
          error.code === "ENOTSUP",
          !ADVICE_SYSTEMS[advice].includes(SYSTEM),
          `${advice}: ${error.message}`,
        );
      }
      if (!isWritable) mmap.unsafeProtect("read-write");
      const { bytes } = mmap;
      const isChanging = CHANGING.includes(advice);
      assert(!isWritable || isChanging || bytes.every((byte) => byte === 7), advice);
      bytes.fill(9);
      assert(bytes.every((byte) => byte === 9), advice);
    }
  }
});

test("advise() throws ENOTSUP and names the systems when this one has no such advice", () => {
  const mmap = mapAlone(1);
  const advice = platform === "darwin" ? "cold" : "free-reuse";
  const error = errorOf(() => mmap.advise(advice));
  assertEquals([error.code, error.syscall, error.osError], ["ENOTSUP", undefined, undefined]);
  assertStringIncludes(
    error.message,
    `This system does not have the advice "${advice}", which is for ${ADVICE_SYSTEMS[advice]}`,
  );
});

test("advise() says which kernel has the advice when this one refuses it", () => {
  const mmap = mapAlone(1);
  const failure = { syscall: "madvise", osError: 22, code: "EINVAL" };
  withResidency({ advise: () => failure }, () => {
    const error = errorOf(() => mmap.advise("cold"));
    assertEquals([error.code, error.syscall, error.osError], ["EINVAL", "madvise", 22]);
    assertStringIncludes(error.message, `The system refused the advice "cold" for ${PAGE} bytes`);
    assertStringIncludes(error.message, "it is for Linux 5.4 or later");
  });
});

for (
  const [advice, flag, undoing] of [
    ["random", "rr", "normal"],
    ["sequential", "sr", "normal"],
    ["dont-fork", "dc", "do-fork"],
    ["dont-dump", "dd", "do-dump"],
    ["wipe-on-fork", "wf", "keep-on-fork"],
  ] as const
) {
  test(`advise("${advice}") sets the kernel's flag ${flag}, and "${undoing}" takes it away`, () => {
    const mmap = mapAlone(2);
    mmap.advise(advice);
    assert(flagsAt(mmap).includes(flag));
    mmap.advise(undoing);
    assert(!flagsAt(mmap).includes(flag) && flagsAt(mmap).includes("rd"));
  }, { skip: withoutSmaps() });
}

test('advise("huge-page") sets the kernel\'s flag hg, and "no-huge-page" nh', () => {
  const mmap = mapAlone(2);
  for (const [advice, set, unset] of [["huge-page", "hg", "nh"], ["no-huge-page", "nh", "hg"]]) {
    try {
      mmap.advise(advice as Advice);
    } catch (error) {
      assertEquals((error as MmapError).code, "EINVAL"); // a kernel without huge pages
      return;
    }
    const flags = flagsAt(mmap);
    assertEquals([flags.includes(set!), flags.includes(unset!)], [true, false]);
  }
}, { skip: withoutSmaps() });

test("advise() rounds outwards to pages, and not further", () => {
  const mmap = mapAlone(5);
  mmap.advise("dont-dump", 2 * PAGE - 1, 2);
  const at = [0, 1, 3].map((page) => flagsAt(mmap, page * PAGE).includes("dd"));
  assertEquals(at, [false, true, false]);
  assertEquals(smapsEntry(mmap.address + BigInt(PAGE))!.Size, `${2 * PAGE / 1024} kB`);
}, { skip: withoutSmaps() });

test("advise() that can change content takes whole pages only", () => {
  const mmap = mapAlone(3);
  mmap.bytes.fill(7);
  for (const advice of CHANGING) {
    for (const [byteOffset, byteLength] of [[1, PAGE], [0, 1], [PAGE, PAGE + 1]]) {
      assertThrows(() => mmap.advise(advice, byteOffset, byteLength), RangeError, "multiple of");
    }
  }
  assert(mmap.bytes.every((byte) => byte === 7));
});

test('advise("dont-need") gives pages back at once, and views stay attached', () => {
  const mmap = mapAlone(3);
  const { bytes } = mmap;
  bytes.fill(7);
  mmap.advise("dont-need", PAGE, PAGE);
  assertEquals([0, 1, 2].map((page) => bytes[page * PAGE]), [7, 0, 7]);
}, { skip: unlessLinux("elsewhere it frees nothing, or there is no such advice") });

test('advise("populate-write") backs every page', () => {
  const mmap = mapAlone(8);
  assertEquals(mmap.resident(), 0);
  mmap.advise("populate-write", 3 * PAGE, 2 * PAGE);
  assertEquals(residentByteLength(mmap.address, 8 * PAGE), 2 * PAGE);
}, { skip: unlessLinux("only Linux has it") ?? withoutSmaps() });

test("resident() counts the pages that were stored to, and those alone", () => {
  const mmap = mapAlone(64);
  if (SYSTEM === "Linux") adviseIfPossible(mmap, "no-huge-page");
  assertEquals(mmap.resident(), 0);
  for (const page of [0, 5, 6, 63]) mmap.bytes[page * PAGE] = 1;
  assertEquals(mmap.resident(), 4 * PAGE);
  assertEquals(mmap.resident(5 * PAGE), 3 * PAGE);
  assertEquals(mmap.resident(5 * PAGE, 2 * PAGE), 2 * PAGE);
  // Any bytes: the pages that they lie in.
  assertEquals(mmap.resident(PAGE - 1, 1), PAGE);
  assertEquals(mmap.resident(6 * PAGE - 1, 2), 2 * PAGE);
  assertEquals(mmap.resident(PAGE, 1), 0);
  assertEquals(mmap.resident(), residentByteLength(mmap.address, mmap.byteLength));
}, { skip: withoutRegions() });

test("resident() counts whole pages of a length that is not", () => {
  const mmap = new MmapOptions({ len: PAGE + 1, populate: true }).mapAnon();
  assertEquals(mmap.resident(), 2 * PAGE);
});

test("resident() counts in a reservation of 2^38 bytes", () => {
  const mmap = new MmapOptions({ len: 2 ** 38 }).reserve();
  const end = 2 ** 38;
  for (const byteOffset of [0, 2 ** 37, end - PAGE]) {
    mmap.commit(byteOffset, PAGE);
    mmap.view(Uint8Array, byteOffset, 1)[0] = 1;
  }
  assertEquals(mmap.resident(), 3 * PAGE);
});

function adviseIfPossible(mmap: Mmap, advice: Advice): void {
  try {
    mmap.advise(advice);
  } catch (error) {
    assert(error instanceof MmapError);
  }
}
