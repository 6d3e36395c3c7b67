/**
 * Allocates and drops objects while a view of 1 GiB is held. Runs in Bun;
 * takes what to hold, and the path of a file of 1 GiB.
 *
 * @module
 */
import process from "node:process";
import { type Mmap, MmapOptions } from "../mod.ts";
import type { Held, Holding } from "./heap.ts";

const ROUNDS = 4000;
const OBJECTS_PER_ROUND = 5000;

const { Bun } = globalThis as unknown as {
  readonly Bun: { mmap(path: string): Uint8Array };
};
const [, , held, file] = process.argv as [string, string, Held, string];

const view = hold(held);
const start = performance.now();
allocate();
const milliseconds = performance.now() - start;
const holding: Holding = {
  milliseconds,
  maxRss: 1024 * process.resourceUsage().maxRSS,
};
// Used after the loop, and so held during the loop.
if (view !== undefined && view[0] !== 0) throw new Error("It is not zero");
console.log(JSON.stringify(holding));

function hold(held: Held): Uint8Array | undefined {
  switch (held) {
    case "nothing":
      return undefined;
    case "view":
      return mapGibibyte().view(Uint8Array, 0, 64 * 2 ** 10);
    case "bytes":
      return mapGibibyte().bytes;
    case "Bun.mmap":
      return Bun.mmap(file);
  }
}

function mapGibibyte(): Mmap {
  return new MmapOptions({ len: 2 ** 30, noReserve: true }).mapAnon();
}

function allocate(): void {
  let last: { next: unknown } | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const objects = [];
    for (let i = 0; i < OBJECTS_PER_ROUND; i++) {
      objects.push({ round, i, next: last });
    }
    last = objects[0]!;
    last.next = undefined; // or the rounds before would stay reachable
  }
}
