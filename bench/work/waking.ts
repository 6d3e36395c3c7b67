/**
 * Ping-pong by `wait()` and `notify()` beside the runtime's own ways: between
 * two processes beside the messages of `child_process`, between two threads
 * beside `Atomics`.
 *
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { MmapOptions } from "../../mod.ts";
import { notifyByFfi, waitByFfi } from "./floor_sharing.ts";
import { serve, type Work } from "./serve.ts";

/** The word that says that the partner plays. */
const READY = 1;

/** Longer than any move takes, in milliseconds. */
const PATIENCE = 10_000;

/** Sleeping and waking by a word. */
interface Way {
  readonly words: Int32Array;
  wait(value: number): void;
  notify(): void;
}

function mapped(path: string): Way {
  const mmap = new MmapOptions().mapMut(path);
  return {
    words: mmap.view(Int32Array),
    wait(value) {
      if (mmap.wait(0, value, PATIENCE) === "timed-out") throw new Error("The partner is gone");
    },
    notify: () => void mmap.notify(0, 1),
  };
}

/** The same memory, with the system calls alone. */
function byFfi(path: string): Way {
  const mmap = new MmapOptions().mapMut(path);
  const { address } = mmap;
  return {
    words: mmap.view(Int32Array),
    wait: (value) => waitByFfi(address, value),
    notify: () => notifyByFfi(address),
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
function play({ words, wait, notify }: Way, trips: number, own: 0 | 1): void {
  for (let trip = 0; trip < trips; trip++) {
    let value: number;
    while ((value = Atomics.load(words, 0)) % 2 !== own) wait(value);
    Atomics.store(words, 0, value + 1);
    notify();
  }
}

/** Starts it, and answers once the partner has made its last move. */
function start(way: Way, trips: number): number {
  play(way, trips, 0);
  while (Atomics.load(way.words, 0) !== 2 * trips) way.wait(2 * trips - 1);
  return Atomics.exchange(way.words, 0, 0) / 2;
}

function answer(way: Way, trips: number): void {
  Atomics.store(way.words, READY, 1);
  play(way, trips, 1);
}

/** The order to the partner: a game by a way, or one message that it answers. */
type Told = { readonly way: "mapped" | "ffi" | "atomics"; readonly trips: number } | "ping";

async function whenReady({ words }: Way): Promise<void> {
  while (Atomics.exchange(words, READY, 0) === 0) await setTimeout(1);
}

function once(emitter: ChildProcess | Worker): Promise<void> {
  return new Promise((resolve) => void (emitter as Worker).once("message", () => resolve()));
}

let child: Promise<ChildProcess> | undefined;
function partnerProcess(path: string): Promise<ChildProcess> {
  return child ??= (async () => {
    const started = fork(fileURLToPath(import.meta.url), [path]);
    await once(started);
    return started;
  })();
}

let thread: Promise<{ worker: Worker; words: Int32Array }> | undefined;
function partnerThread(path: string): NonNullable<typeof thread> {
  return thread ??= (async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL(import.meta.url), { workerData: { path, words } });
    await once(worker);
    return { worker, words };
  })();
}

/** Ping-pong with a thread, over the words of a file. */
function waking(name: "mapped" | "ffi", open: (path: string) => Way): Work {
  return async ({ path, operations: trips }) => {
    const { worker } = await partnerThread(path);
    const way = open(path);
    worker.postMessage({ way: name, trips } satisfies Told);
    await whenReady(way);
    return { run: () => start(way, trips) };
  };
}

const works: Record<string, Work> = {
  "sysalloc/wake-process": async ({ path, operations: trips }) => {
    const partner = await partnerProcess(path);
    const way = mapped(path);
    partner.send({ way: "mapped", trips } satisfies Told);
    await whenReady(way);
    return { run: () => start(way, trips) };
  },
  "messages/wake-process": async ({ path, operations: trips }) => {
    const partner = await partnerProcess(path);
    return {
      async run() {
        for (let trip = 0; trip < trips; trip++) {
          const answered = once(partner);
          partner.send("ping" satisfies Told);
          await answered;
        }
        return trips;
      },
    };
  },
  "sysalloc/wake-thread": waking("mapped", mapped),
  "floor/wake-thread": waking("ffi", byFfi),
  "atomics/wake-thread": async ({ path, operations: trips }) => {
    const { worker, words } = await partnerThread(path);
    const way = atomics(words);
    worker.postMessage({ way: "atomics", trips } satisfies Told);
    await whenReady(way);
    return { run: () => start(way, trips) };
  },
};

const [, , partnerOf] = process.argv;
if (!isMainThread) {
  const { path, words } = workerData as { path: string; words: Int32Array };
  const ways = { mapped: mapped(path), ffi: byFfi(path), atomics: atomics(words) };
  parentPort!.on("message", (told: Exclude<Told, string>) => answer(ways[told.way], told.trips));
  parentPort!.postMessage("ready");
} else if (partnerOf !== undefined) {
  const way = mapped(partnerOf);
  process.on("message", (told: Told) => {
    if (told === "ping") process.send!("pong");
    else answer(way, told.trips);
  });
  process.send!("ready");
} else await serve(works);
