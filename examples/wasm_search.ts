/**
 * Searches a file of vectors for the one nearest to a query, by a WebAssembly module whose SIMD
 * instructions read the mapped file in place. Beside it, the same in JavaScript over the same
 * mapping, and the same module after the file was copied into its memory.
 *
 * `deno run -A examples/wasm_search.ts [VECTORS]`, `bun examples/wasm_search.ts` or
 * `node examples/wasm_search.ts`. The default is 100,000 vectors, 102 MB; 1,000,000 take 1 GB.
 *
 * @module
 */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import wabt from "wabt";
import { MmapOptions } from "../mod.ts";

const DIMENSIONS = 256;
const VECTOR = DIMENSIONS * Float32Array.BYTES_PER_ELEMENT;
/** The vectors that the first search reads, like one list of an inverted index. */
const LIST = 1_000;
const ROUNDS = 5;
/** The file lies behind the first page of the module's memory, which holds the query. */
const WASM_PAGE = 65_536;
/** Bun maps only into shared memory. A module needs no atomic instruction to import one. */
const shared = "bun" in process.versions;

/** Adds the products of four numbers of the query and of the vector, 16 bytes apart from the next. */
const addProducts = (sum: string, offset: number) =>
  `(local.set ${sum} (f32x4.add (local.get ${sum}) (f32x4.mul
    (v128.load offset=${offset} (local.get $at))
    (v128.load offset=${offset} (i32.add (local.get $vector) (local.get $at))))))`;

/**
 * The module: returns the index of the vector with the largest dot product with the query at
 * address 0. The processor works on the four sums at the same time.
 */
const SOURCE = `(module
  (import "env" "memory" (memory 1 65536 ${shared ? "shared" : ""}))
  (func (export "nearest") (param $vector i32) (param $count i32) (result i32)
    (local $index i32) (local $best i32) (local $at i32) (local $score f32) (local $bestScore f32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $bestScore (f32.const -inf))
    (loop $vectors
      (local.set $at (i32.const 0))
      (local.set $a (v128.const f32x4 0 0 0 0))
      (local.set $b (v128.const f32x4 0 0 0 0))
      (local.set $c (v128.const f32x4 0 0 0 0))
      (local.set $d (v128.const f32x4 0 0 0 0))
      (loop $numbers
        ${addProducts("$a", 0)}
        ${addProducts("$b", 16)}
        ${addProducts("$c", 32)}
        ${addProducts("$d", 48)}
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br_if $numbers (i32.lt_u (local.get $at) (i32.const ${VECTOR}))))
      (local.set $a (f32x4.add
        (f32x4.add (local.get $a) (local.get $b)) (f32x4.add (local.get $c) (local.get $d))))
      (local.set $score (f32.add
        (f32.add (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a)))
        (f32.add (f32x4.extract_lane 2 (local.get $a)) (f32x4.extract_lane 3 (local.get $a)))))
      (if (f32.gt (local.get $score) (local.get $bestScore)) (then
        (local.set $bestScore (local.get $score))
        (local.set $best (local.get $index))))
      (local.set $vector (i32.add (local.get $vector) (i32.const ${VECTOR})))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $vectors (i32.lt_u (local.get $index) (local.get $count))))
    (local.get $best)))`;

/** An open file. */
interface Vectors extends Disposable {
  /** Returns the index of the vector, among the first ones, that is nearest to the query. */
  search(count: number): number;
}

const { parseWat } = await wabt();
const source = parseWat("nearest.wat", SOURCE, { simd: true, threads: true });
const module = new WebAssembly.Module(source.toBinary({}).buffer as Uint8Array<ArrayBuffer>);

/** Makes a memory with the query at its start, and the function of a module that uses it. */
function instantiate(query: Float32Array) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared });
  new Float32Array(memory.buffer).set(query);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, nearest: exports.nearest as (address: number, count: number) => number };
}

/** Maps the file into the module's memory. */
function openInPlace(path: string, query: Float32Array): Vectors {
  const { memory, nearest } = instantiate(query);
  const mmap = new MmapOptions().into(memory, "grow").map(path);
  const { byteOffset } = mmap;
  return {
    search: (count) => nearest(byteOffset, count),
    [Symbol.dispose]: () => mmap.unmap(),
  };
}

