// Lists what is mapped while a worker maps and unmaps, and counts lists in disorder.
import { Worker } from "node:worker_threads";
import { pageSize, regions } from "../../mod.ts";
import { sourceUrl } from "../harness.ts";

pageSize();
const stop = new Int32Array(new SharedArrayBuffer(8));
const worker = new Worker(sourceUrl("./children/regions_worker.ts"), { workerData: stop });
while (Atomics.load(stop, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
const before = Atomics.load(stop, 1);
let disorderly = 0;
for (let round = 0; round < 200; round++) {
  let end = 0n;
  for (const { address, byteLength } of regions({ resident: round % 8 === 0 })) {
    if (address < end || byteLength <= 0) disorderly++;
    end = address + BigInt(byteLength);
  }
}
const changes = Atomics.load(stop, 1) - before;
Atomics.store(stop, 0, 1);
await new Promise((resolve) => worker.once("exit", resolve));
console.log(JSON.stringify({ disorderly, changes }));
