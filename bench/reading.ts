/**
 * Reading a typed array over a mapping, beside one over an ordinary
 * `ArrayBuffer`. Runs in each runtime.
 *
 * @module
 */
import { MmapOptions } from "../mod.ts";
import type { Comparison } from "./result.ts";
import { takeTurns } from "./rounds.ts";

const ROUNDS = 21;
const BYTE_LENGTHS = [64 * 2 ** 10, 16 * 2 ** 20];
const BYTES_PER_RUN = 16 * 2 ** 20;
const PART_BYTE_LENGTH = 16 * 2 ** 10;

const comparisons: Comparison[] = [];
for (const byteLength of BYTE_LENGTHS) {
  const mmap = new MmapOptions({ len: byteLength }).mapAnon();
  const mapped = mmap.bytes;
  const ordinary = new Uint8Array(new ArrayBuffer(byteLength));
  // A page that was never stored to is the one zero page, always in the cache.
  mapped.fill(1);
  ordinary.fill(1);
  const times = await takeTurns(ROUNDS, "min", {
    mapped: () => read(mapped),
    ordinary: () => read(ordinary),
  });
  mmap.unmap();
  comparisons.push({
    benchmark: "read",
    byteLength,
    sysalloc: times.mapped.map((time) => time / BYTES_PER_RUN),
    reference: times.ordinary.map((time) => time / BYTES_PER_RUN),
  });
}
console.log(JSON.stringify(comparisons));

function read(bytes: Uint8Array): void {
  let total = 0;
  for (let read = 0; read < BYTES_PER_RUN; read += PART_BYTE_LENGTH) {
    total += sum(bytes, read % bytes.length);
  }
  if (total !== BYTES_PER_RUN) throw new Error("Read what nobody wrote");
}

/** Short, because V8 leaves code that it optimized while a loop runs as soon as the loop ends. */
function sum(bytes: Uint8Array, start: number): number {
  let sum = 0;
  for (let i = start; i < start + PART_BYTE_LENGTH; i++) sum += bytes[i]!;
  return sum;
}
