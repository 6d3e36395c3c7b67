/**
 * A typed array over a mapping beside an ordinary one.
 *
 * @module
 */
import { MmapOptions } from "../../mod.ts";
import { Random, sumWords } from "./common.ts";
import { allInC } from "./in_c.ts";
import { type Round, serve, type Task, type Work } from "./serve.ts";

type Reading = (words: Uint32Array, task: Task) => number;

/** The number of different words: more would take longer to make than to read. */
const DIFFERENT = 16_384;

function fill(words: Uint32Array): Uint32Array {
  const pattern = words.subarray(0, DIFFERENT);
  for (let index = 0; index < pattern.length; index++) {
    pattern[index] = Math.imul(index, 2_654_435_761);
  }
  for (let filled = pattern.length; filled < words.length; filled *= 2) {
    words.copyWithin(filled, 0, filled);
  }
  return words;
}

/** Reads so many words, from the first one on and over again. */
function sequential(words: Uint32Array, { operations }: Task): number {
  let sum = 0;
  for (let read = 0; read < operations; read += words.length) sum = (sum + sumWords(words)) | 0;
  return sum;
}

function random(words: Uint32Array, { operations }: Task): number {
  const places = new Random();
  let sum = 0;
  for (let index = 0; index < operations; index++) {
    sum = (sum + words[places.next(words.length)]!) | 0;
  }
  return sum;
}

const mapped = (read: Reading): Work => (task): Round => {
  const mmap = new MmapOptions({ len: task.size }).mapAnon();
  const words = fill(mmap.view(Uint32Array));
  return { run: () => read(words, task), end: () => mmap.unmap() };
};

const ordinary = (read: Reading): Work => (task): Round => {
  const words = fill(new Uint32Array(task.size / 4));
  return { run: () => read(words, task) };
};

await serve({
  ...allInC("read-sequential", "read-random"),
  "sysalloc/read-sequential": mapped(sequential),
  "sysalloc/read-random": mapped(random),
  "array/read-sequential": ordinary(sequential),
  "array/read-random": ordinary(random),
});
