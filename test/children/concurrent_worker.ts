// Counts up in memory that the main thread counts up in at the same time.
import { parentPort, workerData } from "node:worker_threads";
import { Mmap } from "../../mod.ts";

const { raw, count } = workerData as {
  raw: { address: bigint; byteLength: number };
  count: number;
};
const mmap = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
const words = mmap.view(Int32Array);
Atomics.store(words, 1, 1);
for (let index = 0; index < count; index++) Atomics.add(words, 0, 1);
mmap.intoRaw(); // the main thread owns it
parentPort!.postMessage("done");
