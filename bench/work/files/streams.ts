/**
 * Files that are read a part at a time, from the start to the end.
 *
 * @module
 */
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { CHUNK, sumWords, wordsOf } from "../common.ts";
import type { Work } from "../serve.ts";
import { Bun } from "./bun.ts";
import { repeat, repeatAsync } from "./sums.ts";

const streaming = (open: (path: string) => AsyncIterable<Uint8Array>): Work => (task) => ({
  run: () =>
    repeatAsync(task, async () => {
      let sum = 0;
      for await (const chunk of open(task.path)) sum = (sum + sumWords(wordsOf(chunk))) | 0;
      return sum;
    }),
});

/** Reads chunks into the same memory until there is none. */
function sumChunks(read: (chunk: Uint8Array) => number): number {
  const chunk = new Uint8Array(CHUNK);
  const words = wordsOf(chunk);
  let sum = 0;
  for (let length: number; (length = read(chunk)) > 0;) {
    sum = (sum + sumWords(words.subarray(0, length / 4))) | 0;
  }
  return sum;
}

/** By chunks and by streams. */
export const streams: Readonly<Record<string, Work>> = {
  "fs/scan": (task) => ({
    run: () =>
      repeat(task, () => {
        const file = openSync(task.path, "r");
        const sum = sumChunks((chunk) => readSync(file, chunk));
        closeSync(file);
        return sum;
      }),
  }),
  "deno-file/scan": (task) => ({
    run: () =>
      repeat(task, () => {
        const file = Deno.openSync(task.path);
        const sum = sumChunks((chunk) => file.readSync(chunk) ?? 0);
        file.close();
        return sum;
      }),
  }),
  "fs-stream/scan": streaming((path) => createReadStream(path, { highWaterMark: CHUNK })),
  "deno-stream/scan": streaming((path) => Deno.openSync(path).readable),
  "bun-stream/scan": streaming((path) => Bun.file(path).stream() as AsyncIterable<Uint8Array>),
};
