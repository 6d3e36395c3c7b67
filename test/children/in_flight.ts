// Starts asynchronous calls of the runtime on views, unmaps each right away, and
// does so again and again, with other mappings made meanwhile.
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countHeldRanges } from "../../core/lifetime.ts";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../harness.ts";
import { IN_FLIGHT_CALLS, type InFlightCall } from "../in_flight_calls.ts";

const LENGTH = 32 * 2 ** 20;
const [rounds = "1", ...names] = process.argv.slice(2);
/** What other mappings, made meanwhile, hold. */
const CONTENTS = [1, 2, 3].map((fill) => Buffer.alloc(LENGTH / 4, fill));
/** What came of the calls, by their names, and how often. */
const outcomes: Record<string, Record<string, number>> = {};
let harmed = 0;

let current: Record<string, number> = {};

function count(outcome: string): void {
  current[outcome] = (current[outcome] ?? 0) + 1;
}

process.exitCode = 1; // until all was counted

// Some calls throw where nobody can catch it, and then never settle.
let giveUp = (): void => {};
process.on("uncaughtException", (error) => {
  count(describe(error));
  giveUp();
});

function describe({ name, message }: Error): string {
  return `${name}: ${message}`;
}

/** What was started, and whether its mapping could not be unmapped yet. */
interface Started {
  readonly over: Promise<void>;
  readonly end: () => unknown;
  readonly busy?: Mmap;
}

/** Starts and unmaps in a frame of its own, so that no local keeps the view. */
async function startAndUnmap(call: InFlightCall, folder: string): Promise<Started> {
  const { prepare, start, end = () => {} } = call;
  const mmap = new MmapOptions({ len: call.byteLength ?? LENGTH }).mapAnon();
  mmap.bytes.fill(7);
  const prepared = await prepare?.(folder, mmap.bytes) as { inFlight?: Promise<void> } | undefined;
  const started = new Promise<void>((resolve) => {
    giveUp = resolve;
    start(mmap.bytes, folder, prepared)
      .then(() => count("settled"), (error: Error) => count(describe(error)))
      .then(resolve);
  });
  await prepared?.inFlight;
  try {
    mmap.unmap();
  } catch (error) {
    if ((error as { code: unknown }).code !== "EBUSY") throw error;
    count("EBUSY");
    return { over: started, end: () => end(prepared), busy: mmap };
  }
  return { over: started, end: () => end(prepared) };
}

async function round(call: InFlightCall): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
  const { over, end, busy } = await startAndUnmap(call, folder);
  const others = CONTENTS.map((content) => {
    const mmap = new MmapOptions({ len: content.length }).mapAnon();
    mmap.bytes.set(content);
    return { mmap, content };
  });
  const patience = setTimeout(() => {
    count("never settled");
    giveUp();
  }, call.patienceMs ?? 60_000);
  let isOver = false;
  const settled = over.then(() => {
    isOver = true;
  });
  while (!isOver) await Promise.race([settled, collectGarbage()]);
  clearTimeout(patience);
  await end();
  for (const { mmap, content } of others) {
    if (!content.equals(mmap.bytes)) harmed++;
    mmap.unmap();
  }
  busy?.unmap();
  rmSync(folder, { recursive: true });
}

for (const name of names) {
  outcomes[name] = current = {};
  const call = IN_FLIGHT_CALLS[name]!;
  for (let index = 0; index < Number(rounds); index++) await round(call);
}
// The last one or two can still be in a register or on the stack.
for (let attempt = 0; attempt < 20 && countHeldRanges() > 0; attempt++) {
  await collectGarbage();
  if (attempt > 5 && countHeldRanges() <= 2) break;
}
const left = countHeldRanges();
console.log(JSON.stringify({ outcomes, harmed, left }));
process.exit(0); // whatever a call left behind
