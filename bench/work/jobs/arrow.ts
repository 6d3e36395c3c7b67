/**
 * An Arrow file that is opened, and one column that is summed.
 *
 * @module
 */
import { RecordBatchReader, type Table, tableFromIPC } from "apache-arrow";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { MmapOptions } from "../../../mod.ts";
import { Bun } from "../files/bun.ts";
import { serveJob, type Way } from "./job.ts";

/** It stays, as in a program that goes on to use it. */
let table: Table | undefined;

/** Adds the numbers of a column, batch by batch. */
function sumOf(bytes: Uint8Array): number {
  table = tableFromIPC(bytes);
  let sum = 0;
  for (const { values } of table.getChild("price")!.data) sum += sumPart(values as Float64Array);
  return sum;
}

function sumPart(values: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum;
}

/** Reads one batch after the other, and keeps none. */
const byBatches: Way = ({ path }) => ({
  async run() {
    let sum = 0;
    await using file = await open(path);
    for await (const batch of await RecordBatchReader.from(file)) {
      sum += sumPart(batch.getChild("price")!.data[0]!.values as Float64Array);
    }
    return sum;
  },
});

const by = (read: (path: string) => Uint8Array | Promise<Uint8Array>): Way => ({ path }) => ({
  run: async () => sumOf(await read(path)),
});

await serveJob({
  "sysalloc/arrow": by((path) => new MmapOptions().map(path).bytes),
  "read-file/arrow": by((path) => readFileSync(path)),
  "batches/arrow": byBatches,
  "deno-read-file/arrow": by((path) => Deno.readFileSync(path)),
  "bun-file/arrow": by((path) => Bun.file(path).bytes()),
  "bun-mmap/arrow": by((path) => Bun.mmap(path)),
});
