/**
 * Files that are mapped: by sysalloc, and by `Bun.mmap()`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { type Mmap, MmapOptions } from "../../../mod.ts";
import { CHUNK, PAGE, RECORD, sumWords, wordsOf } from "../common.ts";
import type { Task, Work } from "../serve.ts";
import { Bun } from "./bun.ts";
import { MISSING, repeat, storing, sumPages, sumPagesOf, sumRecord } from "./sums.ts";

const options = new MmapOptions();

/** All of a file, in place. */
const scanning = (options: MmapOptions): Work => (task) => ({
  run: () =>
    repeat(task, () => {
      const mmap = options.map(task.path);
      const sum = sumWords(mmap.view(Uint32Array));
      mmap.unmap();
      return sum;
    }),
});

const sysalloc: Record<string, Work> = {
  "sysalloc/open-record": (task) => ({
    run: () =>
      repeat(task, () => {
        const mmap = options.map(task.path);
        const sum = sumWords(mmap.view(Uint32Array, task.size / 2, RECORD / 4));
        mmap.unmap();
        return sum;
      }),
  }),
  "sysalloc/open-record-read": (task) => {
    const record = new Uint32Array(RECORD / 4);
    return {
      run: () =>
        repeat(task, () => {
          const mmap = options.map(task.path);
          mmap.read(record, task.size / 2);
          mmap.unmap();
          return sumWords(record);
        }),
    };
  },
  "sysalloc/open-record-map-read": (task) => {
    const record = new Uint32Array(RECORD / 4);
    return {
      run: () =>
        repeat(task, () => {
          const mmap = options.mapRead(task.path);
          mmap.read(record, task.size / 2);
          mmap.unmap();
          return sumWords(record);
        }),
    };
  },
  "sysalloc/random-pages": (task) => {
    const mmap = options.map(task.path);
    const words = mmap.view(Uint32Array);
    return {
      run: () => sumPagesOf(task, words),
      end: () => mmap.unmap(),
    };
  },
  "sysalloc/random-pages-view": (task) => {
    const mmap = options.map(task.path);
    return {
      run: () => sumPages(task, (at) => mmap.view(Uint32Array, at, PAGE / 4)),
      end: () => mmap.unmap(),
    };
  },
  "sysalloc/random-pages-read": (task) => {
    const mmap = options.map(task.path);
    const page = new Uint32Array(PAGE / 4);
    return {
      run: () =>
        sumPages(task, (at) => {
          mmap.read(page, at);
          return page;
        }),
      end: () => mmap.unmap(),
    };
  },
  "sysalloc/scan": scanning(options),
  "sysalloc/scan-populate": scanning(options.populate()),
  "sysalloc/scan-read": (task) => {
    const part = new Uint32Array(CHUNK / 4);
    return {
      run: () =>
        repeat(task, () => {
          const mmap = options.map(task.path);
          let sum = 0;
          for (let at = 0; at < task.size; at += CHUNK) {
            mmap.read(part, at);
            sum = (sum + sumWords(part)) | 0;
          }
          mmap.unmap();
          return sum;
        }),
    };
  },
  "sysalloc/search": (task) => ({
    run: () =>
      repeat(task, () => {
        const mmap = options.map(task.path);
        const found = mmap.indexOf(MISSING);
        mmap.unmap();
        return found;
      }),
  }),
  "sysalloc/copy-window": (task) => {
    const mmap = options.map(task.path);
    return {
      run: () =>
        repeat(task, () => structuredClone(mmap.arrayBuffer(task.size / 2, PAGE)).byteLength),
      end: () => mmap.unmap(),
    };
  },
  "slice/copy-window": (task) => {
    const mmap = options.map(task.path);
    return {
      run: () =>
        repeat(
          task,
          () => structuredClone(mmap.view(Uint8Array, task.size / 2, PAGE).slice()).length,
        ),
      end: () => mmap.unmap(),
    };
  },
  "sysalloc/store-flush": (task) => {
    const mmap = options.mapMut(task.path);
    const { bytes } = mmap;
    return {
      run: storing(task, (at, value) => {
        bytes[at] = value;
        return bytes[at]!;
      }, () => mmap.flush()),
      end: () => mmap.unmap(),
    };
  },
};

/** Views of a file, whose mapping is guarded against truncation or not. */
const viewing = (truncationGuard: boolean): Work => (task) => {
  const mmap = options.truncationGuard(truncationGuard).map(task.path);
  return {
    run: () => repeat(task, () => mmap.view(Uint8Array, task.size / 2, RECORD).length),
    end: () => mmap.unmap(),
  };
};

/** Stores to all of a mapping, whose pages are there. */
const filling = (map: (task: Task) => Mmap): Work => (task) => {
  const mmap = map(task);
  const bytes = mmap.bytes.fill(1);
  return {
    run: () =>
      repeat(task, () => {
        bytes.fill(2);
        return bytes[task.size - 1]!;
      }),
    end: () => mmap.unmap(),
  };
};

const compared: Record<string, Work> = {
  "sysalloc/view-guarded": viewing(true),
  "unguarded/view-guarded": viewing(false),
  "sysalloc/fill": filling(({ path }) => options.mapMut(path)),
  "anonymous/fill": filling(({ size }) => options.len(size).mapAnon()),
};

const bun: Record<string, Work> = {
  "bun-mmap/open-record": (task) => ({
    run: () => repeat(task, () => sumRecord(Bun.mmap(task.path), task)),
  }),
  "bun-mmap/random-pages": (task) => {
    const words = wordsOf(Bun.mmap(task.path));
    return { run: () => sumPagesOf(task, words) };
  },
  "bun-mmap/scan": (task) => ({
    run: () => repeat(task, () => sumWords(wordsOf(Bun.mmap(task.path)))),
  }),
  "bun-mmap/search": (task) => ({
    run: () => repeat(task, () => Buffer.from(Bun.mmap(task.path).buffer).indexOf(MISSING)),
  }),
  "bun-mmap/store-flush": (task) => {
    const bytes = Buffer.from(Bun.mmap(task.path).buffer);
    const file = openSync(task.path, "r+"); // it cannot flush
    return {
      run: storing(task, (at, value) => {
        bytes[at] = value;
        return bytes[at]!;
      }, () => fsyncSync(file)),
      end: () => closeSync(file),
    };
  },
};

/** By sysalloc in several ways, and by Bun. */
export const mappedFiles: Readonly<Record<string, Work>> = { ...sysalloc, ...compared, ...bun };
