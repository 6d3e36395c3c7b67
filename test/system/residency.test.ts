import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readFileSync, truncateSync } from "node:fs";
import { host } from "../../ffi/host.ts";
import { type Advice, ADVICE_SYSTEMS, type Residency } from "../../ffi/os/contract/residency.ts";
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import {
  residentByteLength,
  smapsEntry,
  withoutRegions,
  withoutSmaps,
} from "../support/memory_map.ts";
import { TempFolder } from "../support/temp_files.ts";

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
const residency = host().os.residency; // before the tests: Deno counts a library that a test opens as a leak

/** Maps at a place of its own: the system does not merge it with a neighbour. */
function mapped(pages: number): Mmap {
  const len = pages * PAGE;
  return new MmapOptions({ len, hint: freeAddress(len) }).mapAnon();
}

function errorOf(call: () => unknown): MmapError {
  return assertThrows(call, MmapError);
}

function flagsAt(mmap: Mmap, byteOffset = 0): string[] {
  return smapsEntry(mmap.address + BigInt(byteOffset))?.VmFlags?.split(" ") ?? [];
}

/** The bytes that the process has locked. */
function lockedByteLength(): number {
  return 1024 * Number(/^VmLck:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
}

/** Why a test is skipped of what needs `MADV_POPULATE_READ`, where that is so. */
function withoutPopulating(): string | undefined {
  const isThere = () => {
    const mmap = mapped(1);
    const failure = residency.populate(mmap.address, BigInt(PAGE), false);
    mmap.unmap();
    return failure === undefined;
  };
  return unlessLinux("only Linux has it") ??
    (isThere() ? undefined : "this kernel has no MADV_POPULATE_READ");
}

/** Runs `body` while the system's residency answers otherwise. */
function withResidency(stand: Partial<Residency>, body: () => void): void {
  const original = { ...residency };
  try {
    Object.assign(residency, stand);
    body();
  } finally {
    Object.assign(residency, original);
  }
}

test("advise() takes every advice or says why not, and no load or store is hurt", () => {
  const kinds: readonly (() => Mmap)[] = [
    () => mapped(4),
    () => new MmapOptions({ len: 4 * PAGE }).reserve(),
    () => {
      const mmap = mapped(4);
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
  const mmap = mapped(1);
  const advice = platform === "darwin" ? "cold" : "free-reuse";
  const error = errorOf(() => mmap.advise(advice));
  assertEquals([error.code, error.syscall, error.osError], ["ENOTSUP", undefined, undefined]);
  assertStringIncludes(
    error.message,
    `This system has no advice "${advice}": those that have it are ${ADVICE_SYSTEMS[advice]}`,
  );
});

test("advise() says which kernel has the advice when this one refuses it", () => {
  const mmap = mapped(1);
  const failure = { syscall: "madvise", osError: 22, code: "EINVAL" };
  withResidency({ advise: () => failure }, () => {
    const error = errorOf(() => mmap.advise("cold"));
    assertEquals([error.code, error.syscall, error.osError], ["EINVAL", "madvise", 22]);
    assertStringIncludes(error.message, `The system refused the advice "cold" for ${PAGE} bytes`);
    assertStringIncludes(error.message, "it is for Linux 5.4 and later");
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
    const mmap = mapped(2);
    mmap.advise(advice);
    assert(flagsAt(mmap).includes(flag));
    mmap.advise(undoing);
    assert(!flagsAt(mmap).includes(flag) && flagsAt(mmap).includes("rd"));
  }, { skip: withoutSmaps() });
}

test('advise("huge-page") sets the kernel\'s flag hg, and "no-huge-page" nh', () => {
  const mmap = mapped(2);
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
  const mmap = mapped(5);
  mmap.advise("dont-dump", 2 * PAGE - 1, 2);
  const at = [0, 1, 3].map((page) => flagsAt(mmap, page * PAGE).includes("dd"));
  assertEquals(at, [false, true, false]);
  assertEquals(smapsEntry(mmap.address + BigInt(PAGE))!.Size, `${2 * PAGE / 1024} kB`);
}, { skip: withoutSmaps() });

test("advise() that can change content takes whole pages only", () => {
  const mmap = mapped(3);
  mmap.bytes.fill(7);
  for (const advice of CHANGING) {
    for (const [byteOffset, byteLength] of [[1, PAGE], [0, 1], [PAGE, PAGE + 1]]) {
      assertThrows(() => mmap.advise(advice, byteOffset, byteLength), RangeError, "multiple of");
    }
  }
  assert(mmap.bytes.every((byte) => byte === 7));
});

test('advise("dont-need") gives pages back at once, and views stay attached', () => {
  const mmap = mapped(3);
  const { bytes } = mmap;
  bytes.fill(7);
  mmap.advise("dont-need", PAGE, PAGE);
  assertEquals([0, 1, 2].map((page) => bytes[page * PAGE]), [7, 0, 7]);
}, { skip: unlessLinux("elsewhere it frees nothing, or there is no such advice") });

test('advise("populate-write") backs every page', () => {
  const mmap = mapped(8);
  assertEquals(mmap.resident(), 0);
  mmap.advise("populate-write", 3 * PAGE, 2 * PAGE);
  assertEquals(residentByteLength(mmap.address, 8 * PAGE), 2 * PAGE);
}, { skip: unlessLinux("only Linux has it") ?? withoutSmaps() });

test("resident() counts the pages that were stored to, and those alone", () => {
  const mmap = mapped(64);
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

test("lock() backs pages with memory, and unlock() takes any bytes", () => {
  const mmap = mapped(4);
  mmap.lock(PAGE + 1, PAGE);
  assertEquals(mmap.resident(PAGE, 2 * PAGE), 2 * PAGE);
  mmap.bytes.fill(1);
  mmap.unlock();
  mmap.unlock(3 * PAGE + 7, 1); // which was never locked
  assert(mmap.bytes.every((byte) => byte === 1));
});

test("lock() and unlock() round outwards to pages, and change what the kernel has locked", () => {
  const before = lockedByteLength();
  const mmap = mapped(4);
  mmap.lock(2 * PAGE - 1, 2);
  assertEquals(smapsEntry(mmap.address + BigInt(PAGE))!.Locked, `${2 * PAGE / 1024} kB`);
  assert(flagsAt(mmap, PAGE).includes("lo"));
  assertEquals(lockedByteLength() - before, 2 * PAGE);
  mmap.unlock(2 * PAGE, 1);
  assertEquals(lockedByteLength() - before, PAGE);
  mmap.unlock();
  assertEquals(lockedByteLength(), before);
}, { skip: withoutSmaps() });

for (
  const [undoing, undo] of Object.entries({
    "unmap() when never viewed": (mmap: Mmap) => mmap.unmap(),
    "unmap() when viewed": (mmap: Mmap) => {
      mmap.bytes[0] = 1;
      mmap.unmap();
    },
    "unmap() when locked in part": (mmap: Mmap) => {
      mmap.bytes.fill(1);
      mmap.unlock(PAGE, PAGE);
      mmap.unmap();
    },
    "discard()": (mmap: Mmap) => {
      mmap.bytes[0] = 1;
      mmap.discard();
      assertEquals(mmap.bytes[0], 0);
    },
    "decommit()": (mmap: Mmap) => mmap.decommit(0, 3 * PAGE),
    "decommit() when viewed": (mmap: Mmap) => {
      mmap.bytes[0] = 1;
      mmap.decommit(0, 3 * PAGE);
    },
  })
) {
  test(`${undoing} works on locked memory, and unlocks it`, () => {
    const before = lockedByteLength();
    const mmap = mapped(3);
    const { address } = mmap;
    mmap.lock();
    assertEquals(lockedByteLength() - before, 3 * PAGE);
    undo(mmap);
    assertEquals(lockedByteLength(), before);
    const { Rss = "0 kB", Locked = "0 kB" } = smapsEntry(address) ?? {};
    assertEquals([parseInt(Locked), parseInt(Rss) <= PAGE / 1024], [0, true]);
  }, { skip: withoutSmaps() });
}

test("discard() works on locked memory of a file, and unlocks it", () => {
  const path = use(new TempFolder()).file("file", new Uint8Array(3 * PAGE).fill(7));
  const before = lockedByteLength();
  const mmap = use(new MmapOptions().map(path));
  mmap.bytes.fill(1);
  mmap.lock(PAGE, PAGE);
  assertEquals(lockedByteLength() - before, PAGE);
  mmap.discard();
  assertEquals(mmap.bytes.every((byte) => byte === 7), true);
  assertEquals(lockedByteLength(), before);
}, { skip: withoutSmaps() });

// mlock() would copy each page, which costs as much again, and cuts it off from the file.
test("lock() of a private file locks the pages of the file, and copies none", () => {
  const pages = 64;
  const path = use(new TempFolder()).file("file", new Uint8Array(pages * PAGE).fill(7));
  const before = lockedByteLength();
  const mmap = use(new MmapOptions().map(path));
  const kB = (count: number) => `${count * PAGE / 1024} kB`;
  const seen = () => {
    const { Rss, Anonymous, Locked } = smapsEntry(mmap.address)!;
    return { Rss, Anonymous, Locked };
  };
  mmap.bytes[3 * PAGE] = 1;
  mmap.lock();
  assertEquals(lockedByteLength() - before, pages * PAGE);
  assertEquals(seen(), { Rss: kB(pages), Anonymous: kB(1), Locked: kB(pages) });
  mmap.bytes[9 * PAGE] = 1; // the copy is locked too
  void mmap.bytes.reduce((sum, byte) => sum + byte); // and what a huge page of the cache lost by it
  assertEquals(seen(), { Rss: kB(pages), Anonymous: kB(2), Locked: kB(pages) });
  const other = use(new MmapOptions().mapMut(path));
  other.bytes[5 * PAGE] = 9;
  assertEquals([3, 4, 5].map((page) => mmap.bytes[page * PAGE]), [1, 7, 9]);
  mmap.unlock();
  assertEquals(lockedByteLength(), before);
}, { skip: withoutSmaps() ?? withoutPopulating() });

test("lock() of a private file is refused as a whole where the file has lost a page", () => {
  const path = use(new TempFolder()).file("file", new Uint8Array(4 * PAGE));
  const before = lockedByteLength();
  const mmap = use(new MmapOptions({ truncationGuard: false }).map(path));
  truncateSync(path, PAGE);
  assertEquals(errorOf(() => mmap.lock()).code, "EFAULT");
  assertEquals(lockedByteLength(), before);
  mmap.lock(0, PAGE);
  mmap.unlock();
}, { skip: withoutSmaps() ?? withoutPopulating() });

test("lock() refuses with EACCES what nothing may be done with, and locks nothing", () => {
  const mmap = mapped(3);
  mmap.unsafeProtect("none", PAGE, PAGE);
  const error = errorOf(() => mmap.lock());
  assertEquals([error.code, error.syscall], ["EACCES", undefined]);
  assertStringIncludes(error.message, `their access is "mixed", and must be not "none" throughout`);
  mmap.lock(0, PAGE);
  mmap.unsafeProtect("read", 2 * PAGE);
  mmap.lock(2 * PAGE);
  mmap.unlock();
});

test(
  "lock() of a file that has lost a page says so, also where the kernel cannot be asked to load",
  () => {
    const folder = use(new TempFolder());
    const path = folder.file("file", new Uint8Array(2 * PAGE));
    const mmap = use(new MmapOptions({ truncationGuard: false }).map(path));
    const refused = () => ({ syscall: "mlock", osError: 12, code: "ENOMEM" });
    const populate = () => "unsupported" as const;
    const EPERM = () => ({ syscall: "madvise", osError: 1, code: "EPERM" });
    for (const populating of [populate, EPERM]) {
      const stand = { lock: refused, populate: populating, lockLimit: () => "RLIMIT_MEMLOCK" };
      withResidency(stand, () => assertEquals(errorOf(() => mmap.lock()).code, "ENOMEM"));
    }
    truncateSync(path, PAGE);
    for (const populating of [populate, EPERM]) {
      const stand = { lock: refused, populate: populating, lockLimit: () => "RLIMIT_MEMLOCK" };
      withResidency(stand, () => {
        const { code, syscall, message } = errorOf(() => mmap.lock());
        assertEquals(code, "EFAULT", message);
        assert(syscall !== "mlock" && !message.includes("RLIMIT"), message);
        assertStringIncludes(message, "the file was truncated");
      });
    }
  },
  { skip: platform === "win32" ? "Windows truncates no file that is mapped" : undefined },
);

test("lock() and unlock() say what the system refused, and what to do", () => {
  const mmap = mapped(1);
  const failure = (syscall: string, osError: number, code: string) => () => ({
    syscall,
    osError,
    code,
  });
  for (const limit of ["the limit", undefined]) {
    for (const code of ["ENOMEM", "EAGAIN", "EPERM"]) {
      withResidency({ lock: failure("mlock", 12, code), lockLimit: () => limit }, () => {
        const error = errorOf(() => mmap.lock());
        assertEquals([error.code, error.syscall, error.osError], [code, "mlock", 12]);
        assertStringIncludes(error.message, `The system refused to lock ${PAGE} bytes at 0x`);
        const words = "is reached: raise the limit, or lock less";
        assertEquals(error.message.includes(words), limit !== undefined);
      });
    }
  }
  withResidency({ unlock: failure("munlock", 22, "EINVAL") }, () => {
    assertEquals(errorOf(() => mmap.unlock()).code, "EINVAL");
  });
  withResidency({ resident: failure("mincore", 11, "EAGAIN") }, () => {
    assertEquals(errorOf(() => mmap.resident()).code, "EAGAIN");
  });
});
