import { assertEquals, assertThrows } from "@std/assert";
import { type Allocation, plainAllocation } from "../../core/lifetime/allocation.ts";
import { unmapCollected } from "../../core/lifetime/collector.ts";
import { countHeldIn, HELD_COUNTS_BYTES, heldRanges } from "../../core/lifetime/held_totals.ts";
import { MAX_HELD_RANGES, releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { host } from "../../ffi/host.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import { allocationGranularity, Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { test, unlessLinux, use } from "../support/harness.ts";
import {
  isMapped,
  regions,
  residentByteLength,
  smapsEntry,
  withoutRegions,
  withoutSmaps,
} from "../support/memory_map.ts";

const LENGTH = allocationGranularity();
const skip = withoutRegions();

/** Maps neighbours, each a mapping of its own, with free space around them. */
function neighbours(count: number): Mmap[] {
  const base = freeAddress((count + 2) * LENGTH) + BigInt(LENGTH);
  const options = new MmapOptions({ len: LENGTH, strict: true });
  return Array.from(
    { length: count },
    (_, index) => options.withHint(base + BigInt(index * LENGTH)).mapAnon(),
  );
}

/** Memory that no handle owns, as the collector finds it. */
function collected(mmap: Mmap): Allocation {
  const { address, byteLength } = mmap.intoRaw();
  return plainAllocation(address, BigInt(byteLength));
}

/** Views a mapping and unmaps it; returns where it was. */
function unmapViewed(mmap: Mmap): bigint {
  const { address } = mmap;
  mmap.bytes[0] = 1;
  mmap.unmap();
  return address;
}

/** Lets what was collected be released. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Changes the system for one test. */
async function withOs(change: Partial<Os>, body: () => void | Promise<void>): Promise<void> {
  const { os } = host();
  const original = Object.fromEntries(
    Object.keys(change).map((name) => [name, os[name as keyof Os]]),
  );
  try {
    Object.assign(os, change);
    await body();
  } finally {
    Object.assign(os, original);
  }
}

test("unmapCollected() unmaps, and unmaps once", async () => {
  const allocation = collected(neighbours(1)[0]!);
  const { address } = allocation;
  unmapCollected(allocation);
  await settle();
  assertEquals([allocation.byteLength, isMapped(address)], [0n, false]);
  unmapCollected(allocation);
}, { skip });

test("unmapCollected() tries again what the system refused", async () => {
  const [first, second] = [collected(neighbours(1)[0]!), collected(neighbours(1)[0]!)];
  const { address } = first;
  first.address = 1n; // nothing can be unmapped there
  unmapCollected(first);
  await settle();
  assertEquals(first.byteLength, BigInt(LENGTH));
  first.address = address;
  unmapCollected(second);
  await settle();
  assertEquals([first.byteLength, isMapped(address)], [0n, false]);
  assertEquals([second.byteLength, isMapped(second.address)], [0n, false]);
}, { skip });

test("unmapCollected() unmaps neighbours together where the system can", async () => {
  const { os } = host();
  const calls: [address: bigint, byteLength: bigint][] = [];
  const unmap: Os["unmap"] = (address, byteLength) => {
    // What other tests left can be released together with these.
    if (address >= base && address < base + 4n * length) calls.push([address, byteLength]);
    return originalUnmap(address, byteLength);
  };
  const originalUnmap = os.unmap;
  const mappings = neighbours(4);
  const base = mappings[0]!.address;
  const length = BigInt(LENGTH);
  mappings.splice(2, 1)[0]!.unmap(); // a hole
  const allocations = mappings.map(collected);
  await withOs({ unmap }, async () => {
    for (const index of [2, 0, 1]) unmapCollected(allocations[index]!);
    await settle();
  });
  assertEquals(
    calls,
    os.unmapsNeighbours
      ? [[base, 2n * length], [base + 3n * length, length]]
      : [0n, 1n, 3n].map((index) => [base + index * length, length]),
  );
  assertEquals(allocations.map(({ byteLength }) => byteLength), [0n, 0n, 0n]);
}, { skip });

test("neighbours that are refused together are unmapped one by one", async () => {
  const { os } = host();
  const originalUnmap = os.unmap;
  const unmap: Os["unmap"] = (address, byteLength) =>
    byteLength > BigInt(LENGTH)
      ? { syscall: "munmap", osError: 12, code: "ENOMEM" }
      : originalUnmap(address, byteLength);
  const allocations = neighbours(3).map(collected);
  const { address } = allocations[0]!;
  await withOs({ unmap }, async () => {
    allocations.forEach(unmapCollected);
    await settle();
  });
  assertEquals(allocations.map(({ byteLength }) => byteLength), [0n, 0n, 0n]);
  assertEquals(isMapped(address, 3 * LENGTH), false);
}, { skip });

test("unmap() unmaps at once what was never viewed", () => {
  const mmap = neighbours(1)[0]!;
  const { address } = mmap;
  mmap.unmap();
  assertEquals(isMapped(address, LENGTH), false);
}, { skip });

test("unmap() gives back at once the memory of what was viewed, and holds its range", () => {
  const len = 4 * 2 ** 20;
  const mmap = new MmapOptions({ len, hint: freeAddress(len) }).mapAnon();
  const { address, bytes } = mmap;
  bytes.fill(1);
  assertEquals(residentByteLength(address, len), len);
  mmap.unmap();
  assertEquals([mmap.closed, mmap.byteLength, mmap.address, bytes.length], [true, 0, 0n, 0]);
  assertEquals(residentByteLength(address, len), 0);
  assertEquals(isMapped(address, len), true);
  mmap.unmap(); // again, which does nothing
}, { skip });

test("a long range that is held does not stay committed", () => {
  const mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
  const { address } = mmap;
  mmap.bytes[0] = 1;
  const flags = () => smapsEntry(address)?.["VmFlags"]?.split(" ").includes("nr");
  assertEquals(flags(), false);
  mmap.unmap();
  assertEquals([isMapped(address), flags()], [true, true]); // "nr": no swap space is set aside
}, { skip: unlessLinux("commitments are Linux's") ?? withoutSmaps() });

test("what cannot be given back at once is held all the same", async () => {
  const vacate = () => ({ syscall: "madvise", osError: 22, code: "EINVAL" });
  await withOs({ vacate }, () => {
    const address = unmapViewed(neighbours(1)[0]!);
    assertEquals(isMapped(address, LENGTH), true);
  });
}, { skip });

test("a strict hint gets the held ranges that it lies on, and leaves the others", () => {
  releaseHeldRanges();
  const mappings = neighbours(4);
  const addresses = mappings.map(unmapViewed);
  const mmap = new MmapOptions({ len: LENGTH + 1, hint: addresses[1]!, strict: true }).mapAnon();
  assertEquals([mmap.address, mmap.bytes[0]], [addresses[1], 0]);
  assertEquals([addresses[0]!, addresses[3]!].map((address) => isMapped(address)), [true, true]);
  mmap.unmap();
}, { skip });

/** Until the end of the test, has nothing counted that other threads hold, such as those of other tests that have ended. */
function holdAlone(): void {
  const common = countHeldIn(new Int32Array(HELD_COUNTS_BYTES / 4));
  use({ [Symbol.dispose]: () => void countHeldIn(common) });
  releaseHeldRanges();
}

test("the oldest held ranges are released where they are too long together", async () => {
  holdAlone();
  await withOs({ maxHeldByteLength: 4 * LENGTH }, () => {
    const addresses = Array.from({ length: 6 }, () => neighbours(1)[0]!).map(unmapViewed);
    const held = addresses.map((address) => isMapped(address));
    assertEquals(held, [false, false, true, true, true, true]);
  });
}, { skip });

test(
  "a range that is longer than all that may be held is unmapped at once, and no other",
  async () => {
    holdAlone();
    await withOs({ maxHeldByteLength: LENGTH }, () => {
      const older = unmapViewed(neighbours(1)[0]!);
      const len = LENGTH + 1;
      const longer = unmapViewed(new MmapOptions({ len, hint: freeAddress(len) }).mapAnon());
      assertEquals([isMapped(older), isMapped(longer)], [true, false]);
    });
  },
  { skip },
);

test(
  "a request that can never be met takes no held range, and one without a mapping left all",
  async () => {
    const { os } = host();
    const address = unmapViewed(neighbours(1)[0]!);
    assertThrows(() => new MmapOptions({ len: Number.MAX_SAFE_INTEGER }).mapAnon(), MmapError);
    assertEquals(isMapped(address), true);
    // At the limit of their number not a page can be mapped.
    const originalMap = os.map;
    const map: Os["map"] = (request) =>
      isMapped(address) ? { syscall: "mmap", osError: 12, code: "ENOMEM" } : originalMap(request);
    const longerThanHeld = new MmapOptions({ len: heldRanges().byteLength + 1, noReserve: true });
    await withOs({ map }, () => longerThanHeld.mapAnon().unmap());
    assertEquals(isMapped(address), false);
  },
  { skip },
);

test(
  "a range that was refused to be unmapped is unmapped once, however often it is reported",
  async () => {
    const { os } = host();
    const allocation = collected(neighbours(1)[0]!);
    const originalUnmap = os.unmap;
    let isRefused = true;
    let unmapped = 0;
    const unmap: Os["unmap"] = (address, byteLength) => {
      if (address !== allocation.address) return originalUnmap(address, byteLength);
      if (isRefused) return { syscall: "munmap", osError: 12, code: "ENOMEM" };
      unmapped++;
      return originalUnmap(address, byteLength);
    };
    await withOs({ unmap }, async () => {
      unmapCollected(allocation);
      await settle();
      isRefused = false;
      unmapCollected(allocation);
      unmapCollected(allocation);
      await settle();
    });
    assertEquals([unmapped, allocation.byteLength], [1, 0n]);
  },
  { skip },
);

test("the oldest held ranges are released where they are too many", () => {
  holdAlone();
  const oldest = unmapViewed(neighbours(1)[0]!);
  const options = new MmapOptions({ len: 1 });
  for (let count = 1; count < MAX_HELD_RANGES; count++) unmapViewed(options.mapAnon());
  assertEquals(isMapped(oldest), true);
  const newest = unmapViewed(neighbours(1)[0]!);
  assertEquals([isMapped(oldest), isMapped(newest)], [false, true]);
}, { skip });

const PAGE = pageSize();

/** Calls that cut a mapping of 8 pages into pieces. */
const CHANGES: Readonly<Record<string, (mmap: Mmap) => void>> = {
  "protect()": (mmap) => [1, 3, 5].forEach((page) => mmap.unsafeProtect("read", page * PAGE, PAGE)),
  "decommit()": (mmap) => [1, 3].forEach((page) => mmap.decommit(page * PAGE, PAGE)),
  "advise()": (mmap) => [1, 3].forEach((page) => mmap.advise("dont-dump", page * PAGE, PAGE)),
  "lock()": (mmap) => mmap.lock(PAGE, PAGE),
  "lock() and unlock()": (mmap) => {
    mmap.lock(PAGE, 4 * PAGE);
    mmap.unlock(2 * PAGE, PAGE);
  },
  "advise() of another handle, which is closed": (mmap) => {
    const other = Mmap.fromTicket(mmap.share());
    [1, 3].forEach((page) => other.advise("dont-dump", page * PAGE, PAGE));
    other.unmap();
  },
  "resize()": (mmap) => {
    mmap.unsafeProtect("none", PAGE, PAGE);
    mmap.unsafeProtect("read-write", PAGE, PAGE);
    mmap.advise("dont-dump", 2 * PAGE, PAGE);
    mmap.resize(64 * PAGE);
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  for (const guard of what === "resize()" ? [0] : [0, PAGE]) {
    const guards = guard === 0 ? "" : " of a mapping with guard pages";
    test(`a held range is one piece after ${what}${guards}`, () => {
      const hint = freeAddress(16 * PAGE) + BigInt(4 * PAGE);
      const options = new MmapOptions({ len: 8 * PAGE, hint, strict: true });
      const mmap = options.guard(guard).mapAnon();
      const start = hint - BigInt(guard);
      const end = hint + BigInt(8 * PAGE + guard);
      const blocker = options.withHint(end).len(PAGE).reserve(); // it would grow in place
      mmap.bytes.fill(1);
      change(mmap);
      mmap.unmap();
      blocker.unmap();
      const pieces = regions().filter((region) => region.start < end && region.end > start);
      assertEquals(pieces.map(({ start, end }) => [start, end]), [[start, end]]);
      assertEquals(residentByteLength(start, Number(end - start)), 0);
      releaseHeldRanges();
      assertEquals(isMapped(start, Number(end - start)), false);
    }, { skip: skip ?? unlessLinux("other systems count no mappings") });
  }
}
