// Starts asynchronous calls of the runtime on views, changes and unmaps each right away,
// and does so again and again, with other mappings made meanwhile. Prints what came of
// each, and last, for "held", how many ranges are held in the end.
import { Buffer } from "node:buffer";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { heldRanges } from "../../core/lifetime/held_totals.ts";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage, collectUntil } from "../support/harness.ts";
import { IN_FLIGHT_CALLS, type InFlightCall, LENGTH } from "../support/in_flight_calls.ts";
import { rounds } from "../support/rounds.ts";

const names = process.argv.slice(2);
/** The content of other mappings that are made meanwhile. */
const CONTENTS = [1, 2, 3].map((fill) => Buffer.alloc(LENGTH / 4, fill));
/** The outcomes of the call, and their numbers. */
let outcomes: Record<string, number> = {};
/** The number of other mappings, or files, that it harmed. */
let harmed = 0;

function count(outcome: string): void {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
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

/** Changes of a mapping that must leave its range loadable and storable. */
const CHANGES: readonly ((mmap: Mmap, call: InFlightCall) => void)[] = [
  () => {},
  (mmap) => mmap.protect("none"),
  (mmap) => mmap.protect("read", 0, LENGTH / 2),
  (mmap) => {
    mmap.resize(LENGTH / 2); // stays where it is
    mmap.protect("none");
  },
  (mmap) => mmap.decommit(0, LENGTH),
  (mmap) => mmap.resize(2 * LENGTH),
  (mmap) => mmap.resize(LENGTH / 2),
  (mmap, { stores }) => {
    mmap.resize(1);
    mmap.resize(2 * LENGTH);
    // The same range is part of the mapping again, so that a call may still store there.
    if (stores !== true && mmap.bytes[LENGTH - 1] !== 0) harmed++;
  },
];
/** The changes from this one on are within a capacity. */
const IN_PLACE = 6;
let changeCount = 0;

/** Changes a mapping in one of these ways after the other. */
function change(mmap: Mmap, call: InFlightCall): void {
  const index = changeCount++ % CHANGES.length;
  if (mmap.byteLength !== LENGTH) return;
  try {
    CHANGES[index]!(mmap, call);
  } catch (error) {
    if ((error as { code: unknown }).code !== "EBUSY") throw error;
    return;
  }
  if (mmap.access !== "read-write" && index < 4) harmed++; // what is in flight would crash
}

/** A call that was started, and its mapping if that could not be unmapped yet. */
interface Started {
  readonly over: Promise<unknown>;
  readonly prepared: unknown;
  readonly busy?: Mmap;
}

/**
 * Starts and unmaps. Nothing here may keep a view while the call runs, which
 * is for the runtime to do: no function is made where one is in scope.
 */
async function startAndUnmap(call: InFlightCall, folder: string): Promise<Started> {
  const isInPlace = changeCount % CHANGES.length >= IN_PLACE;
  const capacity = isInPlace ? 2 * LENGTH : 0;
  const mmap = new MmapOptions({ len: call.byteLength ?? LENGTH, capacity }).mapAnon();
  mmap.bytes.fill(7);
  const prepared = await call.prepare?.(folder, mmap.bytes) as Prepared;
  const over = start(call, mmap, folder, prepared);
  await prepared?.inFlight;
  try {
    change(mmap, call);
    mmap.unmap();
  } catch (error) {
    if ((error as { code: unknown }).code !== "EBUSY") throw error;
    count("EBUSY");
    return { over, prepared, busy: mmap };
  }
  return { over, prepared };
}

type Prepared = { readonly inFlight?: Promise<void> } | undefined;

function start({ start }: InFlightCall, mmap: Mmap, folder: string, prepared: Prepared) {
  const bytes = changeCount % 2 === 0 ? mmap.bytes : new Uint8Array(mmap.arrayBuffer());
  try {
    return start(bytes, folder, prepared);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Waits for a call to end, or to be given up. */
function settled(over: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    giveUp = resolve;
    over.then(() => count("settled"), (error: Error) => count(describe(error))).then(resolve);
  });
}

/** Other mappings, at the addresses that are free now. */
function mapOthers(): void {
  for (const content of CONTENTS) {
    const mmap = new MmapOptions({ len: content.length }).mapAnon();
    mmap.bytes.set(content);
    others.push({ mmap, content });
  }
}

let others: { readonly mmap: Mmap; readonly content: Buffer }[] = [];

/** Counts the other mappings that were stored to, and looks for their contents in what was written. */
function countHarmed(folder: string): void {
  for (const { mmap, content } of others) {
    if (!content.equals(mmap.bytes)) harmed++;
    mmap.unmap();
  }
  others = [];
  const written = join(folder, "target");
  if (!existsSync(written)) return;
  const bytes = readFileSync(written);
  if (CONTENTS.some((content) => bytes.includes(content[0]!))) harmed++;
}

async function round(call: InFlightCall): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
  const { over, prepared, busy } = await startAndUnmap(call, folder);
  const patience = setTimeout(() => {
    count("never settled");
    giveUp();
  }, call.patienceMs ?? 60_000);
  let isOver = false;
  const end = settled(over).then(() => {
    isOver = true;
  });
  for (let turn = 0; !isOver; turn++) {
    if (turn < 4) mapOthers(); // where a range was freed too early, they take it
    await Promise.race([end, collectUntil(() => isOver, 4)]);
  }
  clearTimeout(patience);
  await call.end?.(prepared);
  countHarmed(folder);
  busy?.unmap();
  rmSync(folder, { recursive: true });
}

async function resultOf(call: InFlightCall): Promise<unknown> {
  [outcomes, harmed] = [{}, 0];
  for (let index = 0; index < rounds("inFlight"); index++) await round(call);
  return { outcomes, harmed };
}

async function countHeld(): Promise<number> {
  // The last one or two can still be in a register or on the stack.
  for (let attempt = 0; attempt < 20 && heldRanges().count > 0; attempt++) {
    await collectGarbage();
    if (attempt > 5 && heldRanges().count <= 2) break;
  }
  return heldRanges().count;
}

for (const name of names) {
  const call = IN_FLIGHT_CALLS[name];
  const value = call === undefined ? await countHeld() : await resultOf(call);
  console.log(JSON.stringify([name, value]));
}
process.exit(0); // whatever a call left behind
