/**
 * Drops mappings without unmapping them, and finds the longest pause and the
 * memory at the peak: `dropping.ts WAY COUNT BYTE_LENGTH`.
 *
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { MmapOptions } from "../../../mod.ts";
import { touch } from "../common.ts";

/** How many are made between two turns of the event loop. */
const BATCH = 20;

const [, , way, count, byteLength] = process.argv as [string, string, string, string, string];
const make = making(Number(byteLength));

let dropped = 0;
let pause = 0;
const start = performance.now();
for (let last = start; dropped < Number(count);) {
  for (let index = 0; index < BATCH; index++) touch(make());
  dropped += BATCH;
  await setImmediate();
  const now = performance.now();
  pause = Math.max(pause, now - last);
  last = now;
}
const time = 1e6 * (performance.now() - start);
const rss = 1024 * process.resourceUsage().maxRSS;
console.log(
  JSON.stringify({ checksum: dropped, operations: dropped, time, pause: 1e6 * pause, rss }),
);

function making(byteLength: number): () => Uint8Array {
  if (way === "array") return () => new Uint8Array(byteLength);
  const options = new MmapOptions({ len: byteLength });
  return () => options.mapAnon().bytes;
}
