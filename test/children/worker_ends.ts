// Has one worker after the other call C functions so often that V8 compiles the calls, and
// end in that moment. The argument is how many. Prints how many came to their end.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { currentRuntime } from "../../ffi/host.ts";

const PAIRS = 8000;

if (isMainThread) {
  const ends: unknown[] = [];
  for (let count = 0; count < Number(process.argv[2]); count++) {
    const worker = new Worker(fileURLToPath(import.meta.url));
    // A message, as Deno 2.1 does not tell of the exit.
    ends.push(await new Promise((resolve) => worker.once("message", resolve)));
  }
  console.log(JSON.stringify(ends.length));
} else {
  const { mmap, munmap } = currentRuntime().open("libc.so.6", {
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
    munmap: { parameters: ["usize", "usize"], result: "i32" },
  });
  for (let pair = 0; pair < PAIRS; pair++) munmap(mmap(0n, 4096n, 3, 0x22, -1, 0n), 4096n);
  parentPort!.postMessage("done");
}
