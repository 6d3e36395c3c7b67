// Waits without blocking where no thread can be started, twice, and prints what came of it. Where
// an argument is given, each thread runs that.
import workers from "node:worker_threads";
import { MmapOptions, pageSize } from "../../mod.ts";

const source = process.argv[2];
if (source !== undefined) {
  const { Worker } = workers;
  workers.Worker = function (
    _source: string,
    options: import("node:worker_threads").WorkerOptions,
  ) {
    return new Worker(source, options);
  } as never;
}
const mmap = new MmapOptions({ len: pageSize() }).mapAnon();
const ends: string[] = [];
for (let count = 0; count < 2; count++) {
  ends[count] = await mmap.waitAsync(0, 0, { timeout: 1 }).catch(({ code, cause }) =>
    `${code}: ${cause?.code ?? cause?.message}`
  );
}
const others = [await mmap.waitAsync(0, 1), await mmap.waitAsync(0, 0, { timeout: 0 })];
console.log(JSON.stringify({ ends, others }));
