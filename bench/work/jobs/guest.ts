/**
 * The memory of an emulated machine: made, and loaded from and stored to at random.
 *
 * @module
 */
import { MmapOptions } from "../../../mod.ts";
import { PAGE, Random } from "../common.ts";
import { serveJob, type Way } from "./job.ts";

/** The pages that the machine uses: the others cost addresses only. */
const PAGES = 2 ** 14;

/** The memory lives until the program ends. */
let words: Uint32Array;

const running = (make: (size: number) => Uint32Array): Way => ({ size, operations }) => ({
  run() {
    words = make(size);
    const pages = new Random();
    const used = Uint32Array.from({ length: PAGES }, () => pages.next(size / PAGE) * (PAGE / 4));
    const random = new Random();
    let sum = 0;
    for (let count = 0; count < operations; count++) {
      const at = used[random.next(PAGES)]! + random.next(PAGE / 4);
      sum = (sum + (words[at]! += count)) | 0;
    }
    return sum;
  },
});

await serveJob({
  "sysalloc/guest": running((size) =>
    new MmapOptions({ len: size, noReserve: true }).mapAnon().view(Uint32Array)
  ),
  "array/guest": running((size) => new Uint32Array(size / 4)),
  "shared/guest": running((size) => new Uint32Array(new SharedArrayBuffer(size))),
});
