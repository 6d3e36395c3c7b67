// Waits without blocking, in all the ways that a process can end or go on meanwhile.
import { MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../harness.ts";
import { isShort } from "../rounds.ts";
import { callAt } from "../stack_end.ts";

const PAGE = 65_536;
/** At how many depths where the stack ends. */
const DEPTHS = isShort ? 50 : 300;
const [how] = process.argv.slice(2);
const turn = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function map() {
  return new MmapOptions({ len: PAGE }).mapAnon();
}

switch (how) {
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
  case "stack": { // at each depth from which on the stack ends, and then 32 at a time
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
    options.timeout = 1000;
    const last = Array.from({ length: 32 }, () => ending(mmap.waitAsync(0, 0, options)));
    const all = new Set(await Promise.all(last));
    console.log(JSON.stringify([[...ends], [...all]]));
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
  case "limit": {
    const mmap = map();
    const controller = new AbortController();
    const { signal } = controller;
    const waits = Array.from({ length: 32 }, () => mmap.waitAsync(0, 0, { signal }));
    const one = await mmap.waitAsync(0, 0).catch((error) => error.code);
    // What needs no thread is not refused.
    const others = [await mmap.waitAsync(0, 1), await mmap.waitAsync(0, 0, { timeout: 0 })];
    controller.abort("enough");
    const ends = await Promise.allSettled(waits);
    const reasons = new Set(ends.map((end) => "reason" in end ? end.reason : end.value));
    // Threads that were still being started come a moment later.
    let again = "EAGAIN";
    while (again === "EAGAIN") {
      await turn(1);
      again = await mmap.waitAsync(0, 0, { timeout: 1 }).catch((error) => error.code);
    }
    console.log(JSON.stringify([one, others, [...reasons], again]));
    break;
  }
}
