/**
 * The first tensor of a .safetensors file, whose numbers are added to a sum: in one process, or in
 * two at a time.
 *
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { MmapOptions } from "../../../mod.ts";
import { Bun } from "../files/bun.ts";
import { serveJob, type Way } from "./job.ts";

/** The place of the first tensor in a file, whose header is its length in 8 bytes and JSON. */
function firstTensor(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const [start, end] = placeIn(bytes.subarray(8, 8 + headerLength));
  const byteOffset = bytes.byteOffset + 8 + headerLength + start;
  return new Float32Array(bytes.buffer, byteOffset, (end - start) / 4);
}

function placeIn(header: Uint8Array): [start: number, end: number] {
  const { __metadata__: _, ...tensors } = JSON.parse(new TextDecoder().decode(header));
  return Object.values<{ data_offsets: [number, number] }>(tensors)[0]!.data_offsets;
}

/** Reads the header and the tensor, and nothing else. */
function readPart(path: string): Float32Array {
  const file = openSync(path, "r");
  try {
    const length = new BigUint64Array(1);
    readSync(file, length, 0, 8, 0);
    const header = new Uint8Array(Number(length[0]));
    readSync(file, header, 0, header.length, 8);
    const [start, end] = placeIn(header);
    const tensor = new Float32Array((end - start) / 4);
    readSync(file, tensor, 0, tensor.byteLength, 8 + header.length + start);
    return tensor;
  } finally {
    closeSync(file);
  }
}

const loaders: Record<string, (path: string) => Float32Array | Promise<Float32Array>> = {
  "sysalloc": (path) => firstTensor(new MmapOptions().map(path).bytes),
  "read-file": (path) => firstTensor(readFileSync(path)),
  "read-part": readPart,
  "deno-read-file": (path) => firstTensor(Deno.readFileSync(path)),
  "bun-file": async (path) => firstTensor(await Bun.file(path).bytes() as Uint8Array<ArrayBuffer>),
  "bun-mmap": (path) => firstTensor(Bun.mmap(path) as Uint8Array<ArrayBuffer>),
};

/** What is loaded stays, as in a program that goes on to use it. */
let tensor: Float32Array | undefined;

async function load(name: string, path: string): Promise<number> {
  tensor = await loaders[name]!(path);
  let sum = 0;
  for (let index = 0; index < tensor.length; index++) sum += tensor[index]!;
  return sum;
}

const alone = (name: string): Way => ({ path }) => ({ run: () => load(name, path) });

const beside = (name: string): Way => async ({ path }) => {
  const other = fork(fileURLToPath(import.meta.url), ["other"]);
  await answerOf(other); // it is there
  return {
    processes: [other.pid!],
    async run() {
      const answer = answerOf(other);
      other.send({ name, path });
      return await load(name, path) + await answer;
    },
    end: () => void other.kill(),
  };
};

function answerOf(other: ChildProcess): Promise<number> {
  return new Promise((resolve) => other.once("message", resolve as (answer: unknown) => void));
}

if (process.argv[2] === "other") {
  process.on("message", async ({ name, path }: { name: string; path: string }) => {
    process.send!(await load(name, path));
  });
  process.on("disconnect", () => process.exit());
  process.send!(0);
} else {
  await serveJob(Object.fromEntries(
    Object.keys(loaders).flatMap((name) => [
      [`${name}/tensor`, alone(name)],
      [`${name}/tensor-two`, beside(name)],
    ]),
  ));
}
