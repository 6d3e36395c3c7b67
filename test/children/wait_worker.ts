// Waits for a word of the memory that it is told, again and again if it is to; says how that ended.
import { parentPort, workerData } from "node:worker_threads";
import { Mmap, type RawMmap } from "../../mod.ts";

const { raw, timeout, isAsync } = workerData as {
  raw: RawMmap;
  timeout?: number;
  isAsync?: boolean;
};
const mmap = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
Atomics.add(mmap.view(Int32Array), 1, 1);
const result = isAsync
  ? await mmap.waitAsync(0, 0, { timeout: timeout ?? Infinity })
  : mmap.wait(0, 0, timeout);
mmap.intoRaw(); // the main thread unmaps it
parentPort!.postMessage(result);
