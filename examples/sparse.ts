/**
 * A table of 1 TiB that takes memory only for the rows in use. It reserves the
 * addresses and commits a block when one of the block's rows is first written.
 *
 * `deno run --allow-ffi examples/sparse.ts`, `bun examples/sparse.ts` or
 * `node examples/sparse.ts`.
 *
 * @module
 */
import { type Mmap, MmapOptions } from "../mod.ts";

const TABLE_BYTE_LENGTH = 2 ** 40;
/**
 * The unit of commit: a multiple of every page size. Linux allows a process some
 * 65,000 mappings, and each isolated block takes two.
 */
const BLOCK_BYTE_LENGTH = 65_536;
const ROW_BYTE_LENGTH = 64;
const ROWS = TABLE_BYTE_LENGTH / ROW_BYTE_LENGTH;

// #region table
/** A table of rows with eight numbers each. */
class SparseTable implements Disposable {
  readonly #mmap: Mmap = new MmapOptions({ len: TABLE_BYTE_LENGTH }).reserve();
  /** The committed blocks by number. */
  readonly #blocks = new Map<number, Float64Array>();

  /** Returns a row to read or write, and commits its block. */
  row(index: number): Float64Array {
    if (!Number.isInteger(index) || index < 0 || index >= ROWS) throw new RangeError("No such row");
    const offset = index * ROW_BYTE_LENGTH;
    const number = Math.floor(offset / BLOCK_BYTE_LENGTH);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      const start = number * BLOCK_BYTE_LENGTH;
      this.#mmap.commit(start, BLOCK_BYTE_LENGTH);
      block = this.#mmap.view(Float64Array, start, BLOCK_BYTE_LENGTH / 8);
      this.#blocks.set(number, block);
    }
    const first = offset % BLOCK_BYTE_LENGTH / 8;
    return block.subarray(first, first + ROW_BYTE_LENGTH / 8);
  }

  /** Decommits the block of a row. */
  drop(index: number): void {
    const number = Math.floor(index * ROW_BYTE_LENGTH / BLOCK_BYTE_LENGTH);
    if (!this.#blocks.delete(number)) return;
    this.#mmap.decommit(number * BLOCK_BYTE_LENGTH, BLOCK_BYTE_LENGTH);
  }

  /** The number of bytes in RAM. */
  get residentByteLength(): number {
    let sum = 0;
    for (const number of this.#blocks.keys()) {
      sum += this.#mmap.resident(number * BLOCK_BYTE_LENGTH, BLOCK_BYTE_LENGTH);
    }
    return sum;
  }

  [Symbol.dispose](): void {
    this.#mmap.unmap();
  }
}
// #endregion table

using table = new SparseTable();
const indices = Array.from({ length: 1000 }, (_, n) => Math.floor(n * ROWS / 1000));
for (const index of indices) table.row(index).fill(index);
table.row(ROWS - 1).fill(-1);
for (const index of indices) {
  if (table.row(index)[7] !== index) throw new Error(`Row ${index} has changed`);
}

const { residentByteLength } = table;
console.log(`${ROWS} rows in a table of ${TABLE_BYTE_LENGTH / 2 ** 40} TiB`);
console.log(`${indices.length + 1} of them written: ${residentByteLength / 2 ** 20} MiB in RAM`);
if (residentByteLength === 0 || residentByteLength > 1001 * BLOCK_BYTE_LENGTH) {
  throw new Error(`${residentByteLength} bytes are in RAM`);
}

for (const index of indices) table.drop(index);
if (table.residentByteLength >= residentByteLength) throw new Error("Nothing was decommitted");
console.log(`all rows dropped but the last: ${table.residentByteLength / 2 ** 10} KiB in RAM`);
if (table.row(0)[0] !== 0) throw new Error("A dropped row is not zero");
