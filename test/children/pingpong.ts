// Plays ping-pong with another process: each makes a word odd, or even, once the other
// one has made it even, or odd. Before, both add to another word. The words are those of a file,
// or of shared memory. Prints how long the game took.
import { MmapOptions } from "../../mod.ts";

const [path, role, rounds] = process.argv.slice(2) as [string, "even" | "odd", string];
const COUNT = Number(rounds);
/** A wake-up that is lost is noticed after 100 ms at the latest: what takes so long is counted. */
const LATE_MS = 90;
const TIMEOUT_MS = 120_000;

const isName = !/[\\/]/.test(path);
const mmap = isName ? new MmapOptions().mapShared(path) : new MmapOptions().mapMut(path);
const words = mmap.view(Int32Array);
const own = role === "even" ? 0 : 1;
let late = 0;
let elsewise = 0;

/** Waits until it is this one's turn. */
function turn(): number {
  for (;;) {
    const value = Atomics.load(words, 0);
    if (value % 2 === own) return value;
    const from = performance.now();
    const result = mmap.wait(0, value, TIMEOUT_MS);
    if (result === "timed-out") throw new Error(`${role} waits for ever at ${value}`);
    if (performance.now() - from > LATE_MS) late++;
    if (result === "ok" && Atomics.load(words, 0) === value) elsewise++;
  }
}

// Both are there before the first turn counts.
Atomics.add(words, 1, 1);
mmap.notify(4);
for (let count; (count = Atomics.load(words, 1)) < 2;) mmap.wait(4, count, TIMEOUT_MS);
for (let round = 0; round < COUNT; round++) Atomics.add(words, 2, 1);
const start = performance.now();
for (let round = 0; round < COUNT; round++) {
  const value = turn();
  Atomics.store(words, 0, value + 1);
  mmap.notify(0, 1);
}
const ms = performance.now() - start;
console.log(JSON.stringify({ role, ms, late, elsewise, last: Atomics.load(words, 0) }));
