import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Mmap, MmapOptions } from "../../mod.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  childValue,
  NODE_PERMISSION,
  runChild,
  unlessNodePermission,
} from "../support/child_processes.ts";
import { runtime, test, unlessLinux, use } from "../support/harness.ts";
import { codeOf } from "../support/errors.ts";
import { TempFolder } from "../support/temp_files.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { map, PAGE, turn, wake } from "../support/waits.ts";

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

test("waitAsync() ends when its signal is aborted with little of the call stack left", async () => {
  let abort!: () => void;
  const signal = {
    aborted: false,
    reason: "enough",
    addEventListener: (_: string, listener: () => void) => void (abort = listener),
    removeEventListener() {},
  };
  const wait = map().waitAsync(0, 0, { signal }).catch((error) => error);
  await turn(0);
  let frames = 300;
  const deep = () => {
    try {
      deep();
    } catch (error) {
      if (frames-- !== 0) throw error;
      abort();
    }
  };
  deep();
  assertEquals(await wait, "enough");
});

test("waitAsync() that is aborted before it has begun leaves its thread to the next one", async () => {
  const mmap = map();
  const reason = new Error("A reason");
  for (let count = 0; count < 100; count++) { // no thread says anything meanwhile
    const controller = new AbortController();
    const wait = mmap.waitAsync(0, 0, { signal: controller.signal });
    controller.abort(reason);
    assertStrictEquals(await wait.catch((error) => error), reason);
  }
  assertEquals(mmap.notify(0), 0);
  const waits = [0, 4, 8].map((byteOffset) => mmap.waitAsync(byteOffset, 0));
  for (const byteOffset of [8, 0, 4]) await wake(mmap, 1, byteOffset);
  assertEquals(await Promise.all(waits), ["ok", "ok", "ok"]);
});

