/**
 * Files that are read, by the runtime's own means.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { PAGE, RECORD, sumWords, wordsOf } from "../common.ts";
import type { Work } from "../serve.ts";
import { Bun } from "./bun.ts";
import { MISSING, repeat, repeatAsync, sumPages, sumPagesAsync, sumRecord } from "./sums.ts";

/** A record of all that was read. */
const wholly = (read: (path: string) => Uint8Array | Promise<Uint8Array>): Work => (task) => ({
  run: () => repeatAsync(task, async () => sumRecord(await read(task.path), task)),
});

/** All of a file, from memory that it was read into. */
const summing = (read: (path: string) => Uint8Array | Promise<Uint8Array>): Work => (task) => ({
  run: () => repeatAsync(task, async () => sumWords(wordsOf(await read(task.path)))),
});

function seekAndRead(file: Deno.FsFile, target: Uint8Array, at: number): void {
  file.seekSync(at, 0); // Deno.SeekMode.Start
  file.readSync(target);
}

const records: Record<string, Work> = {
  "fs/open-record": (task) => {
    const record = new Uint8Array(RECORD);
    return {
      run: () =>
        repeat(task, () => {
          const file = openSync(task.path, "r");
          readSync(file, record, 0, RECORD, task.size / 2);
          closeSync(file);
          return sumWords(wordsOf(record));
        }),
    };
  },
  "deno-file/open-record": (task) => {
    const record = new Uint8Array(RECORD);
    return {
      run: () =>
        repeat(task, () => {
          const file = Deno.openSync(task.path);
          seekAndRead(file, record, task.size / 2);
          file.close();
          return sumWords(wordsOf(record));
        }),
    };
  },
  "bun-slice/open-record": (task) => {
    const middle = task.size / 2;
    const slice = () => Bun.file(task.path).slice(middle, middle + RECORD).bytes();
    return { run: () => repeatAsync(task, async () => sumWords(wordsOf(await slice()))) };
  },
  "fs-whole/open-record": wholly((path) => readFileSync(path)),
  "deno-whole/open-record": wholly((path) => Deno.readFile(path)),
  "bun-whole/open-record": wholly((path) => Bun.file(path).bytes()),
};

const pages: Record<string, Work> = {
  "fs/random-pages": (task) => {
    const file = openSync(task.path, "r");
    const page = new Uint8Array(PAGE);
    const words = wordsOf(page);
    return {
      run: () =>
        sumPages(task, (at) => {
          readSync(file, page, 0, PAGE, at);
          return words;
        }),
      end: () => closeSync(file),
    };
  },
  "fs-handle/random-pages": async (task) => {
    const file: FileHandle = await open(task.path);
    const page = new Uint8Array(PAGE);
    const words = wordsOf(page);
    return {
      run: () =>
        sumPagesAsync(task, async (at) => {
          await file.read(page, 0, PAGE, at);
          return words;
        }),
      end: () => file.close(),
    };
  },
  "deno-file/random-pages": (task) => {
    const file = Deno.openSync(task.path);
    const page = new Uint8Array(PAGE);
    const words = wordsOf(page);
    return {
      run: () =>
        sumPages(task, (at) => {
          seekAndRead(file, page, at);
          return words;
        }),
      end: () => file.close(),
    };
  },
  "bun-slice/random-pages": (task) => {
    const file = Bun.file(task.path);
    return {
      run: () =>
        sumPagesAsync(task, async (at) => wordsOf(await file.slice(at, at + PAGE).bytes())),
    };
  },
};

/** By the runtime's own means. */
export const readFiles: Readonly<Record<string, Work>> = {
  ...records,
  ...pages,
  "fs-whole/search": (task) => ({
    run: () => repeat(task, () => readFileSync(task.path).indexOf(MISSING)),
  }),
  "buffer/search": (task) => {
    const bytes = readFileSync(task.path);
    return { run: () => repeat(task, () => bytes.indexOf(MISSING)) };
  },
  "fs-whole/scan": summing((path) => readFileSync(path)),
  "deno-whole/scan": summing((path) => Deno.readFile(path)),
  "bun-whole/scan": summing((path) => Bun.file(path).bytes()),
};
