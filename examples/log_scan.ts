/**
 * Counts the lines of a log and the occurrences of a word, with a mapped file and
 * with a stream, and prints the time of each.
 *
 * The mapping is searched in place, by the C library. The word is never cut in two, and
 * `split("\n")` would yield the lines.
 *
 * `deno run -A examples/log_scan.ts [MEGABYTES]`, `bun examples/log_scan.ts` or
 * `node examples/log_scan.ts`. The default size of the log is 1,000 MB.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MmapOptions } from "../mod.ts";
import { inTempFolder } from "./temp_folder.ts";

const NEWLINE = 10;
const WORD = new TextEncoder().encode("ERROR");
/** The most bytes of a word that a chunk can end with. */
const OVERLAP = WORD.length - 1;

interface Counts {
  lines: number;
  matches: number;
}

/** Counts line ends and starts of the word in the first `length` bytes. */
function count(bytes: Uint8Array, length: number, counts: Counts): void {
  for (let index = 0; index < length; index++) if (bytes[index] === NEWLINE) counts.lines++;
  const [first, ...rest] = WORD;
  let at = bytes.indexOf(first!);
  for (; at >= 0 && at < length; at = bytes.indexOf(first!, at + 1)) {
    if (rest.every((letter, index) => bytes[at + 1 + index] === letter)) counts.matches++;
  }
}

// #region count
function scanMapping(path: string): Counts {
  using mmap = new MmapOptions().map(path);
  return { lines: mmap.count("\n"), matches: mmap.count(WORD) };
}
// #endregion count

async function scanStream(path: string): Promise<Counts> {
  const counts = { lines: 0, matches: 0 };
  let tail: Uint8Array = new Uint8Array();
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    // Keep the end of each chunk: the word may continue in the next one.
    const seam = Buffer.concat([tail, chunk.subarray(0, OVERLAP)]);
    if (chunk.length < OVERLAP) {
      tail = seam;
      continue;
    }
    count(seam, tail.length, counts);
    count(chunk, chunk.length - OVERLAP, counts);
    tail = chunk.slice(-OVERLAP);
  }
  count(tail, tail.length, counts);
  return counts;
}

/** Writes a log; returns its length in bytes. */
function writeLog(path: string, megabytes: number): number {
  const line = (n: number) =>
    `2026-01-01T00:00:${String(n % 60).padStart(2, "0")}Z ` +
    `${n % 50 === 0 ? "ERROR" : "INFO"} request ${n} took ${n * 7919 % 1000} ms\n`;
  const block = Buffer.from(Array.from({ length: 20_000 }, (_, n) => line(n)).join(""));
  const file = openSync(path, "w");
  let byteLength = 0;
  while (byteLength < megabytes * 1e6) byteLength += writeSync(file, block);
  closeSync(file);
  return byteLength;
}

const megabytes = Number(process.argv[2] ?? 1000);
await inTempFolder(async (folder) => {
  const path = join(folder, "server.log");
  const byteLength = writeLog(path, megabytes);
  const timed = async (title: string, scan: () => Counts | Promise<Counts>) => {
    const start = performance.now();
    const counts = await scan();
    const ms = Math.round(performance.now() - start);
    console.log(`${title} ${counts.lines} lines, ${counts.matches} × ERROR: ${ms} ms`);
    return counts;
  };
  console.log(`a log of ${Math.round(byteLength / 1e6)} MB`);
  const mapped = await timed("mapped:  ", () => scanMapping(path));
  const streamed = await timed("streamed:", () => scanStream(path));
  if (mapped.lines !== streamed.lines || mapped.matches !== streamed.matches) {
    throw new Error("The two scans disagree");
  }
  if (mapped.lines === 0 || mapped.lines !== mapped.matches * 50) {
    throw new Error("The counts are wrong");
  }
});
