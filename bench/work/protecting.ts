/**
 * A change of access of one page in long memory, and a view of another or the same.
 *
 * @module
 */
import { MmapOptions, pageSize } from "../../mod.ts";
import { mapForChanges } from "./floor.ts";
import { serve, type Task, type Work } from "./serve.ts";

const PAGE = pageSize();
/** The distance between the pages that change. */
const STEP = 2 ** 20;

interface Memory {
  protect(isWritable: boolean, byteOffset: number, byteLength: number): void;
  view(byteOffset: number, byteLength: number): Uint8Array;
  unmap(): void;
}

/** Takes a page's right to be stored to, and views the next one; then gives it back, and views it. */
const changing = (map: (size: number) => Memory): Work => ({ size, operations }: Task) => {
  const memory = map(size);
  return {
    run() {
      let checksum = 0;
      for (let index = 0; index < operations; index++) {
        const at = (index >> 1) * STEP % size;
        const isWritable = index % 2 === 1;
        memory.protect(isWritable, at, PAGE);
        checksum += memory.view(isWritable ? at : at + PAGE, PAGE).length;
      }
      return checksum;
    },
    end: () => memory.unmap(),
  };
};

await serve({
  "sysalloc/protect-view": changing((len) => {
    const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
    return {
      protect: (isWritable, byteOffset, byteLength) =>
        mmap.unsafeProtect(isWritable ? "read-write" : "read", byteOffset, byteLength),
      view: (byteOffset, byteLength) => mmap.view(Uint8Array, byteOffset, byteLength),
      unmap: () => mmap.unmap(),
    };
  }),
  "floor/protect-view": changing(mapForChanges),
});
