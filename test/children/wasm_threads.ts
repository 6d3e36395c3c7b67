// Shares WebAssembly memories that files are mapped into with workers. Prints a line for each case
// that the arguments name.
import { truncateSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { type Mmap, MmapOptions, regions } from "../../mod.ts";
import { childUrl } from "../support/bundled.ts";
import { collectGarbage, collectUntil } from "../support/harness.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { makeMemory, moduleOver, WASM_PAGE } from "../support/wasm_module.ts";
import type { Request } from "./wasm_worker.ts";

const BYTE = 77;
const folder = new TempFolder();
let files = 0;
const file = (byte: number = BYTE): string =>
  folder.file(`${files++}`, new Uint8Array(WASM_PAGE).fill(byte));
const countMapped = (path: string): number =>
  regions().filter((region) => region.path === path).length;

/** A worker that is asked one thing after the other. */
class Thread {
  readonly #worker: Worker = new Worker(childUrl("wasm_worker.ts"));

  ask<T>(request: Request): Promise<T> {
    this.#worker.postMessage(request);
    return this.next();
  }

  next<T>(): Promise<T> {
    return new Promise((resolve) =>
      this.#worker.once("message", ({ value }: { value: T }) => resolve(value))
    );
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Maps in a thread that ends, and tells what it answers. */
async function inThread<T>(request: Request): Promise<T> {
  const thread = new Thread();
  const value = await thread.ask<T>(request);
  await thread.end();
  await collectGarbage();
  return value;
}

const CASES: Readonly<Record<string, () => unknown>> = {
  async "a thread that ends has mapped into its own memory"() {
    const path = file();
    const answer = await inThread({ map: { path, into: "plain" } });
    await collectUntil(() => countMapped(path) === 0, 10);
    const later = Array.from({ length: 20 }, () => new Uint8Array(makeMemory().buffer));
    const areEmpty = later.every((bytes) => bytes.every((byte) => byte === 0));
    return [answer, countMapped(path), areEmpty, contents(path).every((byte) => byte === BYTE)];
  },

  async "another memory takes the place of one whose thread has ended"() {
    await inThread({ map: { path: file(), into: "plain" } });
    return Array.from({ length: 8 }, () => {
      const path = file();
      const mmap = new MmapOptions().into(makeMemory(undefined, 1, 4), 0).mapMut(path);
      const { bytes } = mmap;
      truncateSync(path, 100);
      return bytes[5000] === 0 && mmap.lostByteLength > 0;
    }).every((isTold) => isTold);
  },

  async "a thread that ends has mapped into its shared memory"() {
    const path = file();
    const answer = await inThread<string | [number, SharedArrayBuffer]>(
      { map: { path, into: "shared" } },
    );
    if (typeof answer === "string") return answer;
    const bytes = new Uint8Array(answer[1]);
    const loaded = bytes[9];
    bytes[9] = 78;
    truncateSync(path, 100);
    return [loaded, contents(path)[9], bytes[5000], countMapped(path)];
  },

  async "a thread that ends has mapped into the memory of another"() {
    const path = file();
    const memory = makeMemory("shared", 1, 4);
    const answer = await inThread<string | unknown[]>({ map: { path, into: memory } });
    if (typeof answer === "string") return answer;
    const module = moduleOver(memory);
    module.store(9, 78);
    const loaded = module.load(8);
    truncateSync(path, 100);
    return [loaded, contents(path)[9], module.load(5000)];
  },

  async "a thread that ends has had the buffer"() {
    const path = file();
    const mmap = new MmapOptions({ sharedBuffer: true }).mapMut(path);
    const buffer = mmap.buffer as SharedArrayBuffer;
    await inThread({ store: { buffer, index: 9 } });
    const thread = new Thread();
    const isWaiting = await thread.ask({ wait: buffer.slice(0) });
    await thread.end(); // while it waits
    await collectGarbage();
    mmap.bytes[10] = 79;
    const stored = [...contents(path).subarray(9, 11)];
    mmap.unmap();
    const other = new Thread();
    await other.ask({ store: { buffer, index: 11 } });
    await other.end();
    return [isWaiting, stored, mmap.closed, new Uint8Array(buffer)[11], contents(path)[11]];
  },

  async "a thread waits for a word of the buffer"() {
    const path = file(0);
    const mmap = new MmapOptions({ sharedBuffer: true }).mapMut(path);
    const thread = new Thread();
    await thread.ask({ wait: mmap.buffer as SharedArrayBuffer });
    const ended = thread.next();
    const words = mmap.view(Int32Array);
    while (Atomics.notify(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    Atomics.store(words, 0, 1);
    const ending = await ended;
    await thread.end();
    return [ending, contents(path)[0]];
  },

  async "the memory grows in another thread meanwhile"() {
    const count = 200;
    const memory = makeMemory("shared", 1, 4 * count);
    const thread = new Thread();
    const grown = thread.ask({ grow: { memory, count } });
    const paths = Array.from({ length: 20 }, (_, index) => file(index + 1));
    const mappings = paths.map((path) => new MmapOptions().into(memory, "grow").mapMut(path));
    await grown;
    await thread.end();
    return [areWhole(mappings), memory.buffer.byteLength / WASM_PAGE];
  },

  async "two threads map behind the end at once"() {
    const memory = makeMemory("shared", 1, 100);
    const lists = [0, 20].map((first) =>
      Array.from({ length: 20 }, (_, index) => file(first + index + 1))
    );
    const threads = lists.map(() => new Thread());
    const answers = threads.map((thread, index) =>
      thread.ask<number[] | string>({ mapAll: { paths: lists[index]!, memory } })
    );
    const places = await Promise.all(answers);
    for (const thread of threads) await thread.end();
    if (typeof places[0] === "string") return places[0];
    const bytes = new Uint8Array(memory.buffer);
    const areRight = places.flat().every((place, index) =>
      bytes.subarray(place as number, place as number + WASM_PAGE)
        .every((byte) => byte === index + 1)
    );
    return [areRight, new Set(places.flat()).size];
  },

  async "two threads map at one place at once"() {
    const memory = makeMemory("shared", 4, 4);
    const steps = new SharedArrayBuffer(4);
    const rounds = 100;
    const threads = [new Thread(), new Thread()];
    const won = await Promise.all(threads.map((thread, index) => {
      const path = file(index + 1);
      const place = index * WASM_PAGE / 2;
      return thread.ask({ race: { memory, path, place, byte: index + 1, rounds, steps } });
    }));
    for (const thread of threads) await thread.end();
    const [first, second] = won as [number, number];
    return first + second === rounds || won[0];
  },
};

function areWhole(mappings: readonly Mmap[]): boolean {
  return mappings.every(({ bytes }, index) => bytes.every((byte) => byte === index + 1)) &&
    new Set(mappings.map(({ address }) => address)).size === mappings.length;
}

for (const name of process.argv.slice(2)) {
  console.log(JSON.stringify([name, await CASES[name]!()]));
}
folder[Symbol.dispose]();
process.exit(0);
