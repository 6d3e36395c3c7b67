// Has workers append to the same memory at the same time, each of which makes it longer where its
// record does not fit. Prints how many records are there in the end. The arguments are the kind of
// memory, and how many records each worker appends.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { Mmap, MmapOptions, type MmapTicket, removeShared } from "../../mod.ts";

const WORKERS = 3;
/** The length of a record in bytes: few in a page, so that memory grows all the time. */
const RECORD = 712;
const HEADER = 64;

if (isMainThread) await direct(process.argv[2]!, Number(process.argv[3]));
else append();

async function direct(kind: string, count: number): Promise<void> {
  const options = new MmapOptions({ len: HEADER, capacity: 2 ** 30 });
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
  const path = join(folder, "log");
  const name = `sysalloc-growth-${process.pid}`;
  const mmap = kind === "mapMut"
    ? options.create().mapMut(path)
    : kind === "mapShared"
    ? options.mapShared(name, { mode: "create" })
    : options.mapAnon();
  if (kind === "mapShared") removeShared(name);
  const { address } = mmap;
  const first = mmap.view(Int32Array, 0, 1);
  await Promise.all(
    Array.from({ length: WORKERS }, (_, index) =>
      new Promise<void>((resolve, reject) => {
        const program = fileURLToPath(import.meta.url);
        const data = { ticket: mmap.share(), count, id: index + 1 };
        const worker = new Worker(program, { workerData: data });
        worker.once("exit", () => resolve());
        worker.once("error", reject);
      })),
  );
  const end = HEADER + WORKERS * count * RECORD;
  const counts = Array<number>(WORKERS + 1).fill(0);
  for (let start = HEADER; start < end; start += RECORD) {
    const record = mmap.view(Uint8Array, start, RECORD);
    const [id] = record;
    counts[record.every((byte) => byte === id) ? id! : 0]!++;
  }
  const isWhole = mmap.byteLength === end && mmap.address === address && first.length === 1;
  const byteLength = kind === "mapMut" ? statSync(path).size : end;
  mmap.unmap();
  rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ counts, isWhole, isFileWhole: byteLength === end }));
  process.exit(0);
}

function append(): void {
  const { ticket, count, id } = workerData as {
    readonly ticket: MmapTicket;
    readonly count: number;
    readonly id: number;
  };
  const mmap = Mmap.fromTicket(ticket);
  const next = mmap.view(Int32Array, 0, 1);
  const record = new Uint8Array(RECORD).fill(id);
  for (let index = 0; index < count; index++) {
    const start = HEADER + Atomics.add(next, 0, RECORD);
    if (start + RECORD > mmap.byteLength) mmap.resize(start + RECORD);
    if (index % 2 === 0) mmap.write(record, start);
    else mmap.view(Uint8Array, start, RECORD).set(record);
  }
  mmap.unmap();
}
