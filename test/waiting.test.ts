import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { truncateSync } from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { host } from "../ffi/host.ts";
import { isAtLeast } from "../ffi/runtime/versions.ts";
import { type Mmap, MmapError, MmapOptions, pageSize, type WaitAsyncOptions } from "../mod.ts";
import { childValue, runChild, runtime, sourceUrl, test, unlessLinux, use } from "./harness.ts";
import { TempFolder } from "./temp_files.ts";

pageSize(); // opened before the tests: Deno counts a library that a test opens as a leak
void host().os.waiting;

const PAGE = pageSize();
const map = (): Mmap => use(new MmapOptions({ len: 2 * PAGE }).mapAnon());
const tempFile = (byteLength: number) => use(new TempFolder()).sparse("file", byteLength);
const turn = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms));

/** Wakes so many, as soon as they are there. */
async function wake(mmap: Mmap, count = 1, byteOffset = 0): Promise<number> {
  let woken = 0;
  while (woken < count) {
    woken += mmap.notify(byteOffset, count - woken);
    await turn();
  }
  return woken;
}

/** The code of the error, or its class. */
function codeOf(call: () => unknown): string {
  try {
    return String(call());
  } catch (error) {
    return error instanceof MmapError ? error.code : (error as Error).name;
  }
}

test("wait() returns at once when the word has another value, and when there is no time", () => {
  const mmap = map();
  const words = mmap.view(Int32Array);
  words[1] = -1;
  assertEquals(mmap.wait(0, 1), "not-equal");
  assertEquals(mmap.wait(0, 0, 0), "timed-out");
  assertEquals(mmap.wait(0, 0, -1), "timed-out");
  assertEquals(mmap.wait(0, 0, -Infinity), "timed-out");
  assertEquals(mmap.wait(4, 0), "not-equal");
  // Signed or unsigned, they are the same bits.
  assertEquals([mmap.wait(4, -1, 0), mmap.wait(4, 2 ** 32 - 1, 0)], ["timed-out", "timed-out"]);
  assertEquals([mmap.wait(4, 2 ** 31, 0), mmap.wait(4, -(2 ** 31), 0)], ["not-equal", "not-equal"]);
});

test("wait() waits for as long as it is told, also beyond one slice", () => {
  const mmap = map();
  for (const timeout of [0.25, 3, 250]) {
    const from = performance.now();
    assertEquals(mmap.wait(0, 0, timeout), "timed-out");
    const taken = performance.now() - from;
    assert(taken >= timeout - 0.1, `${taken} ms instead of ${timeout}`);
  }
});

const BAD: readonly (readonly [
  byteOffset: unknown,
  expected: unknown,
  time: unknown,
  error: string,
])[] = [
  ["0", 0, 0, "TypeError"],
  [0.5, 0, 0, "TypeError"],
  [NaN, 0, 0, "TypeError"],
  [null, 0, 0, "TypeError"],
  [-4, 0, 0, "RangeError"],
  [1, 0, 0, "RangeError"],
  [2, 0, 0, "RangeError"],
  [2 * PAGE - 2, 0, 0, "RangeError"],
  [2 * PAGE, 0, 0, "RangeError"],
  [Infinity, 0, 0, "RangeError"],
  [2 ** 53, 0, 0, "RangeError"],
  [0, "0", 0, "TypeError"],
  [0, 0.5, 0, "TypeError"],
  [0, NaN, 0, "TypeError"],
  [0, 0n, 0, "TypeError"],
  [0, null, 0, "TypeError"],
  [0, undefined, 0, "TypeError"],
  [0, 2 ** 32, 0, "RangeError"],
  [0, -(2 ** 31) - 1, 0, "RangeError"],
  [0, Infinity, 0, "RangeError"],
  [0, 0, NaN, "TypeError"],
  [0, 0, "1", "TypeError"],
  [0, 0, 1n, "TypeError"],
  [0, 0, null, "TypeError"],
];

test("wait() and waitAsync() refuse bad arguments", async () => {
  const mmap = map();
  for (const [byteOffset, expected, time, error] of BAD) {
    const name = [byteOffset, expected, time].map(String).join(", ");
    const args = [byteOffset, expected] as [number, number];
    assertEquals(codeOf(() => mmap.wait(...args, time as number)), error, `wait(${name})`);
    const options = { timeout: time } as WaitAsyncOptions;
    const rejected = await mmap.waitAsync(...args, options).catch((error) => error.name);
    assertEquals(rejected, error, `waitAsync(${name})`);
  }
});

