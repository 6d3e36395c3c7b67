// Waits without blocking, in all the ways that a process can end or go on meanwhile.
import { readdirSync } from "node:fs";
import { MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";
import { callAt } from "../support/stack_end.ts";

const PAGE = 65_536;
/** At how many depths where the stack ends. */
const DEPTHS = rounds("waitDepths");
const [how] = process.argv.slice(2);
/** Longer than a thread stays that has nothing to do. */
const LONG_MS = 3500;
const turn = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function map() {
  return new MmapOptions({ len: PAGE }).mapAnon();
}

/** Waits as often at once as it can be done, and once more; tells what came of it. */
async function limit(): Promise<object> {
  const mmap = map();
  const controller = new AbortController();
  const { signal } = controller;
  const waits = Array.from({ length: 32 }, () => mmap.waitAsync(0, 0, { signal }));
  const more = await mmap.waitAsync(0, 0).catch((error) => error.code);
  // What needs no thread is not refused.
  const others = [await mmap.waitAsync(0, 1), await mmap.waitAsync(0, 0, { timeout: 0 })];
  controller.abort("enough");
  const settled = await Promise.allSettled(waits);
  const all = new Set(settled.map((end) => "reason" in end ? end.reason : end.value));
  // Threads that were still being started come a moment later.
  let again = "EAGAIN";
  while (again === "EAGAIN") {
    await turn(1);
    again = await mmap.waitAsync(0, 0, { timeout: 1 }).catch((error) => error.code);
  }
  return { more, others, all: [...all], again };
}

switch (how) {
  case "flushed": { // goes on until it is written
    const path = process.argv[3]!;
    new MmapOptions().mapMut(path).flushAsync().then(() => console.log('"flushed"'));
    break;
  }
  case "unheld": // ends although it waits
    map().waitAsync(0, 0, { ref: false }).then(() => console.log('"settled"'));
    await turn(300);
    console.log('"ended"');
    break;
  case "held": { // goes on as long as it waits
    const mmap = map();
    mmap.waitAsync(0, 0, { timeout: 400 }).then((result) => console.log(JSON.stringify(result)));
    break;
  }
  case "exit": // the thread is asleep by then
    map().waitAsync(0, 0);
    await turn(300);
    console.log('"exits"');
    process.exit(0);
    break;
  case "dropped": { // what nobody has but who waits
    const controller = new AbortController();
    const { signal } = controller;
    const { address, results } = (() => {
      const mmap = map();
      return { address: mmap.address, results: [mmap.waitAsync(0, 0, { signal })] };
    })();
    await collectGarbage();
    await turn(100);
    await collectGarbage();
    let taken = "free";
    try {
      new MmapOptions({ len: PAGE, hint: address, strict: true }).mapAnon();
    } catch {
      taken = "taken";
    }
    controller.abort("enough");
    console.log(JSON.stringify([taken, await results[0]!.catch(String)]));
    break;
  }
  case "idle": { // what is done keeps no process alive
    console.log(JSON.stringify(await map().waitAsync(0, 0, { timeout: 1 })));
    break;
  }
  case "stack": { // at each depth from which on the stack ends, and then as many as there can be
    const mmap = map();
    const ending = (wait: Promise<string> | undefined) =>
      wait?.catch((error) => error.code ?? error.name);
    const options = { timeout: 1 };
    await mmap.waitAsync(0, 0, options); // a thread is there then
    const waits = new Array<Promise<string> | undefined>(DEPTHS).fill(undefined);
    let count = 0;
    const deep = () => {
      try {
        deep();
      } catch {
        // its end
      }
      try {
        // No call follows that could fail, and lose a promise.
        if (count < DEPTHS) waits[count] = mmap.waitAsync(0, 0, options);
        count++;
      } catch {
        // not even a promise could be made
      }
    };
    deep();
    const ends = new Set(await Promise.all(waits.map(ending)));
    console.log(JSON.stringify({ ends: [...ends], ...await limit() }));
    break;
  }
  case "stack-unmap": { // at each depth from which on the stack ends
    const ends = new Set<string>();
    let refused = 0;
    for (let frames = 0; frames < 2 * DEPTHS; frames++) {
      const mmap = map();
      const wait = mmap.waitAsync(0, 0).catch((error) => error.code);
      if (frames % 2 === 1) await turn(1); // the thread can be asleep by then
      callAt(frames, () => mmap.unmap());
      if (!mmap.closed) refused++;
      mmap.unmap();
      const end = await wait;
      if (end !== "EAGAIN") ends.add(end); // where threads are slow to start
    }
    console.log(JSON.stringify([refused > 0, [...ends]]));
    break;
  }
  case "late": { // its threads say that they are idle for long, and it hears that when they are not any more
    const mmap = map();
    const wait = () => mmap.waitAsync(0, 0, { timeout: 1 });
    await Promise.all([wait(), wait()]);
    mmap.wait(0, 0, LONG_MS);
    console.log(JSON.stringify(await Promise.all([wait(), wait()])));
    break;
  }
  case "tired": {
    const mmap = map();
    const wait = () => mmap.waitAsync(0, 0, { timeout: 1 });
    const tasks = () => readdirSync("/proc/self/task");
    const before = tasks();
    await Promise.all([wait(), wait()]);
    const started = tasks().filter((task) => !before.includes(task));
    const end = performance.now() + 10_000;
    const ended = async (count: number) => {
      const countEnded = () => started.length - tasks().filter((id) => started.includes(id)).length;
      while (countEnded() < count && performance.now() < end) await turn(10);
      return countEnded() >= count;
    };
    await ended(1);
    const result = await wait(); // when the other one is to end, too
    console.log(JSON.stringify([started.length >= 2, await ended(2), result]));
    break;
  }
}
