import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { truncateSync } from "node:fs";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { errorOf } from "../support/errors.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { lockedByteLength, smapsEntry, withoutSmaps } from "../support/memory_map.ts";
import { TempFolder } from "../support/temp_files.ts";
import { flagsAt, mapAlone, residency, withResidency } from "../support/residency.ts";

const PAGE = pageSize();

/** The reason to skip a test that needs `MADV_POPULATE_READ`, if there is one. */
function withoutPopulating(): string | undefined {
  const isThere = () => {
    const mmap = mapAlone(1);
    const failure = residency.populate(mmap.address, BigInt(PAGE), false);
    mmap.unmap();
    return failure === undefined;
  };
  return unlessLinux("only Linux has it") ??
    (isThere() ? undefined : "this kernel has no MADV_POPULATE_READ");
}

test("lock() backs pages with memory, and unlock() takes any bytes", () => {
  const mmap = mapAlone(4);
  mmap.lock(PAGE + 1, PAGE);
  assertEquals(mmap.resident(PAGE, 2 * PAGE), 2 * PAGE);
  mmap.bytes.fill(1);
  mmap.unlock();
  mmap.unlock(3 * PAGE + 7, 1); // which was never locked
  assert(mmap.bytes.every((byte) => byte === 1));
});

test("lock() and unlock() round outwards to pages, and change what the kernel has locked", () => {
  const before = lockedByteLength();
  const mmap = mapAlone(4);
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
    const mmap = mapAlone(3);
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
  const mmap = mapAlone(3);
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
  const mmap = mapAlone(1);
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
