/**
 * A scan by a WebAssembly module: of a file that is mapped into its memory, or read into it.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import process from "node:process";
import wabt from "wabt";
import { MmapOptions } from "../../../mod.ts";
import type { Task, Work } from "../serve.ts";
import { repeat } from "./sums.ts";

const WASM_PAGE = 65_536;
/** Bun maps only into memory that is shared. */
const shared = "bun" in process.versions;

/** The sum of the 32-bit words between two addresses, four at a time. */
const SOURCE = `(module
  (import "env" "memory" (memory 0 65536 ${shared ? "shared" : ""}))
  (func (export "sum") (param $at i32) (param $end i32) (result i32) (local $sums v128)
    (loop $words
      (local.set $sums (i32x4.add (local.get $sums) (v128.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $words (i32.lt_u (local.get $at) (local.get $end))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
      (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums))))))`;

async function compile(): Promise<WebAssembly.Module> {
  const { parseWat } = await wabt();
  const { buffer } = parseWat("sum.wat", SOURCE, { simd: true, threads: true }).toBinary({});
  return new WebAssembly.Module(buffer as Uint8Array<ArrayBuffer>);
}

/** Compiled for the first round that uses it, since the other works are served without. */
let compiled: Promise<WebAssembly.Module> | undefined;

/** Scans a file that a function brings into a memory of its length. Returns what takes it off. */
const scanning = (bring: (memory: WebAssembly.Memory, task: Task) => () => void): Work =>
async (
  task,
) => {
  const pages = task.size / WASM_PAGE;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const { exports } = new WebAssembly.Instance(await (compiled ??= compile()), { env: { memory } });
  const sum = exports.sum as (at: number, end: number) => number;
  return {
    run: () =>
      repeat(task, () => {
        const takeOff = bring(memory, task);
        const result = sum(0, task.size);
        takeOff();
        return result;
      }),
  };
};

/** By a module, in place and in a copy. */
export const wasmFiles: Readonly<Record<string, Work>> = {
  "sysalloc/scan-wasm": scanning((memory, { path }) => {
    const mmap = new MmapOptions().into(memory, 0).map(path);
    return () => mmap.unmap();
  }),
  "fs-wasm/scan": scanning((memory, { path, size }) => {
    const file = openSync(path, "r");
    for (let at = 0; at < size;) {
      at += readSync(file, new Uint8Array(memory.buffer, at), 0, size - at, at);
    }
    return () => closeSync(file);
  }),
};
