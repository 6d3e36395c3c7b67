// Has threads take all calls at random over the same memory, by handles that they
// share by tickets, and prints what it came to. The arguments are the seed, how many
// threads, how many calls, and how many of the threads are terminated meanwhile.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { slotsInUse } from "../support/slots_in_use.ts";
import { collectGarbage, collectUntil, platform } from "../support/harness.ts";
import { regions } from "../support/memory_map.ts";
import { START, STRIDE } from "../race/handles.ts";
import { descriptorCount, Race } from "../race/race.ts";
import { type Common, type Shared, shared } from "../race/shared.ts";

/** The orders of a thread. */
interface Orders {
  readonly shared: Shared;
  readonly folder: string;
  readonly seed: number;
  readonly thread: number;
}

/** The report of a thread. */
type Report =
  | { readonly kind: "stopped" | "ready" }
  | { readonly kind: "closed"; readonly held: number }
  | { readonly kind: "failed"; readonly message: string };

const PATIENCE_MS = 120_000;

if (isMainThread) await direct();
else await work(workerData as Orders);

async function direct(): Promise<void> {
  const [seed, threads, calls, terminations] = process.argv.slice(2).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  console.log(`seed ${seed}`); // first: nothing else is printed after a crash
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-race-"));
  const common = shared(threads, 48 + 24 * terminations);
  const begun = performance.now();
  const race = new Race(common, folder, seed, 0);
  const opened = descriptorCount(folder);
  const isWatched = platform === "linux"; // elsewhere nothing is placed
  const before = isWatched ? inWindow(common) : 0;
  const slots = slotsInUse();
  const workers: (Worker | undefined)[] = [];
  const waiting = new Map<string, () => void>();
  let failure: string | undefined;
  let held = 0;
  const fail = (message: string) => {
    failure ??= message;
    common.stop();
    for (const go of waiting.values()) go();
  };
  const isTold = (thread: number, kind: string): Promise<void> =>
    new Promise((resolve) => {
      if (failure === undefined) waiting.set(`${thread} ${kind}`, resolve);
      else resolve();
    });
  const start = (thread: number, seed: number) => {
    const orders: Orders = { shared: common.data, folder, seed, thread };
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: orders });
    worker.on("error", (error) => fail(`thread ${thread}: ${String((error as Error).stack)}`));
    worker.on("message", (report: Report) => {
      if (workers[thread] !== worker) return;
      if (report.kind === "failed") fail(`thread ${thread}: ${report.message}`);
      else if (report.kind === "closed") held += report.held;
      waiting.get(`${thread} ${report.kind}`)?.();
    });
    workers[thread] = worker;
  };
  const within = async (what: string, promise: Promise<unknown>) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => timer = setTimeout(() => resolve("late"), PATIENCE_MS));
    if (await Promise.race([promise, late]) === "late") fail(`${what} took too long`);
    clearTimeout(timer);
  };
  for (let thread = 0; thread < threads; thread++) start(thread, seed * 1000 + thread);
  const turn = (milliseconds: number) =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  let terminated = 0;
  let last = 0;
  let progressed = performance.now();
  while (common.calls < calls || terminated < terminations) {
    const due = terminations > 0 && common.calls >= calls * (terminated + 1) / (terminations + 1);
    await turn(terminations > 0 ? race.random(40) : 50);
    if (failure !== undefined) break;
    if (common.calls !== last) [last, progressed] = [common.calls, performance.now()];
    else if (performance.now() - progressed > PATIENCE_MS) {
      fail("no thread has made a call for long");
      break;
    }
    if (!due || terminated >= terminations) continue;
    const thread = race.random(threads);
    const worker = workers[thread]!;
    workers[thread] = undefined;
    await within("terminate()", Promise.resolve(worker.terminate()));
    terminated++;
    start(thread, seed * 1000 + 100 + terminated);
  }
  // All stop, and only then the first one closes: what one has sent, another takes.
  const stopped = Promise.all(workers.map((_, thread) => isTold(thread, "stopped")));
  common.stop();
  await within("stopping", stopped);
  const closed = Promise.all(workers.map((_, thread) => isTold(thread, "closed")));
  race.drain();
  for (const worker of workers) worker!.postMessage("close");
  if (failure === undefined) await within("closing", closed);
  const left = isWatched ? inWindow(common) - before : 0;
  const result = {
    calls: common.calls,
    milliseconds: Math.round(performance.now() - begun),
    outcomes: common.outcomes(),
    failure,
    terminated,
    held,
    left,
    slots: slotsInUse() - slots,
    descriptors: descriptorCount(folder) - opened,
    refused: common.refused - common.doubled,
  };
  for (const worker of workers) void worker!.terminate();
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Windows removes no file that is mapped, as that of a thread that was terminated.
  }
  console.log(JSON.stringify(result));
  process.exit(failure === undefined ? 0 : 1);
}

/** Counts what is mapped where the mappings were placed. */
function inWindow(common: Common): number {
  const end = START + STRIDE * BigInt(common.places);
  return regions().filter(({ start }) => start >= START && start < end).length;
}

async function work({ shared: data, folder, seed, thread }: Orders): Promise<void> {
  const post = (report: Report) => parentPort!.postMessage(report);
  try {
    const common = shared(data);
    const race = new Race(common, folder, seed, thread);
    const isToClose = new Promise<void>((resolve) => parentPort!.once("message", () => resolve()));
    await race.run();
    post({ kind: "stopped" });
    await isToClose;
    race.drain();
    await race.close();
    await collectUntil(() => race.uncollected === 0 && heldRanges().count <= 2, 400);
    // A handle is collected before what it was a handle of, which its buffers reach.
    for (let count = 0; count < 5; count++) await collectGarbage();
    const held = heldRanges().count;
    releaseHeldRanges(); // the last one or two can still be in a register
    post({ kind: "closed", held });
  } catch (error) {
    post({ kind: "failed", message: `seed ${seed}: ${(error as Error).stack ?? error}` });
  }
}
