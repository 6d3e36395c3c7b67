/**
 * Scattered stores to a file and their flush to the disk, beside a running event loop.
 *
 * @module
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { MmapOptions } from "../../mod.ts";
import { storing } from "./files/sums.ts";
import { type Round, serve, type Work } from "./serve.ts";

/** Stores, and flushes. Measures the longest turn of the event loop meanwhile. */
function flushing(store: Round["run"], flush: () => unknown, end: () => void): Round {
  let pause = 0;
  let isDone = false;
  const watch = async () => {
    for (let last = performance.now(); !isDone;) {
      await setImmediate();
      const now = performance.now();
      pause = Math.max(pause, now - last);
      last = now;
    }
  };
  return {
    async run() {
      const watched = watch();
      await setImmediate();
      const sum = await store();
      await flush();
      isDone = true;
      await watched;
      return sum;
    },
    end,
    measures: () => ({ pause: 1e6 * pause }),
  };
}

const mapped = (isAsync: boolean): Work => (task) => {
  const mmap = new MmapOptions().mapMut(task.path);
  const { bytes } = mmap;
  const store = storing(task, (at, value) => bytes[at] = value, () => {});
  const flush = () => isAsync ? mmap.flushAsync() : mmap.flush();
  return flushing(store, flush, () => mmap.unmap());
};

const written = (isAsync: boolean): Work => async (task) => {
  const file = openSync(task.path, "r+");
  const handle = await open(task.path, "r+");
  const byte = new Uint8Array(1);
  const store = storing(task, (at, value) => {
    byte[0] = value;
    writeSync(file, byte, 0, 1, at);
    return value;
  }, () => {});
  const flush = () => isAsync ? handle.datasync() : fsyncSync(file);
  return flushing(store, flush, () => {
    closeSync(file);
    void handle.close();
  });
};

await serve({
  "sysalloc/flush-async": mapped(true),
  "sysalloc/flush": mapped(false),
  "fs/flush-async": written(true),
  "fs/flush": written(false),
});
