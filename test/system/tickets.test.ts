import { assert, assertEquals, assertThrows } from "@std/assert";
import { processTable } from "../../core/lifetime/process_table.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import {
  allocationGranularity,
  Mmap,
  MmapError,
  type MmapInit,
  MmapOptions,
  type MmapTicket,
  pageSize,
} from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test, use } from "../support/harness.ts";
import { isMapped, isMusl, withoutRegions } from "../support/memory_map.ts";
import { slotsInUse } from "../support/slots_in_use.ts";
import { openDescriptors, pattern, TempFolder, withoutDescriptors } from "../support/temp_files.ts";

const PAGE = pageSize();
const GRANULE = allocationGranularity();
const LENGTH = 4 * PAGE;
const BYTES = pattern(3 * GRANULE + 100);

function assertUnmapped(address: bigint): void {
  // On Windows the runtime's own threads can have the range the next moment, and with musl
  // a block of memory that the runtime takes to look.
  if (platform === "win32" || isMusl() || withoutRegions() !== undefined) return;
  assertEquals(isMapped(address), false);
}

/** The facts that all handles of a memory must tell alike. */
function factsOf(mmap: Mmap): unknown {
  const { address, byteLength, access, truncationGuarded, truncated } = mmap;
  const accesses = Array.from(
    { length: Math.ceil(byteLength / PAGE) },
    (_, page) => mmap.accessAt(page * PAGE),
  );
  return [address, byteLength, access, truncationGuarded, truncated, accesses];
}

/** All bytes that can be read. */
function contentOf(mmap: Mmap): unknown[] {
  const bytes: unknown[] = [];
  for (let offset = 0; offset < mmap.byteLength; offset += PAGE) {
    const page = new Uint8Array(Math.min(PAGE, mmap.byteLength - offset));
    if (mmap.accessAt(offset) !== "none") mmap.read(page, offset);
    bytes.push(page);
  }
  return bytes;
}

/** Every kind of memory. */
/** Options for memory where the runtime maps nothing as soon as it is free. */
function apart(init: MmapInit & { readonly len: number }): MmapOptions {
  return new MmapOptions({ ...init, hint: freeAddress(init.len) });
}

const KINDS: Readonly<Record<string, (path: string) => Mmap>> = {
  "mapAnon()": () => apart({ len: LENGTH }).mapAnon(),
  "mapAnon() of an odd length": () => apart({ len: PAGE + 1 }).mapAnon(),
  "mapAnon() that was viewed": () => {
    const mmap = apart({ len: LENGTH, noReserve: true }).mapAnon();
    mmap.bytes.fill(3);
    return mmap;
  },
  "mapAnon() that is read": () => {
    const mmap = apart({ len: LENGTH }).mapAnon();
    mmap.unsafeProtect("read");
    return mmap;
  },
  "mapAnon() of parts": () => {
    const mmap = apart({ len: 5 * PAGE + 7 }).mapAnon();
    mmap.bytes.fill(5);
    mmap.unsafeProtect("read", PAGE, PAGE);
    mmap.decommit(2 * PAGE, PAGE);
    mmap.unsafeProtect("none", 4 * PAGE, PAGE);
    return mmap;
  },
  "mapAnon() that was decommitted": () => {
    const mmap = apart({ len: LENGTH }).mapAnon();
    mmap.bytes.fill(5);
    mmap.decommit(0, LENGTH);
    return mmap;
  },
  "mapAnon() with guards": () => new MmapOptions({ len: LENGTH }).guard().mapAnon(),
  "mapAnon() aligned": () => new MmapOptions({ len: LENGTH, align: 4 * GRANULE }).mapAnon(),
  "reserve()": () => new MmapOptions({ len: 64 * PAGE }).reserve(),
  "reserve() that is memory in parts": () => {
    const mmap = new MmapOptions({ len: 64 * PAGE }).reserve();
    for (let page = 0; page < 64; page += 2) mmap.commit(page * PAGE, PAGE);
    mmap.view(Uint8Array, 0, PAGE).fill(9);
    return mmap;
  },
  "mapMirrored()": () => {
    const mmap = new MmapOptions({ len: GRANULE }).mapMirrored();
    mmap.bytes.set([1, 2, 3]);
    return mmap;
  },
  "map()": (path) => new MmapOptions().map(path),
  "map() from an offset": (path) => new MmapOptions({ offset: GRANULE + 5 }).map(path),
  "map() without a guard": (path) => new MmapOptions({ truncationGuard: false }).map(path),
  "mapMut()": (path) => new MmapOptions({ len: GRANULE }).mapMut(path),
  "mapMut() from an offset": (path) => new MmapOptions({ offset: 7, len: 100 }).mapMut(path),
  "mapRead()": (path) => new MmapOptions().mapRead(path),
  "mapExec()": (path) => new MmapOptions().mapExec(path),
};

