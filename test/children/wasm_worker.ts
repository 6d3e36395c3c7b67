// Does in a thread with WebAssembly memories what the main thread asks for, and answers each request.
import { parentPort } from "node:worker_threads";
import { type Mmap, type MmapError, MmapOptions } from "../../mod.ts";
import { makeMemory } from "../support/wasm_module.ts";

/** What the main thread asks for. */
export interface Request {
  /** The file to map, into the memory or a new one, or `shared`: into a shared buffer. */
  readonly map?: { readonly path: string; readonly into: WebAssembly.Memory | "plain" | "shared" };
  /** Maps files behind the end of a memory, one after the other; answers with their places. */
  readonly mapAll?: { readonly paths: readonly string[]; readonly memory: WebAssembly.Memory };
  /** Grows a memory so often by a page. */
  readonly grow?: { readonly memory: WebAssembly.Memory; readonly count: number };
  /** Stores a byte at an index of a buffer. */
  readonly store?: { readonly buffer: SharedArrayBuffer; readonly index: number };
  readonly race?: Race;
  /** Maps a file at a place and unmaps it for ever, after it says so. */
  readonly churn?: Pick<Race, "memory" | "path" | "place">;
  /** Waits for the first word of a buffer to change from 0, after it says so. */
  readonly wait?: SharedArrayBuffer;
}

const kept: unknown[] = [];

/** Maps a file at a place when another thread does, so often. */
export interface Race {
  readonly memory: WebAssembly.Memory;
  readonly path: string;
  readonly place: number;
  /** The first byte of the file. */
  readonly byte: number;
  readonly rounds: number;
  /** A count that both threads add to at each step. */
  readonly steps: SharedArrayBuffer;
}

/** Counts the rounds in which this thread was first. */
function race({ memory, path, place, byte, rounds, steps }: Race): number | string {
  const count = new Int32Array(steps);
  let met = 0;
  const meet = () => {
    met += 2;
    Atomics.add(count, 0, 1);
    while (Atomics.load(count, 0) < met);
  };
  let won = 0;
  let failed: string | undefined;
  for (let round = 0; round < rounds; round++) {
    let mmap: Mmap | undefined;
    meet();
    try {
      mmap = new MmapOptions().into(memory, place).mapMut(path);
    } catch (error) {
      const { code } = error as MmapError;
      if (code !== "EEXIST") failed = code;
    }
    meet();
    if (mmap !== undefined) {
      won++;
      if (mmap.bytes.some((found) => found !== byte)) failed = "another file is mapped there";
    }
    meet();
    mmap?.unmap();
  }
  return failed ?? won;
}

function answer({ map, mapAll, grow, store, wait, ...request }: Request): unknown {
  if (request.race !== undefined) return race(request.race);
  if (request.churn !== undefined) {
    const { memory, path, place } = request.churn;
    parentPort!.postMessage({ value: "churning" });
    for (;;) new MmapOptions().into(memory, place).mapMut(path).unmap();
  }
  if (map !== undefined) {
    const { path, into } = map;
    const memory = typeof into === "string" ? makeMemory(into, 1, 4) : into;
    const mmap = new MmapOptions().into(memory, 0).mapMut(path);
    kept.push(mmap, memory);
    return [mmap.bytes[0], into === "plain" ? undefined : mmap.buffer];
  }
  if (mapAll !== undefined) {
    return mapAll.paths.map((path) => {
      const mmap = new MmapOptions().into(mapAll.memory, "grow").mapMut(path);
      kept.push(mmap);
      return mmap.byteOffset;
    });
  }
  if (grow !== undefined) { for (let count = 0; count < grow.count; count++) grow.memory.grow(1); }
  if (store !== undefined) new Uint8Array(store.buffer)[store.index] = 78;
  if (wait !== undefined) {
    parentPort!.postMessage({ value: "waiting" });
    return Atomics.wait(new Int32Array(wait), 0, 0, 10_000);
  }
}

parentPort!.on("message", (request: Request) => {
  try {
    parentPort!.postMessage({ value: answer(request) });
  } catch (error) {
    parentPort!.postMessage({ value: (error as MmapError).code ?? String(error) });
  }
});
