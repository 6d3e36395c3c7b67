/**
 * All places of a text in a log, counted.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { type Mmap, MmapOptions } from "../../../mod.ts";
import { CHUNK } from "../common.ts";
import { Bun } from "../files/bun.ts";
import { serveJob, type Way } from "./job.ts";

/** The same as in the other programs: `catalogue/jobs.ts` passes it to them. */
const TEXT = Buffer.from("took 999 ms");
/** The longest part of a mapping that is looked at in a piece: in Bun its length counts as heap. */
const WINDOW = 2 ** 26;

function countIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; (at = bytes.indexOf(TEXT, at)) >= 0; at += TEXT.length) count++;
  return count;
}

/** Counts in parts: each time the end of the last part is before the next one. */
class Parts {
  #rest: Buffer = Buffer.alloc(0);
  count = 0;

  add(part: Buffer): void {
    // What lies across two parts lies in these few bytes, and nothing else does.
    const across = Buffer.concat([this.#rest, part.subarray(0, TEXT.length - 1)]);
    this.count += countIn(across) + countIn(part);
    this.#rest = Buffer.from(part.subarray(-(TEXT.length - 1)));
  }
}

const byStream: Way = ({ path }) => ({
  async run() {
    const parts = new Parts();
    for await (const part of createReadStream(path, { highWaterMark: CHUNK })) parts.add(part);
    return parts.count;
  },
});

const byReading: Way = ({ path }) => ({
  run() {
    const file = openSync(path, "r");
    const chunk = Buffer.alloc(CHUNK);
    const parts = new Parts();
    for (let length: number; (length = readSync(file, chunk)) > 0;) {
      parts.add(chunk.subarray(0, length));
    }
    closeSync(file);
    return parts.count;
  },
});

/** Windows of a mapping, which overlap by a text less one byte. */
const byWindows: Way = ({ path }) => ({
  run() {
    using mmap = new MmapOptions().map(path);
    let count = 0;
    for (let at = 0; at < mmap.byteLength; at += WINDOW) {
      const length = Math.min(WINDOW + TEXT.length - 1, mmap.byteLength - at);
      const { buffer, byteOffset } = mmap.view(Uint8Array, at, length);
      count += countIn(Buffer.from(buffer, byteOffset, length));
    }
    return count;
  },
});

const byCount: Way = ({ path }) => ({
  run() {
    using mmap = new MmapOptions().map(path);
    return (mmap as Mmap & { count(text: Uint8Array): number }).count(TEXT);
  },
});

const byBunMmap: Way = ({ path }) => ({
  run: () => countIn(Buffer.from(Bun.mmap(path).buffer)),
});

await serveJob({
  "sysalloc/find": byCount,
  "sysalloc-views/find": byWindows,
  "stream/find": byStream,
  "read/find": byReading,
  "bun-mmap/find": byBunMmap,
});