for (const [name, map] of Object.entries(KINDS)) {
  test(`fromTicket() makes a handle like that of ${name}, and the last one of them frees`, () => {
    const folder = use(new TempFolder());
    const path = folder.file("file", BYTES);
    const slots = slotsInUse();
    for (const isFirstLast of [false, true]) {
      const first = map(path);
      const second = Mmap.fromTicket(structuredClone(first.share()));
      assertEquals(factsOf(second), factsOf(first));
      assertEquals(contentOf(second), contentOf(first));
      if (first.accessAt(0) === "read-write" || first.accessAt(0) === "copy-on-write") {
        first.write(Uint8Array.of(201), 0);
        const bytes = second.view(Uint8Array, 0, 2);
        assertEquals(bytes[0], 201);
        bytes[1] = 202;
        second.flush();
      }
      assertEquals(contentOf(first), contentOf(second));
      const [closed, left] = isFirstLast ? [second, first] : [first, second];
      const facts = factsOf(left);
      const { address } = left;
      closed.unmap();
      assertEquals(factsOf(left), facts);
      left.read(new Uint8Array(0));
      if (left.accessAt(0) !== "none") left.read(new Uint8Array(1));
      assertEquals(codeOf(() => closed.share()), "EBADF");
      left.unmap();
      releaseHeldRanges(); // no call has a view
      assertUnmapped(address);
      assertEquals(slotsInUse(), slots);
    }
  });
}

test("a handle that is left alone does what the only one can", () => {
  for (const isFirstLast of [false, true]) {
    const first = new MmapOptions({ len: LENGTH }).mapAnon();
    first.bytes[0] = 1;
    const second = Mmap.fromTicket(first.share());
    second.bytes[1] = 2;
    const [closed, left] = isFirstLast ? [second, first] : [first, second];
    closed.unmap();
    // Nothing has found yet that no call has a view of the closed one.
    assertEquals(codeOf(() => left.unsafeProtect("read")), "EBUSY");
    releaseHeldRanges();
    left.unsafeProtect("read", PAGE, PAGE);
    assertEquals([left.access, left.accessAt(PAGE)], ["mixed", "read"]);
    left.unsafeProtect("read-write");
    left.decommit(2 * PAGE, PAGE);
    left.commit(2 * PAGE, PAGE);
    left.resize(8 * PAGE);
    assertEquals([left.bytes[0], left.bytes[1], left.byteLength], [1, 2, 8 * PAGE]);
    const raw = left.intoRaw();
    Mmap.unsafeFromRaw(raw.address, raw.byteLength).unmap();
  }
});

