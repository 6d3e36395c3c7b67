/**
 * Finds the vectors that are most similar to a query, with several workers over one mapped file. A
 * ticket hands the mapping to each worker, so opening takes no time, however long the file is, and
 * its pages are in RAM once for all workers, and for all processes that search it.
 *
 * `deno run -A examples/vector_search.ts [COUNT]`, `bun examples/vector_search.ts` or
 * `node examples/vector_search.ts`. The default is 100,000 vectors.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket } from "../mod.ts";
import { inTempFolder } from "./temp_folder.ts";

const DIMENSIONS = 128;
const BYTES = DIMENSIONS * Float32Array.BYTES_PER_ELEMENT;
const WORKERS = 4;
const FOUND = 5;

/** The vectors that a worker searches: from an index up to, but not including, another. */
interface Part {
  readonly ticket: MmapTicket;
  readonly start: number;
  readonly end: number;
}

interface Match {
  readonly index: number;
  readonly similarity: number;
}

const bestOf = (matches: readonly Match[]) =>
  matches.toSorted((a, b) => b.similarity - a.similarity).slice(0, FOUND);

/** Searches a part for each query that comes, in a worker. */
function serve({ ticket, start, end }: Part): void {
  const mmap = Mmap.fromTicket(ticket);
  // A view of the part alone: Bun counts the length of a view as heap.
  const vectors = mmap.view(Float32Array, start * BYTES, (end - start) * DIMENSIONS);
  parentPort!.on("message", (query: Float32Array | "end") => {
    if (query !== "end") return parentPort!.postMessage(search(vectors, query, start));
    mmap.unmap(); // a worker that is terminated would keep the memory until the process ends
    parentPort!.postMessage([]);
  });
  parentPort!.postMessage([]); // it is ready
}

/** The most similar vectors, by their dot product: all vectors have the length 1. */
function search(vectors: Float32Array, query: Float32Array, first: number): Match[] {
  let best: Match[] = [];
  let least = -Infinity;
  for (let start = 0; start < vectors.length; start += DIMENSIONS) {
    let similarity = 0;
    for (let index = 0; index < DIMENSIONS; index++) {
      similarity += vectors[start + index]! * query[index]!;
    }
    if (similarity <= least) continue;
    best = bestOf([...best, { index: first + start / DIMENSIONS, similarity }]);
    if (best.length === FOUND) least = best.at(-1)!.similarity;
  }
  return best;
}

/** A worker that answers each message with one. */
class Searcher {
  readonly #worker = new Worker(new URL(import.meta.url));

  ask(message: Part | Float32Array | "end"): Promise<Match[]> {
    return new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
      this.#worker.postMessage(message);
    });
  }

  async end(): Promise<void> {
    await this.ask("end");
    await this.#worker.terminate();
  }
}

/** A vector of the length 1, the same for the same seed. */
function vectorOf(seed: number): Float32Array<ArrayBuffer> {
  let state = seed + 1;
  const vector = Float32Array.from({ length: DIMENSIONS }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return state / 2 ** 31;
  });
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function writeVectors(path: string, count: number): void {
  const file = openSync(path, "w");
  for (let index = 0; index < count; index++) writeSync(file, vectorOf(index));
  closeSync(file);
}

async function main(count: number): Promise<void> {
  await inTempFolder(async (folder) => {
    const path = join(folder, "vectors");
    writeVectors(path, count);
    const mmap = new MmapOptions().map(path);
    const borders = Array.from(
      { length: WORKERS + 1 },
      (_, part) => Math.floor(part * count / WORKERS),
    );
    const searchers = await Promise.all(
      borders.slice(1).map(async (end, part) => {
        const searcher = new Searcher();
        await searcher.ask({ ticket: mmap.share(), start: borders[part]!, end });
        return searcher;
      }),
    );
    for (const index of [0, Math.floor(count / 3), count - 1]) {
      const query = vectorOf(index).map((value, at) => at % 8 === 0 ? 0 : value); // a part is lost
      const start = performance.now();
      const found = await Promise.all(searchers.map((searcher) => searcher.ask(query)));
      const [best, ...others] = bestOf(found.flat());
      console.log(
        `Vector ${index}: found ${best!.index}, similarity ${best!.similarity.toFixed(2)}, ` +
          `the next ${others[0]!.similarity.toFixed(2)}, in ` +
          `${(performance.now() - start).toFixed(0)} ms`,
      );
      deepStrictEqual(best!.index, index);
    }
    await Promise.all(searchers.map((searcher) => searcher.end()));
    mmap.unmap();
  });
}

if (isMainThread) await main(Number(process.argv[2] ?? 100_000));
else parentPort!.once("message", serve);
