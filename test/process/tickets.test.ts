import { assertEquals } from "@std/assert";
import { truncateSync } from "node:fs";
import { host } from "../../ffi/host.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import { allocationGranularity, Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { childValue } from "../support/child_processes.ts";
import { codeOf } from "../support/errors.ts";
import { test, unlessLinux, use } from "../support/harness.ts";
import { withoutRegions } from "../support/memory_map.ts";
import { rounds } from "../support/rounds.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";
import { TicketWorker } from "../support/ticket_workers.ts";

const PAGE = pageSize();
const LENGTH = 4 * PAGE;
const BYTES = pattern(3 * allocationGranularity() + 100);

test("tickets that are bad in any of 71 ways are errors, and end nothing", async () => {
  const foreign = JSON.stringify(await childValue("one_ticket.ts"));
  assertEquals(await childValue("bad_tickets.ts", { args: [foreign] }), {
    tried: 71,
    wrong: [],
    content: [true, true, true],
  });
});

test("threads that all begin at the same time find the same table", async () => {
  for (let round = 0; round < rounds("beginnings"); round++) {
    assertEquals(await childValue("root_race.ts"), Array(6).fill("taken"));
  }
});

test("of threads that take the same tickets at the same time, one gets each", async () => {
  const count = rounds("racedTickets");
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
  for (let round = 0; round < rounds("askedTickets"); round++) {
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
    const tried = 4 * rounds("closingOrders");
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
    assertEquals([mmap.bytes.length, mmap.truncationGuarded], [BYTES.length, true]);
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
    assertEquals((await worker.ask({ store: 1 }) as unknown[])[3], true); // to what is there
    const lost = () => other.read(new Uint8Array(1), BYTES.length - 1);
    assertEquals([codeOf(() => mmap.bytes), codeOf(lost)], ["EFAULT", "EFAULT"]);
    mmap.unmap();
    other.unmap();
    assertEquals(isLive(address), true);
    await worker.ask({ unmap: true });
    assertEquals(isLive(address), false);
    await worker.end();
  },
  { skip: unlessLinux("only Linux has the guard") },
);

test(
  "8 workers hand mappings around at random, and at the end every content was right and nothing is mapped",
  async () => {
    const { taken, refused, doubled, wrong, mapped, left, slots } = await childValue<
      Record<string, number>
    >("ticket_stress.ts", {
      args: [rounds("handedAround"), rounds("handingMilliseconds")].map(String),
    });
    assertEquals([wrong, left, slots], [0, 0, 0]);
    assertEquals([mapped! > 0, taken! > 0, refused], [true, true, doubled]);
  },
  { skip: withoutRegions() },
);

/** Tells whether the entry of a guard is in use: the third field of it tells. */
function isLive(address: bigint): boolean {
  return (new Int32Array(host().runtime.view(address, 32))[4]! & 3) === 2;
}