test("waitAsync() refuses bad options, and throws nothing", async () => {
  const mmap = map();
  const signals = [1, null, { aborted: false }, { aborted: false, addEventListener() {} }];
  const bad: unknown[] = [null, 1, "1", { time: 1 }, { ref: 1 }];
  for (const signal of signals) bad.push({ signal });
  for (const options of bad) {
    const error = await mmap.waitAsync(0, 1, options as WaitAsyncOptions).catch((error) => error);
    assertStrictEquals(error.name, "TypeError", String(error));
  }
  const getter = Object.defineProperty({}, "timeout", {
    enumerable: true,
    get: () => {
      mmap.unmap();
      return 1;
    },
  });
  const error = await mmap.waitAsync(0, 0, getter).catch((error) => error.code);
  assertEquals(error, "EBADF");
});

test("waitAsync() refuses a receiver that is no mapping", async () => {
  const { waitAsync } = map();
  for (const receiver of [undefined, {}, 1]) {
    const error = await waitAsync.call(receiver as unknown as Mmap, 0, 0).catch((error) => error);
    assertStrictEquals(error.name, "TypeError");
  }
});

test("notify() refuses bad arguments, and wakes nobody where there is nobody", () => {
  const mmap = map();
  for (const [byteOffset, , , error] of BAD.filter(([offset]) => offset !== 0)) {
    assertEquals(codeOf(() => mmap.notify(byteOffset as number)), error, String(byteOffset));
  }
  for (const count of [NaN, 0.5, "1", null, 1n]) {
    assertEquals(codeOf(() => mmap.notify(0, count as number)), "TypeError", String(count));
  }
  for (const count of [-1, -Infinity]) {
    assertEquals(codeOf(() => mmap.notify(0, count)), "RangeError");
  }
  for (const count of [0, 1, 2 ** 31, 2 ** 53, Infinity, undefined]) {
    assertStrictEquals(mmap.notify(0, count), 0);
  }
});

test("wait() and notify() refuse memory that they cannot use", async () => {
  const mmap = use(new MmapOptions({ len: 65_536 }).reserve());
  const codes = () => [
    codeOf(() => mmap.wait(0, 0, 0)),
    codeOf(() => mmap.notify(0)),
  ];
  assertEquals(codes(), ["EACCES", "EACCES"]);
  assertEquals(await mmap.waitAsync(0, 0).catch((error) => error.code), "EACCES");
  mmap.commit(0, 65_536);
  assertEquals(codes(), ["timed-out", "0"]);
  mmap.protect("read");
  assertEquals(codes(), ["EACCES", "EACCES"]);
  assertThrows(() => mmap.wait(0, 0), MmapError, 'must be "read-write"');
  assertThrows(() => mmap.notify(0), MmapError, 'must be "read-write"');
  mmap.unmap();
  assertEquals(codes(), ["EBADF", "EBADF"]);
  assertEquals(await mmap.waitAsync(0, 0).catch((error) => error.code), "EBADF");
});

test("wait() takes a word that is aligned in memory, wherever its file starts", () => {
  const mmap = use(new MmapOptions({ offset: 2, len: 64 }).mapMut(tempFile(100)));
  assertEquals(codeOf(() => mmap.wait(0, 0, 0)), "RangeError");
  assertEquals(mmap.wait(2, 0, 0), "timed-out");
  assertEquals(mmap.notify(2), 0);
});

test("wait() and notify() refuse a word that its file has lost", () => {
  const path = tempFile(2 * PAGE);
  for (const truncationGuard of [true, false]) {
    const mmap = use(new MmapOptions({ truncationGuard }).mapMut(path));
    truncateSync(path, PAGE);
    if (truncationGuard && mmap.truncationGuarded) {
      assertStrictEquals(mmap.view(Int32Array, PAGE, 1)[0], 0);
    }
    assertEquals(codeOf(() => mmap.wait(PAGE, 0, 0)), "EFAULT");
    assertEquals(codeOf(() => mmap.notify(PAGE)), "EFAULT");
    truncateSync(path, 2 * PAGE);
  }
}, { skip: unlessLinux("no other system truncates what is mapped, or tells of it") });

