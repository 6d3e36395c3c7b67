/**
 * Counts in one SharedArrayBuffer from processes of different runtimes, and from the workers of
 * each. The program starts the other processes itself, each in another runtime if one is installed.
 *
 * `deno run -A examples/shared_counter.ts`, `bun examples/shared_counter.ts` or
 * `node examples/shared_counter.ts`.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { type Mmap, MmapOptions, removeShared } from "../mod.ts";
import { findPrograms, type Program } from "./programs.ts";

const FILE = fileURLToPath(import.meta.url);
const PROCESSES = 3;
const WORKERS = 2;
const ADDITIONS = 100_000;
/** The words of the memory: the counter, and the number of processes that have counted. */
const COUNTER = 0;
const READY = 1;

const options = new MmapOptions({ len: 4096, sharedBuffer: true });

// #region count
/** Adds to the counter, in a worker. The buffer came by a message, and needs no ticket. */
function add(buffer: SharedArrayBuffer): void {
  const words = new Int32Array(buffer);
  for (let addition = 0; addition < ADDITIONS; addition++) Atomics.add(words, COUNTER, 1);
  parentPort!.postMessage("done");
}

/** Starts a worker that adds to the counter. */
function addInWorker({ buffer }: Mmap): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  return new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
    worker.postMessage(buffer);
  }).finally(() => worker.terminate());
}

/** Counts in the workers of this process, and wakes the process that waits for all. */
async function count(mmap: Mmap): Promise<void> {
  await Promise.all(Array.from({ length: WORKERS }, () => addInWorker(mmap)));
  Atomics.add(mmap.view(Int32Array), READY, 1);
  mmap.notify(4 * READY); // Atomics.notify() wakes threads of this process only
}
// #endregion count

/** Starts a process that counts, too. Rejects if it fails. */
function countInProcess({ command, args }: Program, name: string): Promise<void> {
  const child = spawn(command, [...args, FILE, name], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => code === 0 ? resolve() : reject(new Error(`Ended with ${code}`)));
  });
}

/** Waits until all processes have counted. */
async function awaitAll(mmap: Mmap): Promise<void> {
  const words = mmap.view(Int32Array);
  for (let ready; (ready = Atomics.load(words, READY)) !== PROCESSES;) {
    const result = await mmap.waitAsync(4 * READY, ready, { timeout: 60_000 });
    if (result === "timed-out") throw new Error(`Only ${ready} processes have counted`);
  }
}

async function main(): Promise<void> {
  const programs = findPrograms(FILE);
  const name = `sysalloc-counter-${randomUUID()}`;
  try {
    using mmap = options.mapShared(name, { mode: "create" });
    const others = Array.from(
      { length: PROCESSES - 1 },
      (_, index) => countInProcess(programs[(index + 1) % programs.length]!, name),
    );
    await Promise.all([count(mmap), awaitAll(mmap), ...others]);
    const words = mmap.view(Int32Array);
    const expected = PROCESSES * WORKERS * ADDITIONS;
    if (words[COUNTER] !== expected) throw new Error(`${words[COUNTER]} instead of ${expected}`);
    const runtimes = [...new Set(programs.map(({ runtime }) => runtime))].join(", ");
    console.log(
      `${PROCESSES} processes (${runtimes}) with ${WORKERS} workers each counted to ${expected}`,
    );
    mmap.unmap();
    console.log(
      `After unmap(), the view still has ${words.length} words, and reads ${words[COUNTER]}`,
    );
  } finally {
    removeShared(name);
  }
}

const [name] = process.argv.slice(2);
if (!isMainThread) parentPort!.once("message", add);
else if (name === undefined) await main();
else if (name === "probe") options.mapAnon().unmap();
else await count(options.mapShared(name));
