/**
 * Counts the lines of a file, as a whole program: `count_lines.ts WAY PATH`.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import process from "node:process";
import { MmapOptions } from "../../../mod.ts";

const NEWLINE = 10;
/** In Bun a window, and not the whole file, counts as heap while it is looked at. */
const WINDOW = 2 ** 26;

const [, , way, path] = process.argv as [string, string, "sysalloc" | "stream", string];
console.log(way === "sysalloc" ? byMapping() : await byStream());

function count(bytes: Uint8Array): number {
  let lines = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] === NEWLINE) lines++;
  }
  return lines;
}

function byMapping(): number {
  using mmap = new MmapOptions().map(path);
  let lines = 0;
  for (let start = 0; start < mmap.byteLength; start += WINDOW) {
    lines += count(mmap.view(Uint8Array, start, Math.min(WINDOW, mmap.byteLength - start)));
  }
  return lines;
}

async function byStream(): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    lines += count(chunk as Uint8Array);
  }
  return lines;
}