/** Starts a worker that waits. */
async function startWorker(mmap: Mmap, data: object = {}): Promise<[Worker, Promise<string>]> {
  const raw = { address: mmap.address, byteLength: mmap.byteLength };
  const words = mmap.view(Int32Array);
  const before = Atomics.load(words, 1);
  const worker = new Worker(sourceUrl("./children/wait_worker.ts"), {
    workerData: { raw, ...data },
  });
  const message = new Promise<string>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  while (Atomics.load(words, 1) === before) await turn();
  return [worker, message];
}

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
  const { spawn } = await import("node:child_process");
  const killed = spawn(process.execPath, [
    ...process.execArgv.filter((flag) => !flag.startsWith("--test")),
    ...("Deno" in globalThis ? ["run", "--no-check", "-A"] : []),
    ...[sourceUrl("./children/waiter.ts").pathname.replace(/^\/(?=[A-Z]:)/, ""), path, "sync"],
  ]);
  while (Atomics.load(words, 1) === 0) await turn();
  await turn(200);
  killed.kill("SIGKILL");
  await new Promise((resolve) => killed.once("exit", resolve));
  assertEquals(mmap.notify(0), 0);
  const child = childValue("waiter.ts", { args: [path, "sync"] });
  assertEquals(await wake(mmap), 1);
  assertEquals(await child, "ok");
});

test("waitAsync() resolves with all that wait() returns", async () => {
  const mmap = map();
  assertEquals(await mmap.waitAsync(0, 1), "not-equal");
  assertEquals(await mmap.waitAsync(0, 0, { timeout: 0 }), "timed-out");
  assertEquals(await mmap.waitAsync(0, 0, { timeout: -1 }), "timed-out");
  assertEquals(await mmap.waitAsync(0, 0, { timeout: 0.5 }), "timed-out");
  assertEquals(await mmap.waitAsync(0, 0, { timeout: 120 }), "timed-out");
  const woken = mmap.waitAsync(0, 0, { timeout: 1e12 });
  await wake(mmap);
  assertEquals(await woken, "ok");
  const changed = mmap.waitAsync(0, 0);
  Atomics.store(mmap.view(Int32Array), 0, 1);
  mmap.notify(0);
  assertEquals(await changed, "ok");
});

test("waitAsync() waits for several words and several times for one, each woken by itself", async () => {
  const mmap = map();
  const offsets = [0, 0, 0, 4, 8, PAGE];
  const results: number[] = [];
  const waits = offsets.map((offset) => mmap.waitAsync(offset, 0).then(() => results.push(offset)));
  await wake(mmap, 1, PAGE);
  while (results.length < 1) await turn();
  assertEquals(results, [PAGE]);
  await wake(mmap, 2, 0);
  while (results.length < 3) await turn();
  assertEquals(results, [PAGE, 0, 0]);
  await wake(mmap, 1, 4);
  await wake(mmap, 1, 8);
  await wake(mmap, 1, 0);
  await Promise.all(waits);
  for (const offset of offsets) assertEquals(mmap.notify(offset), 0);
});

test("waitAsync() keeps the event loop free", async () => {
  const mmap = map();
  let isDone = false;
  const wait = mmap.waitAsync(0, 0).then((result) => (isDone = true, result));
  for (let tick = 0; tick < 20; tick++) await turn(10);
  assert(!isDone);
  await wake(mmap);
  assertEquals(await wait, "ok");
});

test("waitAsync() ends when its signal is aborted, before and while it waits", async () => {
  const mmap = map();
  const reason = new Error("A reason");
  const fail = (promise: Promise<unknown>) => promise.then(() => "resolved", (error) => error);
  assertStrictEquals(
    await fail(mmap.waitAsync(0, 0, { signal: AbortSignal.abort(reason) })),
    reason,
  );
  for (const ms of [0, 300]) {
    const controller = new AbortController();
    const wait = fail(mmap.waitAsync(0, 0, { signal: controller.signal }));
    await turn(ms);
    controller.abort(reason);
    assertStrictEquals(await wait, reason);
    // Nobody is there who could be woken in another's stead.
    assertEquals(mmap.notify(0), 0);
  }
  const controller = new AbortController();
  const wait = mmap.waitAsync(0, 0, { signal: controller.signal });
  await wake(mmap);
  controller.abort(reason); // too late
  assertEquals(await wait, "ok");
});

test("unmap() and intoRaw() end waitAsync(), begun or not, with an error", async () => {
  for (const ms of [0, 300]) {
    for (const end of ["unmap", "view and unmap", "intoRaw"]) {
      const mmap = new MmapOptions({ len: PAGE }).mapAnon();
      const ends = [0, 0, 4].map((offset) =>
        mmap.waitAsync(offset, 0).then(String, (error) => error.code)
      );
      await turn(ms);
      if (end === "view and unmap") mmap.bytes[8] = 1;
      if (end !== "intoRaw") mmap.unmap();
      else {
        const { address, byteLength } = mmap.intoRaw();
        (await import("../mod.ts")).Mmap.unsafeFromRaw(address, byteLength).unmap();
      }
      assert(mmap.closed);
      assertEquals(await Promise.all(ends), ["EBADF", "EBADF", "EBADF"], `${end} after ${ms} ms`);
    }
  }
});