const CHANGES: Readonly<Record<string, (mmap: Mmap) => unknown>> = {
  protect: (mmap) => mmap.unsafeProtect("read"),
  commit: (mmap) => mmap.commit(0, PAGE),
  decommit: (mmap) => mmap.decommit(0, PAGE),
  resize: (mmap) => mmap.resize(PAGE),
  intoRaw: (mmap) => mmap.intoRaw(),
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`${name}() throws EBUSY while the mapping is shared, in every handle, and changes nothing`, () => {
    const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
    const { bytes } = mmap;
    bytes.fill(1);
    const before = factsOf(mmap);
    const ticket = mmap.share();
    const { code } = assertThrows(() => change(mmap), MmapError, "call Mmap.release() for unused");
    assertEquals(code, "EBUSY", "a ticket is open");
    const other = Mmap.fromTicket(ticket);
    assertEquals(codeOf(() => change(mmap)), "EBUSY");
    assertEquals(codeOf(() => change(other)), "EBUSY");
    assertEquals([factsOf(mmap), factsOf(other)], [before, before]);
    assertEquals([bytes.length, bytes[LENGTH - 1]], [LENGTH, 1], "the views stay attached");
    other.unmap();
    const second = mmap.share();
    Mmap.release(second);
    change(mmap);
    if (name === "intoRaw") Mmap.unsafeFromRaw(addressOf(before), LENGTH).unmap();
  });
}

function addressOf(facts: unknown): bigint {
  return (facts as [bigint])[0];
}

test("discard() of shared memory does it for every handle", () => {
  const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
  const other = use(Mmap.fromTicket(mmap.share()));
  mmap.bytes.fill(1);
  other.discard(0, PAGE);
  assertEquals([mmap.bytes[0], mmap.bytes[PAGE]], [0, 1]);
});

test("share() throws EBADF when closed, and EBUSY when a buffer was transferred away", () => {
  const closed = new MmapOptions({ len: LENGTH }).mapAnon();
  closed.unmap();
  assertEquals(codeOf(() => closed.share()), "EBADF");
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const moved = mmap.bytes.buffer.transfer();
  assertEquals(codeOf(() => mmap.share()), "EBUSY");
  assertEquals(moved.byteLength, LENGTH);
});

/** So often that share() makes random bits meanwhile. */
const OFTEN = 64;

/** Returns tickets that are released. */
function shareOften(mmap: Mmap): MmapTicket[] {
  return Array.from({ length: OFTEN }, () => {
    const ticket = mmap.share();
    Mmap.release(ticket);
    return ticket;
  });
}

test("share() uses a slot that it could not use before, once", () => {
  const table = processTable();
  const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
  const first = mmap.share();
  const slot = table.take();
  table.spare = slot;
  const tickets = [first, mmap.share(), mmap.share()];
  assertEquals(tickets[1]!.slot, slot.number);
  assertEquals(new Set(tickets.map(({ slot }) => slot)).size, 3);
  for (const ticket of tickets) Mmap.release(ticket);
});

test("share() shares nothing that what makes its random bits has unmapped", () => {
  const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
  const slots = slotsInUse();
  const { getRandomValues } = crypto;
  crypto.getRandomValues = (array) => {
    mmap.unmap();
    return getRandomValues.call(crypto, array) as typeof array;
  };
  try {
    assertEquals(codeOf(() => shareOften(mmap)), "EBADF");
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
  assertEquals(slotsInUse(), slots);
});

test("share() gives no two tickets the same key when what makes its random bits shares", () => {
  const { getRandomValues } = crypto;
  const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
  const tickets: MmapTicket[] = [];
  crypto.getRandomValues = (array) => {
    crypto.getRandomValues = getRandomValues;
    const filled = getRandomValues.call(crypto, array) as typeof array;
    tickets.push(...shareOften(mmap));
    return filled;
  };
  try {
    tickets.push(...shareOften(mmap));
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
  const halves = tickets.flatMap(({ key }) => [key.slice(0, 16), key.slice(16)]);
  assertEquals(new Set(halves).size, 2 * 2 * OFTEN);
});

test("share() looks at nothing that what makes its random bits returns", () => {
  const { getRandomValues } = crypto;
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  let calls = 0;
  const bits = { toString: () => String(calls++), [Symbol.toPrimitive]: () => BigInt(calls++) };
  crypto.getRandomValues = (<T>(target: T) => {
    getRandomValues.call(crypto, target as never);
    return [bits, bits] as T;
  }) as typeof getRandomValues;
  try {
    shareOften(mmap);
    const other = use(Mmap.fromTicket(mmap.share()));
    assertEquals([other.address, calls], [mmap.address, 0]);
  } finally {
    crypto.getRandomValues = getRandomValues;
    mmap.unmap();
  }
});

test("share() calls nothing that has taken the place of Atomics' functions", () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const { add, compareExchange, load, notify, or, store, wait } = Atomics;
  const functions = { add, compareExchange, load, notify, or, store, wait };
  let calls = 0;
  for (const [name, original] of Object.entries(functions)) {
    const replacement = (...args: never[]) => {
      calls++;
      return (original as (...args: never[]) => unknown)(...args);
    };
    Object.assign(Atomics, { [name]: replacement });
  }
  try {
    const other = Mmap.fromTicket(mmap.share());
    mmap.unmap();
    other.unmap();
    assertEquals(calls, 0);
  } finally {
    Object.assign(Atomics, functions);
  }
});

test("unmap() of the other handles leaves memory to the owner of a buffer that was transferred", () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const other = Mmap.fromTicket(mmap.share());
  other.bytes[0] = 7;
  const moved = new Uint8Array(other.bytes.buffer.transfer());
  assertEquals(codeOf(() => other.unmap()), "EBUSY");
  mmap.unmap();
  releaseHeldRanges();
  assertEquals(moved[0], 7);
  moved[1] = 8;
  assertEquals(moved[1], 8);
});

