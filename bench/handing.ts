/**
 * A gibibyte handed to a worker: by a ticket, beside a message of the same size
 * without one, and beside a structured clone. Runs in each runtime.
 *
 * @module
 */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket } from "../mod.ts";

const GIB = 2 ** 30;
const ROUNDS = 15;
/** How many messages a round has: the clock is coarse, and a round trip short. */
const MESSAGES = 200;

/** What `sharing.ts` reads: times in pairs, one of each for each round. */
export interface Handing {
  readonly benchmark: "ticket" | "clone";
  /** Milliseconds of one. */
  readonly sysalloc: readonly number[];
  /** Milliseconds of one. */
  readonly reference: readonly number[];
}

if (isMainThread) await measure();
else answer();

/** Takes what comes, looks at its last byte, and says so. */
function answer(): void {
  const last = new Uint8Array(1);
  parentPort!.on("message", (message: MmapTicket | ArrayBuffer | { readonly last: number }) => {
    if (message instanceof ArrayBuffer) {
      parentPort!.postMessage(new Uint8Array(message, GIB - 1)[0]);
    } else if ("last" in message) parentPort!.postMessage(message.last);
    else {
      const mmap = Mmap.fromTicket(message);
      mmap.read(last, GIB - 1); // V8 collects for a view of so much, which is not the ticket's cost
      mmap.unmap();
      parentPort!.postMessage(last[0]);
    }
  });
}

async function measure(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  const send = (message: unknown) =>
    new Promise<void>((resolve, reject) => {
      worker.once("message", (last: number) => {
        if (last === 1) resolve();
        else reject(new Error(`The last byte is ${last}`));
      });
      worker.postMessage(message);
    });
  const times = async (count: number, message: () => unknown) => {
    const start = performance.now();
    for (let index = 0; index < count; index++) await send(message());
    return (performance.now() - start) / count;
  };
  const mmap = new MmapOptions({ len: GIB, noReserve: true }).mapAnon();
  mmap.view(Uint8Array, GIB - 1, 1)[0] = 1;
  const plain = { slot: 1, key: "0".repeat(32), last: 1 };
  const ticket: Record<"sysalloc" | "reference", number[]> = { sysalloc: [], reference: [] };
  for (let round = -2; round < ROUNDS; round++) {
    const reference = await times(MESSAGES, () => ({ ...plain }));
    const sysalloc = await times(MESSAGES, () => mmap.share());
    if (round < 0) continue; // those warm up
    ticket.reference.push(reference);
    ticket.sysalloc.push(sysalloc);
  }
  const clone: Record<"sysalloc" | "reference", number[]> = { sysalloc: [], reference: [] };
  const { buffer } = new Uint8Array(GIB).fill(1);
  for (let round = 0; round < 3; round++) {
    clone.reference.push(await times(1, () => buffer));
    clone.sysalloc.push(await times(MESSAGES, () => mmap.share()));
  }
  await worker.terminate();
  const handings: readonly Handing[] = [
    { benchmark: "ticket", ...ticket },
    { benchmark: "clone", ...clone },
  ];
  console.log(JSON.stringify(handings));
  process.exit(0);
}
