import { assert, assertEquals, assertThrows } from "@std/assert";
import { truncateSync } from "node:fs";
import { releaseHeldRanges } from "../core/lifetime.ts";
import { host } from "../ffi/host.ts";
import type { GuardEntry } from "../ffi/os/truncation_guard.ts";
import { allocationGranularity, Mmap, MmapError, MmapOptions, pageSize } from "../mod.ts";
import { childValue, platform, test, unlessLinux, use } from "./harness.ts";
import { isMapped, withoutRegions } from "./memory_map.ts";
import { isShort } from "./rounds.ts";
import { slotsInUse } from "./slots_in_use.ts";
import { openDescriptors, pattern, TempFolder, withoutDescriptors } from "./temp_files.ts";
import { TicketWorker } from "./ticket_workers.ts";

const PAGE = pageSize();
const GRANULE = allocationGranularity();
const LENGTH = 4 * PAGE;
const BYTES = pattern(3 * GRANULE + 100);

function codeOf(call: () => unknown): string {
  return (assertThrows(call, MmapError) as MmapError).code;
}

function assertUnmapped(address: bigint): void {
  // On Windows the runtime's own threads can have the range the next moment.
  if (platform === "win32" || withoutRegions() !== undefined) return;
  assertEquals(isMapped(address), false);
}

/** What all handles of a memory must tell alike. */
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
const KINDS: Readonly<Record<string, (path: string) => Mmap>> = {
  "mapAnon()": () => new MmapOptions({ len: LENGTH }).mapAnon(),
  "mapAnon() of an odd length": () => new MmapOptions({ len: PAGE + 1 }).mapAnon(),
  "mapAnon() that was viewed": () => {
    const mmap = new MmapOptions({ len: LENGTH, noReserve: true }).mapAnon();
    mmap.bytes.fill(3);
    return mmap;
  },
  "mapAnon() that is read": () => {
    const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
    mmap.protect("read");
    return mmap;
  },
  "mapAnon() of parts": () => {
    const mmap = new MmapOptions({ len: 5 * PAGE + 7 }).mapAnon();
    mmap.bytes.fill(5);
    mmap.protect("read", PAGE, PAGE);
    mmap.decommit(2 * PAGE, PAGE);
    mmap.protect("none", 4 * PAGE, PAGE);
    return mmap;
  },
  "mapAnon() that was decommitted": () => {
    const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
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
    assertEquals(codeOf(() => left.protect("read")), "EBUSY");
    releaseHeldRanges();
    left.protect("read", PAGE, PAGE);
    assertEquals([left.access, left.accessAt(PAGE)], ["mixed", "read"]);
    left.protect("read-write");
    left.decommit(2 * PAGE, PAGE);
    left.commit(2 * PAGE, PAGE);
    left.resize(8 * PAGE);
    assertEquals([left.bytes[0], left.bytes[1], left.byteLength], [1, 2, 8 * PAGE]);
    const raw = left.intoRaw();
    Mmap.unsafeFromRaw(raw.address, raw.byteLength).unmap();
  }
});

