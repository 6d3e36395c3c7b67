/**
 * The files of jobs, as their libraries write them.
 *
 * @module
 */
import { RecordBatchFileWriter, tableFromArrays } from "apache-arrow";
import { type FileKind, MIB } from "../catalogue/benchmark.ts";
import { Random } from "../work/common.ts";

/** The length of a tensor, of a batch of Arrow, and of what vectors repeat. */
const PART = 4 * MIB;
/** The number of short files: the job reads so many. */
const SHORT_FILES = 10_000;

/** Writes a file of about a size to a path where none is. It is on the disk before others are measured. */
type Writer = (path: string, size: number) => Promise<void>;

async function writeSafetensors(path: string, size: number): Promise<void> {
  const count = Math.max(1, Math.floor(size / PART) - 1);
  const tensors = Array.from({ length: count }, (_, index) => [
    `layers.${index}.weight`,
    { dtype: "F32", shape: [PART / 4], data_offsets: [index * PART, (index + 1) * PART] },
  ]);
  const json = JSON.stringify(Object.fromEntries(tensors));
  const header = new TextEncoder().encode(json.padEnd(8 * Math.ceil(json.length / 8)));
  const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer);
  await writeParts(path, [length, header, ...Array<Uint8Array>(count).fill(numbers(PART / 4))]);
}

async function writeVectors(path: string, size: number): Promise<void> {
  await writeParts(path, Array<Uint8Array>(size / PART).fill(numbers(PART / 4)));
}

/** Small whole numbers, whose sums are exact. */
function numbers(count: number): Uint8Array {
  const random = new Random();
  return new Uint8Array(Float32Array.from({ length: count }, () => random.next(256)).buffer);
}

/** Batches of an identifier, a price and a quantity. */
async function writeArrow(path: string, size: number): Promise<void> {
  const rows = PART / 16;
  const random = new Random();
  const table = tableFromArrays({
    id: Int32Array.from({ length: rows }, (_, row) => row),
    price: Float64Array.from({ length: rows }, () => random.next(100_000)),
    quantity: Int32Array.from({ length: rows }, () => random.next(100)),
  });
  using file = await Deno.open(path, { createNew: true, write: true });
  const writer = new RecordBatchFileWriter();
  const written = (async () => {
    for await (const part of writer) await writeAll(file, part);
  })();
  for (let count = 0; count < size / PART; count++) writer.write(table.batches[0]!);
  writer.finish();
  await written;
  await file.sync();
}

async function writeShortFiles(path: string, size: number): Promise<void> {
  await Deno.mkdir(path);
  for (let number = 0; number < SHORT_FILES; number++) {
    await Deno.writeFile(`${path}/${number}`, new Uint8Array(size).fill(number % 251));
  }
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  using file = await Deno.open(path, { createNew: true, write: true });
  for (const part of parts) await writeAll(file, part);
  await file.sync();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** The writers of the kinds that only jobs have. */
export const JOB_FILES: Readonly<Partial<Record<FileKind, Writer>>> = {
  "safetensors": writeSafetensors,
  "vectors": writeVectors,
  "arrow": writeArrow,
  "short files": writeShortFiles,
};
