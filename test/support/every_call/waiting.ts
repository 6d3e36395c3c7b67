/**
 * Calls that wait, and that wake.
 *
 * @module
 */
import { MmapOptions } from "../../../mod.ts";
import { anon, GRANULE, type Scenarios } from "./prepared.ts";

/** In a file, where words are aligned. */
const aligned = () => new MmapOptions({ offset: GRANULE }).mapMut("file");
const waited = () => {
  const mmap = anon();
  mmap.waitAsync(8, 0).catch(() => {}); // it is called back
  return mmap;
};

export const waiting: Scenarios = {
  "wait()": { before: anon, call: (mmap) => void mmap.wait(8, 0, 25) },
  "wait() that compares": { before: anon, call: (mmap) => void mmap.wait(8, 0, 0) },
  "wait() in a shared file": { before: aligned, call: (mmap) => void mmap.wait(8, 0, 0) },
  "waitAsync()": {
    before: anon,
    call: async (mmap) => void await mmap.waitAsync(8, 0, { timeout: 5 }),
  },
  "notify()": { before: anon, call: (mmap) => void mmap.notify(8) },
  "notify() in a shared file": { before: aligned, call: (mmap) => void mmap.notify(8, 1) },
  "notify() where somebody waits": { before: waited, call: (mmap) => void mmap.notify(8) },
  "unmap() where somebody waits": {
    before: waited,
    call: (mmap) => mmap.unmap(),
    isPartial: true, // nobody waits any more
  },
};