const CHANGES: Readonly<Record<string, (mmap: Mmap) => unknown>> = {
  protect: (mmap) => mmap.protect("read"),
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
    assertEquals(codeOf(() => change(mmap)), "EBUSY", "a ticket is open");
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

test("share() shares nothing that what makes its random bits has unmapped", () => {
  const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
  const slots = slotsInUse();
  const { getRandomValues } = crypto;
  crypto.getRandomValues = (array) => {
    mmap.unmap();
    return getRandomValues.call(crypto, array) as typeof array;
  };
  try {
    assertEquals(codeOf(() => mmap.share()), "EBADF");
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
  assertEquals(slotsInUse(), slots);
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

test("tickets that are bad in any of 71 ways are errors, and end nothing", async () => {
  const foreign = JSON.stringify(await childValue("one_ticket.ts"));
  assertEquals(await childValue("bad_tickets.ts", { args: [foreign] }), {
    tried: 71,
    wrong: [],
    content: [true, true, true],
  });
});

test("threads that all begin at the same time find the same table", async () => {
  for (let round = 0; round < (isShort ? 1 : 4); round++) {
    assertEquals(await childValue("root_race.ts"), Array(6).fill("taken"));
  }
});

test("of threads that take the same tickets at the same time, one gets each", async () => {
  const count = isShort ? 20 : 300;
  const result = await childValue("ticket_race.ts", { args: [String(count)] });
  assertEquals(result, { taken: count, refused: 2 * count, slots: 0 });
});

test("garbage collection of a handle whose buffer was transferred leaves that to its new owner", async () => {
  assertEquals(await childValue("transferred_share.ts"), Array(4).fill(["EBUSY", 7, 8]));
});

test("share() and fromTicket() lose nothing when little is left of the stack", async () => {
  const result = await childValue("ticket_stack.ts");
  assertEquals(result, { both: true, content: true, lost: 0, slots: 0 });
});

test("unmap() of shared memory leaves its handle open, or not, when little is left of the stack", async () => {
  const value = await childValue("unmap_stack.ts");
  assertEquals(value, { isRefused: true, lost: 0, left: 0, slots: 0 });
});

test("of several threads that have one ticket, one gets the memory", async () => {
  const workers = [new TicketWorker(), new TicketWorker(), new TicketWorker()];
  await Promise.all(workers.map((worker) => worker.ask({})));
  for (let round = 0; round < 20; round++) {
    const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
    const take = mmap.share();
    mmap.unmap();
    const asked = await Promise.allSettled(workers.map((worker) => worker.ask({ take })));
    const reasons = asked.map((result) => result.status === "fulfilled" ? "taken" : result.reason);
    assertEquals(reasons.toSorted(), ["EBADF", "EBADF", "taken"]);
    await workers[reasons.indexOf("taken")]!.ask({ store: 1, unmap: true });
  }
  for (const worker of workers) await worker.end();
});

test("workers share what another worker was given, and see what the others store", async () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const { bytes } = mmap;
  const [first, second] = [new TicketWorker(), new TicketWorker()];
  const taken = await first.ask({ take: mmap.share(), store: 5 });
  assertEquals(taken, ["read-write", LENGTH, mmap.address, false]);
  assertEquals(bytes[0], 5);
  const ticket = await first.ask({ share: true }) as never;
  await second.ask({ take: ticket, store: 6 });
  assertEquals(bytes[0], 6);
  const refused = await second.ask({ codeOf: "protect" }).catch((code) => code);
  assertEquals(refused, "EBUSY");
  await first.ask({ unmap: true });
  mmap.unmap();
  assertEquals(bytes.length, 0);
  await second.ask({ store: 7, unmap: true });
  await first.end();
  await second.end();
});

test(
  "handles in three threads free the memory with the last one, in any order, unmapped or collected",
  async () => {
    const tried = isShort ? 8 : 24;
    assertEquals(await childValue("ticket_lifetimes.ts"), { tried, wrong: [], slots: 0 });
  },
  { skip: withoutRegions() },
);

test(
  "a worker that is terminated keeps what it has, and what it unmapped it does not",
  async () => {
    assertEquals(await childValue("terminated_worker.ts"), {
      "with a handle": { content: 7, code: "EBUSY", mapped: true, slots: 1 },
      "unmapped before": { content: 0, code: "no error", slots: 1 },
    });
  },
  { skip: withoutRegions() },
);

test(
  "every handle of a mapped file sees that it was truncated, and the last one gives its guard back",
  async () => {
    const folder = use(new TempFolder());
    const path = folder.file("file", BYTES);
    const guard = host().os.guard!()!;
    const { add } = guard;
    let entry: GuardEntry | undefined;
    guard.add = (address, byteLength) => entry = add.call(guard, address, byteLength);
    const mmap = new MmapOptions().map(path);
    assertEquals(mmap.truncationGuarded, true);
    guard.add = add;
    const { address } = entry!;
    const worker = new TicketWorker();
    await worker.ask({ take: mmap.share() });
    const other = Mmap.fromTicket(mmap.share());
    const { bytes } = other;
    assertEquals(bytes[BYTES.length - 1], BYTES.at(-1));
    truncateSync(path, PAGE);
    assertEquals([bytes[0], bytes[BYTES.length - 1]], [BYTES[0], 0]);
    assertEquals([mmap.truncated, other.truncated], [true, true]);
    assertEquals((await worker.ask({}) as unknown[])[3], true);
    assertEquals(await worker.ask({ store: 1 }).catch((code) => code), "EFAULT");
    assertEquals([codeOf(() => mmap.bytes), codeOf(() => other.read(new Uint8Array(1)))], [
      "EFAULT",
      "EFAULT",
    ]);
    mmap.unmap();
    other.unmap();
    assertEquals(isLive(address), true);
    await worker.ask({ unmap: true });
    assertEquals(isLive(address), false);
    await worker.end();
  },
  { skip: unlessLinux("only Linux has the guard") },
);

/** Whether the entry of a guard is in use: the third field of it tells. */
function isLive(address: bigint): boolean {
  return (new Int32Array(host().runtime.view(address, 32))[4]! & 3) === 2;
}

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

test(
  "8 workers hand mappings around at random, and at the end every content was right and nothing is mapped",
  async () => {
    const { taken, refused, doubled, wrong, mapped, left, slots } = await childValue<
      Record<string, number>
    >("ticket_stress.ts", { args: isShort ? ["100", "500"] : ["1000", "2000"] });
    assertEquals([wrong, left, slots], [0, 0, 0]);
    assertEquals([mapped! > 0, taken! > 0, refused], [true, true, doubled]);
  },
  { skip: withoutRegions() },
);
