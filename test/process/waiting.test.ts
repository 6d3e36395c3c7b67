import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { isAtLeast } from "../../ffi/runtime/versions.ts";
import { type Mmap, MmapOptions } from "../../mod.ts";
import {
  childArguments,
  childValue,
  EXECUTABLE,
  execute,
  start,
} from "../support/child_processes.ts";
import { runtime, test, unlessLinux, use } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { childUrl } from "../support/bundled.ts";
import { map, PAGE, tempFile, turn, wake } from "../support/waits.ts";

/** Starts a worker that waits. */
async function startWorker(mmap: Mmap, data: object = {}): Promise<[Worker, Promise<string>]> {
  const raw = { address: mmap.address, byteLength: mmap.byteLength };
  const words = mmap.view(Int32Array);
  const before = Atomics.load(words, 1);
  const worker = new Worker(childUrl("wait_worker.ts"), {
    workerData: { raw, ...data },
  });
  const message = new Promise<string>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  while (Atomics.load(words, 1) === before) await turn();
  return [worker, message];
}

test("wait() waits for as long as it is told, also beyond one slice", () => {
  const mmap = map();
  for (const timeout of [0.25, 3, 250]) {
    const from = performance.now();
    assertEquals(mmap.wait(0, 0, timeout), "timed-out");
    const taken = performance.now() - from;
    assert(taken >= timeout - 0.1, `${taken} ms instead of ${timeout}`);
  }
});

test("notify() wakes threads that wait, as many as it says", async () => {
  const mmap = map();
  const started = await Promise.all([
    startWorker(mmap),
    startWorker(mmap, { timeout: 1e12 }),
    startWorker(mmap, { isAsync: true }),
  ]);
  await wake(mmap, 3);
  assertEquals(mmap.notify(0), 0);
  const results = await Promise.all(started.map(([, message]) => message));
  assertEquals(results, ["ok", "ok", "ok"]);
  // Not awaited: Bun before 1.4 does not tell of a worker that has ended by itself.
  for (const [worker] of started) void worker.terminate();
});

test("wait() returns when the value was changed, whether or not it slept already", async () => {
  const mmap = map();
  const [worker, message] = await startWorker(mmap);
  Atomics.store(mmap.view(Int32Array), 0, 1);
  mmap.notify(0);
  assert(["ok", "not-equal"].includes(await message));
  void worker.terminate(); // not awaited, as above
});

test("wait() does not hold off the end of its thread, and nobody waits after it", async () => {
  // terminate() of Deno, and of Bun before 1.3.14, ends no thread that is in JavaScript.
  const endsBusy = runtime !== "deno" && isAtLeast(process.versions["bun"] ?? "1.3.14", "1.3.14");
  for (const isAsync of endsBusy ? [true, false] : [true]) {
    const mmap = map();
    const [worker, message] = await startWorker(mmap, { isAsync, again: isAsync });
    if (isAsync) {
      await wake(mmap);
      await message;
    }
    await turn(300);
    await worker.terminate();
    await turn(500); // in Deno the thread that waits sees by itself that it is alone
    assertEquals(mmap.notify(0), 0, isAsync ? "waitAsync()" : "wait()");
  }
});

for (const how of ["sync", "async"]) {
  test(`notify() wakes another process that waits (${how})`, async () => {
    const path = tempFile(PAGE);
    const mmap = use(new MmapOptions().mapMut(path));
    const child = childValue("waiter.ts", { args: [path, how] });
    assertEquals(await wake(mmap), 1);
    assertEquals(await child, "ok");
  });
}

test("notify() wakes who is left when one that waited was killed", async () => {
  const path = tempFile(PAGE);
  const mmap = use(new MmapOptions().mapMut(path));
  const words = mmap.view(Int32Array, 0, 4);
  const killed = start(EXECUTABLE, childArguments("waiter.ts", { args: [path, "sync"] }));
  while (Atomics.load(words, 1) === 0) await turn();
  await turn(200);
  killed.kill("SIGKILL");
  await new Promise((resolve) => killed.once("exit", resolve));
  assertEquals(mmap.notify(0), 0);
  const child = childValue("waiter.ts", { args: [path, "sync"] });
  assertEquals(await wake(mmap), 1);
  assertEquals(await child, "ok");
});

// ---- Two processes that wake each other

const ROUNDS = rounds("wakeUps");

/** The output of a player. */
interface Played {
  readonly role: string;
  readonly late: number;
  readonly last: number;
}

type Play = (path: string, role: string) => Promise<Played>;

/** Has two processes wake each other, and sees to it that nobody is left asleep. */
async function play(first: Play, second: Play): Promise<void> {
  const path = tempFile(PAGE);
  const played = await Promise.all([first(path, "even"), second(path, "odd")]);
  assertEquals(Math.max(...played.map(({ last }) => last)), 2 * ROUNDS);
  // A wait that ends with its slice only is one whose wake-up was lost; a busy machine has some too.
  const late = played.reduce((sum, one) => sum + one.late, 0);
  assert(late < ROUNDS / 10, `${late} of ${2 * ROUNDS} were late`);
}

const own: Play = (path, role) => childValue("pingpong.ts", { args: [path, role, String(ROUNDS)] });

test("wait() and notify() of two processes lose no wake-up", () => play(own, own));

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const NODE = `${modules}node26/bin/node`;
const BUN = `${modules}bun/bin/bun.exe`;

/** A player in another runtime. */
function another(program: string, ...flags: readonly string[]): Play {
  return async (path, role) => {
    const file = fileURLToPath(childUrl("pingpong.ts"));
    const args = [...flags, file, path, role, String(ROUNDS)];
    const { code, stdout, stderr } = await execute(program, args);
    assertEquals(code, 0, stderr);
    return JSON.parse(stdout);
  };
}

const bun = another(BUN);
const node = another(NODE, "--no-warnings");
const PAIRS: Readonly<Record<string, readonly [Play, Play]>> = {
  "Deno and Bun": [own, bun],
  "Node.js and Deno": [node, own],
  "Bun and Node.js": [bun, node],
};

const areThere = existsSync(BUN) && existsSync(NODE);
const skip = unlessLinux("only one runtime is there") ??
  (runtime !== "deno"
    ? "Deno has the others play"
    : areThere
    ? undefined
    : "they are not installed");

for (const [name, [first, second]] of Object.entries(PAIRS)) {
  test(`wait() and notify() lose no wake-up between ${name}`, () => play(first, second), { skip });
}
