/**
 * Allocates and drops objects while a file is mapped and read through windows:
 * `holding.ts WAY PATH ROUNDS`, in Bun.
 *
 * @module
 */
import process from "node:process";
import { MmapOptions } from "../../../mod.ts";
import { Bun } from "../files/bun.ts";

const OBJECTS_PER_ROUND = 5000;
const WINDOW = 64 * 2 ** 10;

const [, , way, path, rounds] = process.argv as [string, string, string, string, string];

const windowAt = hold();
const start = performance.now();
const sum = allocate(Number(rounds));
const time = 1e6 * (performance.now() - start);
const rss = 1024 * process.resourceUsage().maxRSS;
console.log(JSON.stringify({ checksum: sum, operations: Number(rounds), time, rss }));

/** Gives a window of what is held, which is held as long as that. */
function hold(): (round: number) => Uint8Array {
  if (way === "nothing") {
    const window = new Uint8Array(WINDOW);
    return () => window;
  }
  if (way === "Bun.mmap") {
    const bytes = Bun.mmap(path);
    const windows = bytes.length / WINDOW;
    return (round) => bytes.subarray(WINDOW * (round % windows), WINDOW * (round % windows + 1));
  }
  const mmap = new MmapOptions().map(path);
  const windows = mmap.byteLength / WINDOW;
  return (round) => mmap.view(Uint8Array, WINDOW * (round % windows), WINDOW);
}

/** Returns how many objects it made; each window is all zeros. */
function allocate(rounds: number): number {
  let last: { next: unknown } | undefined;
  let made = 0;
  for (let round = 0; round < rounds; round++) {
    const objects = [];
    for (let index = 0; index < OBJECTS_PER_ROUND; index++) {
      objects.push({ round, index, next: last });
    }
    made += objects.length + windowAt(round)[round % WINDOW]!;
    last = objects[0]!;
    last.next = undefined; // or the rounds before would stay reachable
  }
  return made;
}
