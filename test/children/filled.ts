// Maps until it is refused, then has the runtime work, which needs memory of its own.
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { deflateRaw } from "node:zlib";
import { type Mmap, type MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { limitAddressSpace } from "../support/process_limits.ts";

const PAGE = pageSize();
const MIB = 2 ** 20;
const kept: Mmap[] = [];
let isLimited = false;

function reserveAll(longest: number, shortest: number): void {
  for (let len = longest; len >= shortest; len /= 2) {
    const options = new MmapOptions({ len, noReserve: true });
    try {
      for (;;) kept.push(options.reserve());
    } catch (error) {
      if (len === shortest) throw error;
    }
  }
}

const WAYS: Record<string, () => void> = {
  mappings: () => {
    const options = new MmapOptions({ len: PAGE, guard: PAGE });
    for (;;) kept.push(options.mapAnon());
  },
  pieces: () => {
    const mmap = new MmapOptions({ len: 2 ** 20 * PAGE }).reserve();
    kept.push(mmap);
    for (let at = 0;; at += 2 * PAGE) mmap.commit(at, PAGE);
  },
  addresses: () => reserveAll(2 ** 46, PAGE),
  "limited addresses": () => {
    if (!isLimited) limitAddressSpace(1024 * MIB);
    isLimited = true;
    reserveAll(256 * MIB, MIB);
  },
};

/** Has threads of the runtime allocate: glibc takes 64 MiB of addresses for each of them. */
function workOfThreads(): Promise<unknown> {
  const compress = promisify(deflateRaw);
  return Promise.all(Array.from({ length: 4 }, () => compress(new Uint8Array(MIB))));
}

/** Keeps some of what it makes, so that the heap grows. */
function work(): number {
  const made: unknown[] = [];
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 20_000; index++) made[index] = { round, text: `${index}` };
    made.push(new Uint8Array(MIB));
  }
  return made.length;
}

/** The number of threads that map at the same time; each has a copy of the library. */
const THREADS = 6;

/** Maps until it is refused, and returns the error. */
function fill(way: string): Partial<MmapError> {
  try {
    WAYS[way]!();
  } catch (error) {
    const { name, code, message } = error as MmapError;
    return { name, code, message };
  }
  return {};
}

/** Has threads map, all of which keep what they have. */
function fillByThreads(way: string): Promise<Partial<MmapError>[]> {
  const program = fileURLToPath(import.meta.url);
  return Promise.all(
    Array.from({ length: THREADS }, () =>
      new Promise<Partial<MmapError>>((resolve, reject) => {
        const worker = new Worker(program, { workerData: way });
        worker.once("message", resolve);
        worker.once("error", reject);
      })),
  );
}

async function direct(way: string, count: number): Promise<void> {
  const errors: Partial<MmapError>[] = [];
  if (way === "mappings of threads") errors.push(...await fillByThreads("mappings"));
  else {
    for (let round = 0; round < count; round++) {
      errors.push(fill(way));
      await workOfThreads();
      if (work() !== 20_020) throw new Error("Not all was made");
      for (const mmap of kept.splice(0)) mmap.unmap();
    }
  }
  console.log(JSON.stringify({ errors }));
  // Node.js can wait for ever at its end for a thread of V8 that asks for a collection just then.
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.exit(0);
}

if (isMainThread) await direct(process.argv[2]!, Number(process.argv[3]));
else {
  const error = fill(workerData as string);
  work();
  parentPort!.postMessage(error);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // what it has is not collected
}
