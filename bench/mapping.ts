/**
 * Mapping and unmapping, beside the same loop in C. Runs in each runtime;
 * takes the path of the library that is built from `reference.c`.
 *
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { currentRuntime } from "../ffi/host.ts";
import { MmapOptions } from "../mod.ts";
import type { Comparison } from "./result.ts";
import { takeTurns } from "./rounds.ts";

const ROUNDS = 21;
const TIMES = 500;
// What was viewed is unmapped between turns of the event loop, some turns later.
const TURNS = 5;
const BYTE_LENGTHS = [64 * 2 ** 10, 16 * 2 ** 20];

// In this process, because a page fault and a TLB flush cost more where a
// runtime's threads are.
const inC = currentRuntime().open(process.argv[2]!, {
  // uint32_t map_unmap(size_t byte_length, uint32_t times)
  map_unmap: { parameters: ["usize", "u32"], result: "u32" },
  // uint32_t map_store_unmap(size_t byte_length, uint32_t times)
  map_store_unmap: { parameters: ["usize", "u32"], result: "u32" },
});

const comparisons: Comparison[] = [];
for (const byteLength of BYTE_LENGTHS) {
  const options = new MmapOptions({ len: byteLength });
  const length = BigInt(byteLength);
  const { map, mapInC, store, storeInC } = await takeTurns(ROUNDS, "avg", {
    map: inTurns(() => mapAndUnmap(options)),
    mapInC: inTurns(() => expectAll(inC.map_unmap(length, TIMES))),
    store: inTurns(() => mapStoreAndUnmap(options)),
    storeInC: inTurns(() => expectAll(inC.map_store_unmap(length, TIMES))),
  });
  comparisons.push(
    compare("map", byteLength, map, mapInC),
    compare("store", byteLength, store, storeInC),
  );
}
console.log(JSON.stringify(comparisons));

function inTurns(run: () => void): () => Promise<void> {
  return async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      run();
      await setImmediate();
    }
  };
}

function mapAndUnmap(options: MmapOptions): void {
  for (let i = 0; i < TIMES; i++) options.mapAnon().unmap();
}

function mapStoreAndUnmap(options: MmapOptions): void {
  for (let i = 0; i < TIMES; i++) {
    const mmap = options.mapAnon();
    mmap.bytes[0] = 1;
    mmap.unmap();
  }
}

function expectAll(succeeded: number): void {
  if (succeeded !== TIMES) {
    throw new Error(`The loop in C failed at operation ${succeeded}`);
  }
}

function compare(
  benchmark: Comparison["benchmark"],
  byteLength: number,
  sysalloc: number[],
  reference: number[],
): Comparison {
  const perOperation = (time: number) => time / TIMES / TURNS;
  return {
    benchmark,
    byteLength,
    sysalloc: sysalloc.map(perOperation),
    reference: reference.map(perOperation),
  };
}