/** Reads the file into the module's memory. */
function openCopy(path: string, query: Float32Array): Vectors {
  const { memory, nearest } = instantiate(query);
  const file = openSync(path, "r");
  try {
    const byteLength = fstatSync(file).size;
    memory.grow(Math.ceil(byteLength / WASM_PAGE));
    for (let read = 0; read < byteLength;) {
      const length = Math.min(2 ** 30, byteLength - read);
      const target = new Uint8Array(memory.buffer, WASM_PAGE + read, length);
      read += readSync(file, target, 0, length, read);
    }
  } finally {
    closeSync(file);
  }
  return { search: (count) => nearest(WASM_PAGE, count), [Symbol.dispose]() {} };
}

/** Maps the file for a loop in JavaScript. */
function openInJavaScript(path: string, query: Float32Array): Vectors {
  const mmap = new MmapOptions().map(path);
  const numbers = mmap.view(Float32Array);
  return {
    search: (count) => nearestInJavaScript(numbers, query, count),
    [Symbol.dispose]: () => mmap.unmap(),
  };
}

/** The module's loop in JavaScript, which has no SIMD. */
function nearestInJavaScript(numbers: Float32Array, query: Float32Array, count: number): number {
  let best = 0;
  let bestScore = -Infinity;
  for (let index = 0, at = 0; index < count; index++) {
    let a = 0, b = 0, c = 0, d = 0;
    for (let dimension = 0; dimension < DIMENSIONS; dimension += 4, at += 4) {
      a += query[dimension]! * numbers[at]!;
      b += query[dimension + 1]! * numbers[at + 1]!;
      c += query[dimension + 2]! * numbers[at + 2]!;
      d += query[dimension + 3]! * numbers[at + 3]!;
    }
    const score = a + b + c + d;
    if (score > bestScore) [best, bestScore] = [index, score];
  }
  return best;
}

/** Writes random vectors, again and again the same list of them, and the query as the last one. */
function writeVectors(path: string, count: number, query: Float32Array): void {
  const list = new Float32Array(LIST * DIMENSIONS).map(() => Math.random() - 0.5);
  const file = openSync(path, "w");
  try {
    for (let index = 0; index < count; index += LIST) {
      writeSync(file, list.subarray(0, Math.min(LIST, count - index) * DIMENSIONS));
    }
    writeSync(file, query, 0, VECTOR, (count - 1) * VECTOR);
  } finally {
    closeSync(file);
  }
}

/** Returns the median time of several runs, in milliseconds. */
function medianTime(run: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

/** Three ways to search. */
const WAYS = {
  "WebAssembly in place": openInPlace,
  "WebAssembly in a copy": openCopy,
  "JavaScript in place": openInJavaScript,
};

const count = Math.max(LIST, Number(process.argv[2] ?? 100_000));
const folder = mkdtempSync(join(tmpdir(), "sysalloc-vectors-"));
try {
  const path = join(folder, "vectors");
  const query = new Float32Array(DIMENSIONS).map(() => Math.random() - 0.5);
  writeVectors(path, count, query);
  console.log(`${count} vectors of ${DIMENSIONS} numbers, ${Math.round(count * VECTOR / 1e6)} MB`);
  const rows = Object.entries(WAYS).map(([way, open]) => {
    const first = medianTime(() => {
      using vectors = open(path, query);
      vectors.search(LIST);
    });
    using vectors = open(path, query);
    const all = medianTime(() => {
      const found = vectors.search(count);
      if (found !== count - 1) throw new Error(`${way}: vector ${found} of ${count} was found`);
    });
    return { way, first, all };
  });
  const [fastest] = rows;
  for (const { way, first, all } of rows) {
    const compare = (time: number, base: number) =>
      `${time.toFixed(1).padStart(7)} ms (${(time / base).toFixed(1)})`;
    console.log(
      `${way.padEnd(21)}  opened, ${LIST} searched: ${compare(first, fastest!.first)}` +
        `  all searched: ${compare(all, fastest!.all)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