test("waitAsync() calls a signal's functions before it waits, and when all is done", async () => {
  const seen: string[] = [];
  const mmap = map();
  const see = () => void seen.push(codeOf(() => mmap.view(Uint8Array).length));
  const [addEventListener, removeEventListener] = [see, see];
  const wait = mmap.waitAsync(0, 0, {
    signal: { aborted: false, addEventListener, removeEventListener },
  });
  await turn(0);
  mmap.unmap(); // no view may be made in the middle of it
  assertEquals(await wait.catch((error) => error.code), "EBADF");
  assertEquals(seen, [String(2 * PAGE), "EBADF"]);

  const other = map();
  let asked = 0;
  const aborted = {
    get aborted() {
      if (asked++ > 0) other.unmap(); // what is there then would be waited for
      return false;
    },
    addEventListener() {
      throw new Error("Not added");
    },
    removeEventListener() {},
  };
  const error = await other.waitAsync(0, 0, { signal: aborted }).catch(String);
  assertEquals([error, asked, other.closed], ["Error: Not added", 1, false]);
});

test("unmap() calls nothing that the program can have replaced while a thread is called back", async () => {
  const mmap = map();
  const wait = mmap.waitAsync(0, 0).catch((error) => error.code);
  await turn(300);
  const { now } = performance;
  let calls = 0;
  performance.now = () => (calls++, now.call(performance));
  try {
    mmap.unmap();
  } finally {
    performance.now = now;
  }
  assertEquals([await wait, calls], ["EBADF", 0]);
});

test("waitAsync() loses no thread where the stack ends", async () => {
  const [ends, all] = await childValue("wait_async.ts", { args: ["stack"] }) as string[][];
  assert(ends!.includes("RangeError"), String(ends));
  assertEquals(all, ["timed-out"]);
});

test("unmap() ends waitAsync(), or leaves it as it is, where the stack ends", async () => {
  const [isRefused, ends] = await childValue("wait_async.ts", { args: ["stack-unmap"] }) as [
    boolean,
    string[],
  ];
  assertEquals([isRefused, ends], [true, ["EBADF"]]);
});

test("resize(), decommit() and protect() leave memory alone that waitAsync() waits for", async () => {
  const mmap = map();
  const controller = new AbortController();
  const wait = mmap.waitAsync(PAGE, 0, { signal: controller.signal }).catch(() => "aborted");
  const calls = [
    () => mmap.resize(8 * PAGE),
    () => mmap.decommit(PAGE, PAGE),
    () => mmap.protect("read"),
  ];
  assertEquals(calls.map(codeOf), ["EBUSY", "EBUSY", "EBUSY"]);
  mmap.decommit(0, PAGE); // of another page
  mmap.commit(0, PAGE);
  mmap.protect("read-write");
  controller.abort();
  assertEquals(await wait, "aborted");
  assertEquals(calls.map(codeOf), ["undefined", "undefined", "undefined"]);
});

test("notify() at one half of a mirror wakes who waits at the other", async () => {
  const LENGTH = 65_536;
  const mmap = use(new MmapOptions({ len: LENGTH }).mapMirrored());
  const wait = mmap.waitAsync(8, 0);
  await wake(mmap, 1, LENGTH + 8);
  assertEquals(await wait, "ok");
});

test("notify() wakes who waits at copy-on-write memory, in the same process only", async () => {
  const path = tempFile(PAGE);
  const mmap = use(new MmapOptions().map(path));
  const other = use(new MmapOptions().mapMut(path));
  const wait = mmap.waitAsync(0, 0);
  await turn(300);
  assertEquals(other.notify(0), 0);
  await wake(mmap);
  assertEquals(await wait, "ok");
});

test("waitAsync() lets the process end or not, as it is told", async () => {
  const value = (how: string) => childValue("wait_async.ts", { args: [how] });
  assertEquals(await value("unheld"), "ended");
  assertEquals(await value("held"), "timed-out");
  assertEquals(await value("exit"), "exits");
  assertEquals(await value("idle"), "timed-out");
});

test("waitAsync() keeps the mapping that nobody else has", async () => {
  const value = await childValue("wait_async.ts", { args: ["dropped"] });
  assertEquals(value, ["taken", "enough"]);
});

test("waitAsync() throws EAGAIN when 32 are under way, and works again after", async () => {
  const value = await childValue("wait_async.ts", { args: ["limit"] });
  assertEquals(value, ["EAGAIN", ["not-equal", "timed-out"], ["enough"], "timed-out"]);
});

test("waitAsync() prints nothing of its own", async () => {
  const { stderr } = await runChild("wait_async.ts", { args: ["idle"] });
  assert(!/warning|experimental/i.test(stderr), stderr);
});
