// Has workers use the library for the first time all at once, while the main
// thread does not, and prints how many of their tickets another one could take.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket } from "../../mod.ts";

const WORKERS = 6;

if (isMainThread) await direct();
else work();

async function direct(): Promise<void> {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const workers = Array.from(
    { length: WORKERS },
    (_, id) => new Worker(fileURLToPath(import.meta.url), { workerData: { id, gate } }),
  );
  const next = (worker: Worker) =>
    new Promise<unknown>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  const made = workers.map(next);
  // All are there, and none has begun.
  while (Atomics.load(gate, 1) < WORKERS) await new Promise((resolve) => setTimeout(resolve, 1));
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const tickets = await Promise.all(made);
  const taken = workers.map(next);
  workers.forEach((worker, id) => worker.postMessage(tickets[(id + 1) % WORKERS]));
  const outcomes = await Promise.all(taken);
  for (const worker of workers) await worker.terminate();
  console.log(JSON.stringify(outcomes));
  process.exit(0);
}

function work(): void {
  const { id, gate } = workerData as { readonly id: number; readonly gate: Int32Array };
  parentPort!.on("message", (ticket: MmapTicket) => {
    try {
      const mmap = Mmap.fromTicket(ticket);
      const [owner] = mmap.bytes;
      mmap.unmap();
      parentPort!.postMessage(owner === (id + 1) % WORKERS ? "taken" : `of ${owner}`);
    } catch (error) {
      parentPort!.postMessage(String(error));
    }
  });
  Atomics.add(gate, 1, 1);
  Atomics.wait(gate, 0, 0);
  const mmap = new MmapOptions({ len: 4096 }).mapAnon();
  mmap.bytes[0] = id;
  parentPort!.postMessage(mmap.share());
}
