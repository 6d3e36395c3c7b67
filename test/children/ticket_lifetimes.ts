// Closes handles of one memory, in this thread and in workers, in every order and
// every way, and prints when it was unmapped.
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectUntil } from "../support/harness.ts";
import { isMapped, residentByteLength } from "../support/memory_map.ts";
import { rounds } from "../support/rounds.ts";
import { slotsInUse } from "../support/slots_in_use.ts";
import { TicketWorker } from "../support/ticket_workers.ts";

const LENGTH = 65_536;
/** A range in which no runtime maps anything of its own. */
let next = 0x5300_0000_0000n;

const workers = [new TicketWorker(), new TicketWorker()];
const own: { mmap: Mmap | undefined } = { mmap: undefined };

function mapNext(): Mmap {
  const hint = next;
  next += 2n * BigInt(LENGTH);
  return new MmapOptions({ len: LENGTH, hint, strict: true }).mapAnon();
}

/** The number of handles that were dropped, and not collected yet. */
let uncollected = 0;
const collected = new FinalizationRegistry(() => uncollected--);

function collect(): Promise<void> {
  return collectUntil(() => uncollected === 0 && heldRanges().count === 0, 20);
}

type Way = "unmap" | "drop";

/** The handles: of the main thread (0), and of the two workers. */
async function close(handle: number, way: Way): Promise<void> {
  if (handle > 0) {
    await workers[handle - 1]!.ask({ [way]: true, collect: true });
    return;
  }
  closeOwn(way);
  await collect();
}

function closeOwn(way: Way): void {
  if (way === "unmap") own.mmap!.unmap();
  else {
    uncollected++;
    collected.register(own.mmap!, undefined);
  }
  own.mmap = undefined;
}

/** In a frame of its own, so that no local keeps anything. */
async function share(isViewed: boolean): Promise<bigint> {
  own.mmap = mapNext();
  const { address } = own.mmap;
  if (isViewed) own.mmap.bytes.fill(1);
  for (const worker of workers) {
    await worker.ask({ take: own.mmap.share(), ...(isViewed && { store: 2 }) });
  }
  return address;
}

const ALL_ORDERS = [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1]];
const ORDERS = ALL_ORDERS.slice(0, rounds("closingOrders"));
const wrong: string[] = [];
let tried = 0;
for (const isViewed of [false, true]) {
  for (const ways of [["unmap", "unmap", "unmap"], ["drop", "unmap", "drop"]] as Way[][]) {
    for (const order of ORDERS) {
      const address = await share(isViewed);
      const name = `${order.join("")} ${ways.join("/")}${isViewed ? " viewed" : ""}`;
      for (const [index, handle] of order.entries()) {
        if (!isMapped(address)) wrong.push(`${name}: unmapped before handle ${handle} is closed`);
        if (isViewed && residentByteLength(address, LENGTH) === 0) wrong.push(`${name}: vacated`);
        await close(handle, ways[index]!);
      }
      // What was dropped last can still be in a register: another one takes its place.
      for (let round = 0; round < 10 && isMapped(address); round++) {
        for (const worker of workers) await worker.ask({ collect: true });
        await collect();
      }
      if (isMapped(address)) wrong.push(`${name}: still mapped`);
      tried++;
    }
  }
}
for (const worker of workers) await worker.end();
console.log(JSON.stringify({ tried, wrong, slots: slotsInUse() }));
process.exit(0);
