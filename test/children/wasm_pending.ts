// Starts calls of the runtime on views of memory of the engine, and unmaps it under them. Prints
// whether each ended with the bytes from before or after, and whether no file was harmed.
import { closeSync, openSync, read, write } from "node:fs";
import { gunzipSync, gzip } from "node:zlib";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { contents, TempFolder } from "../support/temp_files.ts";
import { makeMemory, WASM_PAGE } from "../support/wasm_module.ts";

const LENGTH = 16 * WASM_PAGE;
const ROUNDS = 8;
const folder = new TempFolder();
const path = folder.file("file", new Uint8Array(LENGTH).fill(77));
const other = folder.file("other", new Uint8Array(LENGTH).fill(78));
const target = folder.file("target", new Uint8Array(LENGTH));

type Done = (error: Error | null, result: unknown) => void;

/** Starts a call on all bytes, and unmaps in the same turn. Returns its result, or the error. */
function pending(start: (bytes: Uint8Array, done: Done) => void): Promise<unknown> {
  const mmap: Mmap = new MmapOptions().into(makeMemory(undefined, 1), "grow").mapMut(path);
  return new Promise((resolve) => {
    try {
      start(mmap.bytes, (error, result) => resolve(error ?? result));
    } catch (error) {
      resolve(error); // a runtime can refuse shared memory
    }
    mmap.unmap();
  });
}

const isOf = (bytes: Uint8Array, ...allowed: number[]): boolean =>
  bytes.every((byte) => allowed.includes(byte));

const found = { gzip: true, read: true, write: true, apart: true };
for (let round = 0; round < ROUNDS; round++) {
  const zipped = await pending((bytes, done) => gzip(bytes, { level: 1 }, done));
  if (!(zipped instanceof Error)) {
    const bytes = gunzipSync(zipped as Uint8Array);
    found.gzip &&= bytes.length === LENGTH && isOf(bytes, 77, 0);
  }
  const written = openSync(target, "r+");
  await pending((bytes, done) => write(written, bytes, 0, LENGTH, 0, done));
  closeSync(written);
  found.write &&= isOf(contents(target), 77, 0);
  const source = openSync(other, "r");
  await pending((bytes, done) => read(source, bytes, 0, LENGTH, 0, done));
  closeSync(source);
  found.read &&= isOf(contents(path), 77, 78);
  const { bytes } = new MmapOptions().into(makeMemory(undefined, 16), 0).mapMut(other);
  found.apart &&= isOf(bytes, 78) && isOf(contents(other), 78);
  // What was read while the file was mapped is its own.
  new MmapOptions().mapMut(path).bytes.fill(77);
}
console.log(JSON.stringify(found));
folder[Symbol.dispose]();
process.exit(0);
