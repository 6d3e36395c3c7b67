/**
 * Mapped files beside reading them, and a gibibyte made ready. Runs in each
 * runtime; takes the path of a file of 1 GiB.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { MmapOptions } from "../mod.ts";
import type { Filing } from "./files.ts";

const ROUNDS = 7;
const READS = 5_000;
const VIEWS = 20_000;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

const [, , path] = process.argv as [string, string, string];
const filings: Filing[] = [];
const map = (options = new MmapOptions()) => options.map(path);

/** Lets two ways take turns, and keeps the milliseconds of each round. */
async function compare(
  benchmark: Filing["benchmark"],
  sysalloc: () => void | Promise<void>,
  reference: () => void | Promise<void>,
): Promise<void> {
  const times: Record<"sysalloc" | "reference", number[]> = { sysalloc: [], reference: [] };
  const ways = [["sysalloc", sysalloc], ["reference", reference]] as const;
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, run] of round % 2 === 0 ? ways : ways.toReversed()) {
      settle();
      const start = performance.now();
      await run();
      if (round >= 0) times[name].push(performance.now() - start); // the first one warms up
      await setTimeout(5);
    }
  }
  filings.push({ benchmark, ...times });
}

/** Makes a long buffer, for which V8 collects what the run before has dropped: it is not the next one's cost. */
function settle(): void {
  const mmap = new MmapOptions({ len: GIB, noReserve: true }).mapAnon();
  mmap.view(Uint8Array, 0, 1);
  mmap.unmap();
}

const offsets = Float64Array.from(
  { length: READS },
  () => 4096 * Math.floor(Math.random() * GIB / 4096),
);
const file = openSync(path, "r");
const mapped = map();
const target = new Uint8Array(4096);
const { bytes } = mapped;
const handle = await open(path);
const fields = mapped.view(DataView);
let sum = 0; // kept, so that no engine leaves the reads out
await compare("random reads", () => {
  for (const offset of offsets) sum += fields.getUint32(offset) + fields.getUint32(offset + 4092);
}, async () => {
  for (const offset of offsets) await handle.read(target, 0, 4096, offset);
});
await compare("random copies", () => {
  for (const offset of offsets) target.set(bytes.subarray(offset, offset + 4096));
}, () => {
  for (const offset of offsets) readSync(file, target, 0, 4096, offset);
});
await handle.close();
mapped.unmap();
if (sum === 0) throw new Error("It is zero");

await compare("last byte", () => {
  const mmap = map();
  if (mmap.view(Uint8Array, GIB - 1, 1)[0] !== 1) throw new Error("It is not 1");
  mmap.unmap();
}, () => {
  if (readFileSync(path)[GIB - 1] !== 1) throw new Error("It is not 1");
});
closeSync(file);

const shared = new MmapOptions({ len: 64 * MIB }).mapMut(path);
const anonymous = new MmapOptions({ len: 64 * MIB }).mapAnon();
await compare("stores", () => void shared.bytes.fill(1), () => void anonymous.bytes.fill(1));
shared.unmap();
anonymous.unmap();

const guarded = map(new MmapOptions({ len: MIB }));
const unguarded = map(new MmapOptions({ len: MIB, truncationGuard: false }));
const view = (mmap: typeof guarded) => () => {
  for (let index = 0; index < VIEWS; index++) mmap.view(Uint8Array, index, 16);
};
await compare("guarded views", view(guarded), view(unguarded));
guarded.unmap();
unguarded.unmap();

await compare("ready", async () => {
  const mmap = new MmapOptions({ len: GIB }).mapAnon();
  if (process.platform === "linux") mmap.advise("huge-page");
  await mmap.prefault();
  mmap.unmap();
}, () => void new Uint8Array(GIB).fill(1));

console.log(JSON.stringify(filings));