test("unmap() and intoRaw() end waitAsync(), begun or not, with an error", async () => {
  for (const ms of [0, 300]) {
    const waited = ["unmap", "view and unmap", "intoRaw"].map((end) => {
      const mmap = new MmapOptions({ len: PAGE }).mapAnon();
      const ends = [0, 0, 4].map((offset) =>
        mmap.waitAsync(offset, 0).then(String, (error) => error.code)
      );
      return { end, mmap, ends };
    });
    await turn(ms);
    for (const { end, mmap, ends } of waited) {
      if (end === "view and unmap") mmap.bytes[8] = 1;
      if (end !== "intoRaw") mmap.unmap();
      else {
        const { address, byteLength } = mmap.intoRaw();
        Mmap.unsafeFromRaw(address, byteLength).unmap();
      }
      assert(mmap.closed);
      assertEquals(await Promise.all(ends), ["EBADF", "EBADF", "EBADF"], `${end} after ${ms} ms`);
    }
  }
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

/** The outcomes of as many waits as there can be, after those that ran into the end of the stack. */
interface Limit {
  readonly ends: readonly string[];
  readonly more: string;
  readonly others: readonly string[];
  readonly all: readonly string[];
  readonly again: string;
}

let limit: Promise<Limit> | undefined;
const atLimit = () => limit ??= childValue<Limit>("wait_async.ts", { args: ["stack"] });

test("waitAsync() loses no thread where the stack ends", async () => {
  const { ends, all } = await atLimit();
  assert(ends.includes("RangeError"), String(ends));
  assertEquals(all, ["enough"]); // and none was refused
});

test("waitAsync() throws EAGAIN when 32 are under way, and works again after", async () => {
  const { more, others, all, again } = await atLimit();
  assertEquals([more, others, all, again], [
    "EAGAIN",
    ["not-equal", "timed-out"],
    ["enough"],
    "timed-out",
  ]);
});

test("unmap() ends waitAsync(), or leaves it as it is, where the stack ends", async () => {
  const [isRefused, ends] = await childValue("wait_async.ts", { args: ["stack-unmap"] }) as [
    boolean,
    string[],
  ];
  assertEquals([isRefused, ends], [true, ["EBADF"]]);
});

test("notify() at one half of a mirror wakes who waits at the other", async () => {
  const LENGTH = 65_536;
  const mmap = use(new MmapOptions({ len: LENGTH }).mapMirrored());
  const wait = mmap.waitAsync(8, 0);
  await wake(mmap, 1, LENGTH + 8);
  assertEquals(await wait, "ok");
});

test("waitAsync() lets the process end or not, as it is told", async () => {
  const endings = { unheld: "ended", held: "timed-out", exit: "exits", idle: "timed-out" };
  const results = Object.keys(endings).map((how) => childValue("wait_async.ts", { args: [how] }));
  assertEquals(await Promise.all(results), Object.values(endings));
});

/** The outcomes of two waits that need a thread, and of two that need none. */
const refusedWaits = (...permissions: readonly string[]) =>
  childValue("wait_refused.ts", runtime === "node" ? { permissions } : {});
const others = ["not-equal", "timed-out"];

test("waitAsync() throws ENOTSUP where Node.js permits no worker, with its error", async () => {
  const ends = Array(2).fill("ENOTSUP: ERR_ACCESS_DENIED");
  assertEquals(await refusedWaits(...NODE_PERMISSION), { ends, others });
  assertEquals(await refusedWaits(...NODE_PERMISSION, "--allow-worker"), {
    ends: ["timed-out", "timed-out"],
    others,
  });
}, { skip: unlessNodePermission });

test("waitAsync() throws ENOTSUP where a worker throws at its start, or ends", async () => {
  const told = { "throw new Error('At its start')": "At its start", "process.exit()": "undefined" };
  for (const [source, what] of Object.entries(told)) {
    const found = await childValue("wait_refused.ts", { args: [source] });
    assertEquals(found, { ends: Array(2).fill(`ENOTSUP: ${what}`), others });
  }
}, { skip: runtime === "node" ? undefined : "only Node.js has one end so" });

test("waitAsync() runs nothing in its threads that the program is started with", async () => {
  const path = join(use(new TempFolder()).path, "start.cjs");
  writeFileSync(path, `if (!require("node:worker_threads").isMainThread) process.exit();`);
  process.env["NODE_OPTIONS"] = `--require=${path}`;
  const found = [refusedWaits(), refusedWaits(`--require=${path}`)];
  delete process.env["NODE_OPTIONS"];
  for (const value of found) {
    assertEquals(await value, { ends: ["timed-out", "timed-out"], others });
  }
}, { skip: runtime === "node" ? undefined : "only Node.js loads a module into all threads" });

for (
  const [what, refused] of [
    ["descriptors", "EAGAIN RLIMIT_NOFILE"],
    ["addresses", "ENOMEM RLIMIT_AS"],
    ["data", "ENOMEM RLIMIT_DATA"],
  ] as const
) {
  test(`waitAsync() tells that ${what} are too few for a thread, and starts none`, async () => {
    const found = await childValue("wait_shortage.ts", { args: [what] });
    assertEquals(found, {
      refused,
      others,
      two: ["timed-out", refused],
      idle: "timed-out",
      released: what === "descriptors" ? refused : "timed-out",
    });
  }, { skip: unlessLinux("the limits are set by Linux's calls") ?? withoutSmaps() });
}

test("waitAsync() keeps the mapping that nobody else has", async () => {
  const value = await childValue("wait_async.ts", { args: ["dropped"] });
  assertEquals(value, ["taken", "enough"]);
});

test("waitAsync() prints nothing of its own", async () => {
  const { stderr } = await runChild("wait_async.ts", { args: ["idle"] });
  assert(!/warning|experimental/i.test(stderr), stderr);
});

const unlessTasks = unlessLinux("only Linux lists the threads of a process");
/** The reports of children that sleep for seconds: they do so at the same time. */
let values: Promise<unknown[]> | undefined;
const idling = () =>
  values ??= Promise.all(
    ["late", ...(unlessTasks === undefined ? ["tired"] : [])].map((how) =>
      childValue("wait_async.ts", { args: [how] })
    ),
  );

test("waitAsync() begun when its threads have had nothing to do for long settles", async () => {
  assertEquals((await idling())[0], ["timed-out", "timed-out"]);
});

test("threads that have waited end when they have nothing to do for long", async () => {
  assertEquals((await idling())[1], [true, true, "timed-out"]);
}, { skip: unlessTasks });
