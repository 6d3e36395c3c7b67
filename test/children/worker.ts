// Takes memory over from the main thread, and hands its own to it.
import { parentPort } from "node:worker_threads";
import { Mmap, MmapOptions, type RawMmap } from "../../mod.ts";

parentPort!.on("message", (raw: RawMmap) => {
  const mine = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
  const words = mine.view(Int32Array);
  const before = Atomics.add(words, 0, 5);
  const last = Atomics.exchange(words, words.length - 1, 99);
  const own = new MmapOptions({ len: raw.byteLength }).mapAnon();
  Atomics.store(own.view(Int32Array), 3, 1234);
  parentPort!.postMessage({ before, last, back: mine.intoRaw(), own: own.intoRaw() });
});
