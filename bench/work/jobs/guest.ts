/**
 * The memory of an emulated machine: all of it is there, and an eighth is loaded from and stored to
 * at random.
 *
 * @module
 */
import { MmapOptions } from "../../../mod.ts";
import { Random } from "../common.ts";
import { serveJob, type Way } from "./job.ts";

/** The part of the memory that the machine uses. */
const USED = 1 / 8;

/** The memory lives until the program ends. */
let words: Uint32Array;

const running = (make: (size: number) => Uint32Array): Way => ({ size, operations }) => ({
  run() {
    words = make(size);
    return access(words, words.length * USED, operations);
  },
});

function access(words: Uint32Array, count: number, operations: number): number {
  const random = new Random();
  let sum = 0;
  for (let done = 0; done < operations; done++) {
    const at = random.next(count);
    const value = words[at]! + done;
    words[at] = value;
    sum = (sum + value) | 0;
  }
  return sum;
}

await serveJob({
  "sysalloc/guest": running((size) => {
    const mmap = new MmapOptions({ len: size, noReserve: true }).mapAnon();
    mmap.advise("huge-page", 0, size * USED);
    return mmap.view(Uint32Array);
  }),
  "array/guest": running((size) => new Uint32Array(size / 4)),
  "shared/guest": running((size) => new Uint32Array(new SharedArrayBuffer(size))),
});
