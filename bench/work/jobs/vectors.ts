/**
 * A file of vectors that two workers search together for the one nearest to a query.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket } from "../../../mod.ts";
import { serveJob, type Way } from "./job.ts";

const WORKERS = 2;
const DIMENSIONS = 128;
const VECTOR = 4 * DIMENSIONS;

/** What a worker takes its vectors from: shared memory, or the path of the file. */
type Source = MmapTicket | SharedArrayBuffer | string;

/** The order to a worker: what to search, or a query. */
type Order = { readonly from: Source; readonly part: number } | Float32Array;

/** The best of a worker. */
interface Found {
  readonly index: number;
  readonly score: number;
}

/** The vectors that a worker searches, and the index of the first. */
let vectors = new Float32Array();
let first = 0;

if (isMainThread) {
  await serveJob({
    "sysalloc/vectors": searching((path) => {
      const mmap = new MmapOptions().map(path);
      return () => mmap.share(); // a ticket for each worker
    }),
    "shared/vectors": searching((path) => {
      const buffer = readShared(path);
      return () => buffer;
    }),
    "parts/vectors": searching((path) => () => path),
  });
} else {
  parentPort!.on("message", (order: Order) => {
    if (order instanceof Float32Array) return parentPort!.postMessage(nearest(order));
    [vectors, first] = partOf(order);
    parentPort!.postMessage({ index: 0, score: 0 } satisfies Found);
  });
}

/** Opens the part of a worker. */
function partOf({ from, part }: Exclude<Order, Float32Array>): [Float32Array<ArrayBuffer>, number] {
  if (typeof from === "string") return readPart(from, part);
  const all = from instanceof SharedArrayBuffer
    ? new Float32Array(from)
    : Mmap.fromTicket(from).view(Float32Array);
  const count = all.length / DIMENSIONS / WORKERS;
  const start = part * count;
  const own = all.subarray(start * DIMENSIONS, (start + count) * DIMENSIONS);
  return [own as Float32Array<ArrayBuffer>, start];
}

/** Reads a part of the file into memory of the worker. */
function readPart(path: string, part: number): [Float32Array<ArrayBuffer>, number] {
  const file = openSync(path, "r");
  const count = fstatSync(file).size / VECTOR / WORKERS;
  const own = new Float32Array(count * DIMENSIONS);
  readSync(file, own, 0, own.byteLength, part * own.byteLength);
  closeSync(file);
  return [own, part * count];
}

function readShared(path: string): SharedArrayBuffer {
  const file = openSync(path, "r");
  const buffer = new SharedArrayBuffer(fstatSync(file).size);
  readSync(file, new Uint8Array(buffer));
  closeSync(file);
  return buffer;
}

/** Looks for the largest dot product. */
function nearest(query: Float32Array): Found {
  let found: Found = { index: -1, score: -Infinity };
  for (let at = 0; at < vectors.length; at += DIMENSIONS) {
    const score = product(query, at);
    if (score > found.score) found = { index: first + at / DIMENSIONS, score };
  }
  return found;
}

function product(query: Float32Array, at: number): number {
  let a = 0, b = 0, c = 0, d = 0;
  for (let index = 0; index < DIMENSIONS; index += 4, at += 4) {
    a += query[index]! * vectors[at]!;
    b += query[index + 1]! * vectors[at + 1]!;
    c += query[index + 2]! * vectors[at + 2]!;
    d += query[index + 3]! * vectors[at + 3]!;
  }
  return a + b + c + d;
}

/**
 * Starts workers; `open` gives what each of them takes its vectors from, within the time until all
 * are ready.
 */
function searching(open: (path: string) => () => Source): Way {
  return async ({ path, size, operations: queries }) => {
    const workers = Array.from({ length: WORKERS }, () => new Worker(new URL(import.meta.url)));
    /** Gives each worker an order, and returns the best that they found. */
    const ask = async (orderOf: (part: number) => Order) => {
      const found = await Promise.all(
        workers.map((worker, part) =>
          new Promise<Found>((resolve, reject) => {
            worker.once("error", reject);
            worker.once("message", resolve);
            worker.postMessage(orderOf(part));
          })
        ),
      );
      return found.reduce((best, other) => other.score > best.score ? other : best);
    };
    await ask(() => new Float32Array()); // they are there
    let [ready, done] = [0, 0];
    return {
      async run() {
        const start = performance.now();
        const source = open(path);
        await ask((part) => ({ from: source(), part }));
        ready = performance.now() - start;
        let sum = 0;
        for (let number = 0; number < queries; number++) {
          const query = new Float32Array(DIMENSIONS).fill(1);
          query[number % DIMENSIONS] = 1000;
          sum += (await ask(() => query)).index;
        }
        done = performance.now() - start;
        return sum % (size / VECTOR);
      },
      measures: () => ({ time: 1e6 * ready, query: 1e6 * (done - ready) }),
      end: async () => void await Promise.all(workers.map((worker) => worker.terminate())),
    };
  };
}
