/**
 * Opens an Apache Arrow file without reading it: the file is mapped, and the columns of the table
 * are typed arrays over the mapping. The system reads pages on first use.
 *
 * The handle is dropped, and the collector unmaps the file once nothing reaches the table, however
 * it was handed around. After unmap() the table would still have its rows, but no values.
 *
 * `deno run -A examples/arrow.ts [ROWS]`, `bun examples/arrow.ts` or `node examples/arrow.ts`. The
 * default is 200,000 rows.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  type Float64,
  type Int32,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { type Mmap, MmapOptions } from "../mod.ts";
import { inTempFolder } from "./temp_folder.ts";

type Rides = Table<{ id: Int32; fare: Float64; station: Utf8 }>;

// #region open
/** Maps a file in the IPC format, which must not be compressed. Nobody keeps the handle. */
function openTable(path: string): Rides {
  return tableOver(new MmapOptions().map(path));
}

/** The columns are over `mmap.bytes`, whose buffer keeps the mapping alive. */
function tableOver(mmap: Mmap): Rides {
  return tableFromIPC(mmap.bytes);
}
// #endregion open

/** Adds all fares. A loop over the arrays of each batch is much faster than `get(row)`. */
function sumOf(table: Rides): number {
  let sum = 0;
  for (const { values } of table.getChild("fare")!.data) for (const fare of values) sum += fare;
  return sum;
}

function writeTable(path: string, rows: number): void {
  const stations = ["Harbour", "Old Town", "Museum"];
  const names = Array.from({ length: rows }, (_, row) => stations[row % stations.length]!);
  const table = new Table({
    id: vectorFromArray(Int32Array.from({ length: rows }, (_, row) => row)),
    fare: vectorFromArray(Float64Array.from({ length: rows }, (_, row) => row / 4)),
    station: vectorFromArray(names, new Utf8()),
  });
  writeFileSync(path, tableToIPC(table, "file"));
}

const rows = Number(process.argv[2] ?? 200_000);

await inTempFolder((folder) => {
  const path = join(folder, "rides.arrow");
  writeTable(path, rows);
  const sum = sumOf(openTable(path));
  strictEqual(sum, rows * (rows - 1) / 8);
  console.log(`${rows} rides cost ${sum}`);

  const mmap = new MmapOptions().map(path);
  const table = tableOver(mmap);
  const fares = table.getChild("fare")!;
  strictEqual(fares.data[0]!.values.buffer, mmap.bytes.buffer); // nothing was copied
  const { station, fare } = table.get(rows - 1)!;
  mmap.unmap();
  console.log(`The last one, to ${station}, cost ${fare}; after unmap() ${fares.get(rows - 1)}`);
  strictEqual(fare, (rows - 1) / 4);
  strictEqual(fares.get(rows - 1), undefined);
});
