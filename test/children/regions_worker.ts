// Maps and unmaps, and counts how often, until it is told to stop.
import { workerData } from "node:worker_threads";
import { MmapOptions, pageSize } from "../../mod.ts";

const stop = workerData as Int32Array;
const PAGE = pageSize();
while (Atomics.load(stop, 0) === 0) {
  const mappings = Array.from({ length: 64 }, (_, index) => {
    const mmap = new MmapOptions({ len: (1 + index % 7) * PAGE }).reserve();
    if (index % 2 === 0) mmap.commit(0, PAGE);
    return mmap;
  });
  for (const mmap of mappings) mmap.unmap();
  Atomics.add(stop, 1, 1);
}
Atomics.store(stop, 2, 1);
