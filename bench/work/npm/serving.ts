/**
 * The npm packages that are measured beside sysalloc. Neither loads in Node.js
 * 26: the driver bundles this module for the Node.js that npm runs in, which has
 * compiled them.
 *
 * @module
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { sumWords, touch, wordsOf } from "../common.ts";
import { repeat, storing, sumPagesOf, sumRecord } from "../files/sums.ts";
import { load, mapAnon, mmapIo, READ_WRITE } from "./packages.ts";
import { serve, type Work } from "../serve.ts";

/** Types of `shm-typed-array`. */
interface SharedMemory {
  create(count: number): (Uint8Array & { readonly key: number }) | null;
  destroy(key: number): boolean;
}

const sharedMemory = load<SharedMemory>("shm-typed-array");
const BATCH = 500;

function mapFile(path: string, flags: number): Uint8Array {
  const file = openSync(path, flags === mmapIo.MAP_SHARED ? "r+" : "r");
  try {
    return mmapIo.map(fstatSync(file).size, READ_WRITE, flags, file);
  } finally {
    closeSync(file);
  }
}
const mapPrivate = (path: string) => mapFile(path, mmapIo.MAP_PRIVATE);

const mapping = (use: (bytes: Uint8Array) => number): Work => ({ size, operations }) => ({
  async run() {
    let checksum = 0;
    for (let index = 0; index < operations; index++) {
      checksum = use(mapAnon(size));
      if (index % BATCH === 0) await setImmediate();
    }
    return checksum;
  },
});

await serve({
  "mmap-io/map-view": mapping((bytes) => bytes.length > 0 ? 1 : 0),
  "mmap-io/map-store": mapping((bytes) => bytes[0] = 1),
  "mmap-io/ready": (task) => ({ run: () => repeat(task, () => touch(mapAnon(task.size))) }),
  "mmap-io/open-record": (task) => ({
    run: () => repeat(task, () => sumRecord(mapPrivate(task.path), task)),
  }),
  "mmap-io/random-pages": (task) => {
    const words = wordsOf(mapPrivate(task.path));
    return { run: () => sumPagesOf(task, words) };
  },
  "mmap-io/scan": (task) => ({
    run: () => repeat(task, () => sumWords(wordsOf(mapPrivate(task.path)))),
  }),
  "mmap-io/store-flush": (task) => {
    const bytes = mapFile(task.path, mmapIo.MAP_SHARED);
    const store = (at: number, value: number) => bytes[at] = value;
    return { run: storing(task, store, () => mmapIo.sync(bytes, 0, bytes.length, true)) };
  },
  "shm-typed-array/share-named": (task) => ({
    run: () =>
      repeat(task, () => {
        const bytes = sharedMemory.create(task.size);
        if (bytes === null) throw new Error("the memory is there already");
        bytes[0] = 1;
        const first = bytes[0]!;
        sharedMemory.destroy(bytes.key);
        return first;
      }),
  }),
});
