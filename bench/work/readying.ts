/**
 * Zeroed memory made ready to use: every page stored to once.
 *
 * @module
 */
import { type Mmap, MmapOptions } from "../../mod.ts";
import { touch } from "./common.ts";
import { allInC } from "./in_c.ts";
import { serve, type Work } from "./serve.ts";

const mapped = (options: MmapOptions, prepare: (mmap: Mmap) => void = () => {}): Work => (task) => {
  const sized = options.len(task.size);
  return {
    run() {
      let pages = 0;
      for (let index = 0; index < task.operations; index++) {
        const mmap = sized.mapAnon();
        prepare(mmap);
        pages = touch(mmap.bytes);
        mmap.unmap();
      }
      return pages;
    },
  };
};

const made = (make: (size: number) => Uint8Array): Work => ({ size, operations }) => ({
  run() {
    let pages = 0;
    for (let index = 0; index < operations; index++) pages = touch(make(size));
    return pages;
  },
});

const prefaulted: Work = ({ size, operations }) => {
  const options = new MmapOptions({ len: size });
  return {
    async run() {
      let pages = 0;
      for (let index = 0; index < operations; index++) {
        const mmap = options.mapAnon();
        mmap.advise("huge-page");
        await mmap.prefault();
        pages = touch(mmap.bytes);
        mmap.unmap();
      }
      return pages;
    },
  };
};

await serve({
  ...allInC("ready", "ready-populate", "ready-huge"),
  "sysalloc/ready": mapped(new MmapOptions()),
  "sysalloc/ready-populate": mapped(new MmapOptions().populate()),
  "sysalloc/ready-huge": mapped(new MmapOptions(), (mmap) => mmap.advise("huge-page")),
  "sysalloc/ready-prefault": prefaulted,
  "array/ready": made((size) => new Uint8Array(size)),
  "shared/ready": made((size) => new Uint8Array(new SharedArrayBuffer(size))),
});
