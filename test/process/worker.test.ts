import { assertEquals } from "@std/assert";
import { Worker } from "node:worker_threads";
import { Mmap, MmapOptions, pageSize, type RawMmap } from "../../mod.ts";
import { childUrl } from "../support/bundled.ts";
import { childValue } from "../support/child_processes.ts";
import { test, unlessLinux } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";

/** Starts a worker of `test/children/`, and resolves with its first message. */
function start(program: string, workerData?: unknown): [Worker, Promise<unknown>] {
  const worker = new Worker(childUrl(program), { workerData });
  const message = new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return [worker, message];
}

test("intoRaw() and unsafeFromRaw() hand memory to a worker and back, with Atomics on it", async () => {
  const LENGTH = 4 * pageSize();
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const words = mmap.view(Int32Array);
  Atomics.store(words, 0, 37);
  Atomics.store(words, words.length - 1, 11);
  const { address } = mmap;
  const [worker, message] = start("worker.ts");
  worker.postMessage(mmap.intoRaw());
  assertEquals([mmap.closed, words.length], [true, 0]);

  const { before, last, back, own } = await message as {
    before: number;
    last: number;
    back: RawMmap;
    own: RawMmap;
  };
  await worker.terminate();
  assertEquals([before, last], [37, 11]);
  assertEquals(back, { address, byteLength: LENGTH });
  const again = Mmap.unsafeFromRaw(back.address, back.byteLength);
  const againWords = again.view(Int32Array);
  assertEquals([Atomics.load(againWords, 0), againWords.at(-1)], [42, 99]);
  again.unmap();

  // The worker has ended; what it gave away lives on.
  const theirs = Mmap.unsafeFromRaw(own.address, own.byteLength);
  assertEquals(Atomics.load(theirs.view(Int32Array), 3), 1234);
  theirs.unmap();
});

test("Atomics of two threads on one mapping lose no count", async () => {
  const COUNT = 200_000;
  const mmap = new MmapOptions({ len: pageSize() }).mapAnon();
  const words = mmap.view(Int32Array);
  const raw = { address: mmap.address, byteLength: mmap.byteLength };
  const [worker, message] = start("concurrent_worker.ts", { raw, count: COUNT });
  while (Atomics.load(words, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  for (let index = 0; index < COUNT; index++) Atomics.add(words, 0, 1);
  assertEquals(await message, "done");
  // Not awaited: in Bun before 1.4 that may never settle for a worker that ends by itself.
  void worker.terminate();
  assertEquals(Atomics.load(words, 0), 2 * COUNT);
  mmap.unmap();
});

test(
  "workers that end while the engine compiles calls of C functions end nothing else",
  async () => {
    const count = rounds("endedThreads");
    assertEquals(await childValue("worker_ends.ts", { args: [String(count)] }), count);
  },
  { skip: unlessLinux("the functions are those of Linux") },
);
