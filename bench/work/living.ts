/**
 * Many mappings, and many views, that live at a time.
 *
 * @module
 */
import process from "node:process";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { currentRuntime } from "../../ffi/host.ts";
import { allInC } from "./in_c.ts";
import { collect, type Round, serve, type Task } from "./serve.ts";

const bun = "Bun" in globalThis
  ? process.getBuiltinModule("bun:jsc" as "node:os") as unknown as { heapSize(): number }
  : undefined;

/** The used JavaScript heap, without the memory under views, which Bun counts as well. */
function heapUsed(): number {
  collect();
  return bun === undefined ? process.memoryUsage().heapUsed : bun.heapSize();
}

/** Makes so many, and drops them: the heap is looked at in between, which the time does not count. */
const living =
  <T>(make: (size: number) => T, drop: (live: readonly T[]) => void) =>
  ({ size, operations }: Task): Round => {
    let time = 0;
    let heap = 0;
    const timed = <T>(run: () => T): T => {
      const start = performance.now();
      const result = run();
      time += 1e6 * (performance.now() - start);
      return result;
    };
    return {
      run() {
        const before = heapUsed();
        const live = timed(() => {
          const live: T[] = [];
          for (let index = 0; index < operations; index++) live.push(make(size));
          return live;
        });
        heap = heapUsed() - before;
        timed(() => drop(live));
        return live.length;
      },
      measures: () => ({ time, heap: heap / operations }),
    };
  };

const unmapAll = (live: readonly Mmap[]) => {
  for (const mmap of live) mmap.unmap();
};
const forget = () => {};

await serve({
  ...allInC("live"),
  "sysalloc/live": (task) => {
    const options = new MmapOptions({ len: task.size });
    return living(() => options.mapAnon(), unmapAll)(task);
  },
  "sysalloc/live-view": (task) => {
    const options = new MmapOptions({ len: task.size });
    const make = () => {
      const mmap = options.mapAnon();
      mmap.view(Uint8Array);
      return mmap;
    };
    return living(make, unmapAll)(task);
  },
  "array/live": living((size) => new Uint8Array(size), forget),
  "sysalloc/views": (task) => {
    const mmap = new MmapOptions({ len: task.size }).mapAnon();
    const views = living(() => mmap.view(Uint8Array, 0, 64), forget);
    return { ...views(task), end: () => mmap.unmap() };
  },
  "floor/views": (task) => {
    const mmap = new MmapOptions({ len: task.size }).mapAnon();
    const buffer = currentRuntime().view(mmap.address, task.size);
    const views = living(() => new Uint8Array(buffer, 0, 64), forget);
    return {
      ...views(task),
      end() {
        buffer.transfer(0);
        mmap.unmap();
      },
    };
  },
  "array/views": (task) => {
    const { buffer } = new Uint8Array(task.size);
    return living(() => new Uint8Array(buffer, 0, 64), forget)(task);
  },
});
