/**
 * Ping-pong by `wait()` and `notify()` beside the runtime's own ways: between
 * two processes beside the messages of `child_process`, between two threads
 * beside `Atomics`. Runs in each runtime; takes the path of a file of 4 KiB.
 *
 * @module
 */
import { fork } from "node:child_process";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Mmap, MmapOptions } from "../mod.ts";
import type { Waking } from "./wakings.ts";

const ROUNDS = 9;
const TRIPS = 2_000;
const READY = 1;

/** Sleeping and waking by a word. */
interface Way {
  readonly words: Int32Array;
  wait(value: number): void;
  notify(): void;
}

function mapped(path: string): Way {
  const mmap: Mmap = new MmapOptions().mapMut(path);
  return {
    words: mmap.view(Int32Array),
    wait: (value) => void mmap.wait(0, value),
    notify: () => void mmap.notify(0, 1),
  };
}

function atomics(words: Int32Array): Way {
  return {
    words,
    wait: (value) => void Atomics.wait(words, 0, value),
    notify: () => void Atomics.notify(words, 0, 1),
  };
}

/** Makes the word odd, or even, so many times, whenever it is the other. */
function play({ words, wait, notify }: Way, own: 0 | 1): void {
  for (let trip = 0; trip < TRIPS; trip++) {
    let value: number;
    while ((value = Atomics.load(words, 0)) % 2 !== own) wait(value);
    Atomics.store(words, 0, value + 1);
    notify();
  }
}

/** The milliseconds that this side takes, once the other one is there. */
async function timeOf(way: Way): Promise<number> {
  while (Atomics.load(way.words, READY) === 0) await setTimeout(1);
  Atomics.store(way.words, READY, 0);
  const start = performance.now();
  play(way, 0);
  while (Atomics.load(way.words, 0) !== 2 * TRIPS) way.wait(2 * TRIPS - 1);
  const time = performance.now() - start;
  Atomics.store(way.words, 0, 0);
  return time;
}

function answer(way: Way): void {
  Atomics.store(way.words, READY, 1);
  play(way, 1);
}

/** Lets both take turns. */
async function compare(
  benchmark: Waking["benchmark"],
  sysalloc: () => Promise<number>,
  reference: () => Promise<number>,
): Promise<Waking> {
  const times = { sysalloc: [] as number[], reference: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    const pair = [await sysalloc(), await reference()];
    if (round < 0) continue; // it warms up
    times.sysalloc.push(pair[0]! * 1000 / TRIPS);
    times.reference.push(pair[1]! * 1000 / TRIPS);
  }
  return { benchmark, ...times };
}

async function betweenProcesses(path: string): Promise<Waking> {
  const child = fork(fileURLToPath(import.meta.url), [path, "partner"]);
  const next = () => new Promise<void>((resolve) => child.once("message", () => resolve()));
  await next();
  const way = mapped(path);
  const waking = await compare("processes", () => {
    child.send("play");
    return timeOf(way);
  }, async () => {
    const start = performance.now();
    for (let trip = 0; trip < TRIPS; trip++) {
      const answered = next();
      child.send("ping");
      await answered;
    }
    return performance.now() - start;
  });
  child.kill();
  return waking;
}

async function betweenThreads(path: string): Promise<Waking> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(import.meta.url), { workerData: { path, words } });
  await new Promise((resolve) => worker.once("message", resolve));
  const ways = { mapped: mapped(path), atomics: atomics(words) };
  const time = (name: keyof typeof ways) => () => {
    worker.postMessage(name);
    return timeOf(ways[name]);
  };
  const waking = await compare("threads", time("mapped"), time("atomics"));
  await worker.terminate();
  return waking;
}

if (!isMainThread) {
  const { path, words } = workerData as { path: string; words: Int32Array };
  const ways = { mapped: mapped(path), atomics: atomics(words) };
  parentPort!.on("message", (name: keyof typeof ways) => answer(ways[name]));
  parentPort!.postMessage("ready");
} else if (process.argv[3] === "partner") {
  const way = mapped(process.argv[2]!);
  process.on("message", (message) => {
    if (message === "play") answer(way);
    else process.send!("pong");
  });
  process.send!("ready");
} else {
  const path = process.argv[2]!;
  console.log(JSON.stringify([await betweenProcesses(path), await betweenThreads(path)]));
  process.exit(0);
}
