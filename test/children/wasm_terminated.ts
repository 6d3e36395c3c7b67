// Terminates threads that map a file into a shared memory and unmap it for ever, and prints what is
// left: whether the file is whole, the memory can be mapped into, and what is mapped is the file.
import { Worker } from "node:worker_threads";
import { type MmapError, MmapOptions } from "../../mod.ts";
import { childUrl } from "../support/bundled.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { makeMemory, WASM_PAGE } from "../support/wasm_module.ts";

const ROUNDS = 6;
const BYTE = 77;
const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(WASM_PAGE).fill(BYTE));
const memory = makeMemory("shared", 2, 2);
const options = new MmapOptions().into(memory, WASM_PAGE);
let isFree = true;
for (let round = 0; round < ROUNDS; round++) {
  const worker = new Worker(childUrl("wasm_worker.ts"));
  worker.postMessage({ churn: { memory, path, place: 0 } });
  await new Promise((resolve) => worker.once("message", resolve));
  // The other half is for this thread, whatever the other one is at.
  for (let count = 0; count < 3 * round; count++) options.mapMut(path).unmap();
  await worker.terminate();
  try {
    new MmapOptions().into(memory, 0).mapMut(path).unmap();
  } catch (error) {
    isFree &&= (error as MmapError).code === "EEXIST"; // it was mapped when the thread ended
    break;
  }
}
const other = options.mapMut(path);
const isThere = other.bytes.every((byte) => byte === BYTE);
console.log(JSON.stringify([contents(path).every((byte) => byte === BYTE), isFree, isThere]));
folder[Symbol.dispose]();
process.exit(0);
