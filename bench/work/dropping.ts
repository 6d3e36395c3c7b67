/**
 * Memory that is dropped without being given back: the longest pause, and the
 * memory at the peak.
 *
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { touch } from "./common.ts";

/** The number between two turns of the event loop. */
const BATCH = 20;

/** Makes and drops so many, and prints what it measured. */
export async function drop(make: () => Uint8Array, count: number): Promise<void> {
  let dropped = 0;
  let pause = 0;
  const start = performance.now();
  for (let last = start; dropped < count;) {
    for (let index = 0; index < BATCH; index++) touch(make());
    dropped += BATCH;
    await setImmediate();
    const now = performance.now();
    pause = Math.max(pause, now - last);
    last = now;
  }
  const time = 1e6 * (performance.now() - start);
  const rss = 1024 * process.resourceUsage().maxRSS;
  const answer = { checksum: dropped, operations: dropped, time, pause: 1e6 * pause, rss };
  console.log(JSON.stringify(answer));
}
