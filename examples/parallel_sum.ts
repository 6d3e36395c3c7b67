/**
 * Adds the numbers of a file on several workers at once. The file is mapped once,
 * and a ticket hands the mapping to each worker: nothing is copied, and the file is
 * neither read nor opened twice.
 *
 * `deno run -A examples/parallel_sum.ts`, `bun examples/parallel_sum.ts` or
 * `node examples/parallel_sum.ts [COUNT]`.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket } from "../mod.ts";

const WORKERS = 4;
const ELEMENT = Float64Array.BYTES_PER_ELEMENT;

/** The numbers that a worker adds: from an index up to, but not including, another. */
interface Task {
  readonly ticket: MmapTicket;
  readonly start: number;
  readonly end: number;
}

if (isMainThread) await main(Number(process.argv[2] ?? 4_000_000));
else parentPort!.once("message", (task: Task) => parentPort!.postMessage(sum(task)));

// #region worker
/** Adds the numbers of a task, in the worker. */
function sum({ ticket, start, end }: Task): number {
  using mmap = Mmap.fromTicket(ticket);
  const numbers = mmap.view(Float64Array, start * ELEMENT, end - start);
  let total = 0;
  for (let index = 0; index < numbers.length; index++) total += numbers[index]!;
  return total;
}

/** Runs a task in a new worker. */
function runTask(task: Task): Promise<number> {
  const worker = new Worker(new URL(import.meta.url));
  return new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage(task);
  }).finally(() => worker.terminate()); // safe: the worker has unmapped its handle
}
// #endregion worker

async function main(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-sum-"));
  const path = join(folder, "numbers");
  writeFileSync(path, Float64Array.from({ length: count }, (_, index) => index));
  try {
    using mmap = new MmapOptions().map(path);
    const start = performance.now();
    const sums = await Promise.all(Array.from({ length: WORKERS }, (_, index) =>
      runTask({
        ticket: mmap.share(), // one ticket per handle
        start: Math.floor(index * count / WORKERS),
        end: Math.floor((index + 1) * count / WORKERS),
      })));
    const total = sums.reduce((sum, part) => sum + part, 0);
    if (total !== count * (count - 1) / 2) throw new Error(`The sum is ${total}`);
    console.log(
      `Sum of ${WORKERS} workers: ${total}, from ${count} numbers in one mapping, ` +
        `in ${(performance.now() - start).toFixed(0)} ms`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
