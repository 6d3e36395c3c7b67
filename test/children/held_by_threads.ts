// Has one thread after the other unmap as many mappings that were viewed as one may hold,
// and prints how many each of them holds in the end. None of them lets its collector run.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { MAX_HELD_RANGES } from "../../core/lifetime/held_ranges.ts";
import { MmapOptions, pageSize } from "../../mod.ts";

const THREADS = 3;

if (isMainThread) {
  const over = new Int32Array(new SharedArrayBuffer(4));
  const counts: unknown[] = [];
  for (let thread = 0; thread < THREADS; thread++) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: over });
    counts.push(
      await new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      }),
    );
  }
  console.log(JSON.stringify(counts));
  process.exit(0);
} else {
  const plain = new MmapOptions({ len: pageSize() });
  const unlike = plain.noReserve(); // Linux makes one mapping of neighbours that are alike
  for (let index = 0; index < MAX_HELD_RANGES; index++) {
    const mmap = (index % 2 === 0 ? plain : unlike).mapAnon();
    mmap.bytes[0] = 1;
    mmap.unmap();
  }
  parentPort!.postMessage(heldRanges().count);
  Atomics.wait(workerData as Int32Array, 0, 0);
}
