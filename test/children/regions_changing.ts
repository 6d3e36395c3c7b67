// Lists what is mapped while a worker maps and unmaps, and counts lists in disorder.
import { Worker } from "node:worker_threads";
import { pageSize, regions } from "../../mod.ts";
import { sourceUrl } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";

/** So many lists at least; one takes long where a processor is emulated. */
const ROUNDS = rounds("changingLists");
/** So often at least the worker changes something meanwhile; on a busy machine it can be held up. */
const CHANGES = 5;

pageSize();
/** Words: true if the worker must stop, the number of its changes, true if it has stopped. */
const stop = new Int32Array(new SharedArrayBuffer(12));
const worker = new Worker(sourceUrl("../children/regions_worker.ts"), { workerData: stop });
while (Atomics.load(stop, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
const changed = Atomics.load(stop, 1) + CHANGES;
let disorderly = 0;
for (let round = 0; round < ROUNDS || Atomics.load(stop, 1) < changed; round++) {
  let end = 0n;
  for (const { address, byteLength } of regions({ resident: round % 8 === 0 })) {
    if (address < end || byteLength <= 0) disorderly++;
    end = address + BigInt(byteLength);
  }
}
Atomics.store(stop, 0, 1);
while (Atomics.load(stop, 2) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
// Not awaited: in Bun before 1.4 that may never settle for a worker that ends by itself.
void worker.terminate();
console.log(disorderly);
process.exit(0);