test("share() makes tickets that are frozen, plain and all different", () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const COUNT = 2000; // of several blocks
  const tickets = Array.from({ length: COUNT }, () => mmap.share());
  assert(tickets.every((ticket) => Object.isFrozen(ticket)));
  assertEquals(Object.getPrototypeOf(tickets[0]), Object.prototype);
  assertEquals(new Set(tickets.map(({ slot }) => slot)).size, COUNT);
  assertEquals(new Set(tickets.map(({ key }) => key)).size, COUNT);
  mmap.bytes[0] = 9;
  mmap.unmap();
  const handles = tickets.slice(1).map((ticket) => Mmap.fromTicket(ticket));
  assertEquals(handles.map(({ bytes }) => bytes[0]), handles.map(() => 9));
  for (const handle of handles) handle.unmap();
  const last = Mmap.fromTicket(tickets[0]!);
  const { address } = last;
  last.unmap();
  releaseHeldRanges();
  assertUnmapped(address);
});

test("release() of the last ticket frees what was viewed and what was not", () => {
  for (const isViewed of [false, true]) {
    const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
    const { address } = mmap;
    if (isViewed) mmap.bytes[0] = 1;
    const ticket = mmap.share();
    mmap.unmap();
    releaseHeldRanges();
    if (withoutRegions() === undefined) assertEquals(isMapped(address), true);
    Mmap.release(ticket);
    assertUnmapped(address);
  }
});

test("handles of mapMut() close its file with the last one", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const mmap = new MmapOptions().mapMut(path);
  const other = Mmap.fromTicket(mmap.share());
  const third = Mmap.fromTicket(other.share());
  mmap.bytes[0] = 42;
  mmap.unmap();
  third.unmap();
  assertEquals(openDescriptors(path), 1);
  releaseHeldRanges();
  other.resize(BYTES.length + PAGE); // by the file
  assertEquals(other.bytes[0], 42);
  other.unmap();
  assertEquals(openDescriptors(path), 0);
}, { skip: withoutDescriptors });

test("a thread that makes slots free for others to take remembers a block of them at most", () => {
  const table = processTable();
  const slot = table.take();
  for (let times = 0; times < 10_000; times++) table.note(slot); // as it was free each time
  let looked = 0;
  const { slot: find } = table;
  table.slot = (number) => {
    looked++;
    return find.call(table, number);
  };
  try {
    table.take().free();
  } finally {
    Reflect.deleteProperty(table, "slot");
    slot.free();
  }
  assert(looked < 2000, `${looked} slots`);
});
