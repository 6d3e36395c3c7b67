// Waits for a word of the memory that it is told, again and again if it is to; says how that ended.
import { parentPort, workerData } from "node:worker_threads";
import { Mmap, type RawMmap } from "../../mod.ts";

const { raw, timeout, isAsync, again } = workerData as {
  raw: RawMmap;
  timeout?: number;
  isAsync?: boolean;
  again?: boolean;
};
const mmap = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
Atomics.add(mmap.view(Int32Array), 1, 1);
function done(result: string): void {
  if (again) mmap.waitAsync(0, 0); // the thread that waits is there already
  else mmap.intoRaw(); // the main thread unmaps it
  parentPort!.postMessage(result);
}

// Not awaited: Deno ends a thread otherwise that is still being loaded.
if (isAsync) mmap.waitAsync(0, 0, { timeout: timeout ?? Infinity }).then(done);
else done(mmap.wait(0, 0, timeout));
