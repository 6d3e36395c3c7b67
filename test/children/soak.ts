// Takes sequences of all calls for long, or one list of steps, and prints what it came to.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { sequenceOf, type Step, World } from "../model/sequence.ts";
import { Leaks } from "../model/leaks.ts";
import { Stranger } from "../model/stranger.ts";
import { Mismatch } from "../model/world.ts";
import { slotsInUse } from "../support/slots_in_use.ts";

/** The request to the child. */
interface Task {
  readonly seed: number;
  /** The number of calls. */
  readonly calls: number;
  /** The length of a sequence, in steps. */
  readonly length: number;
  /** The file that the number of the present sequence is written to. */
  readonly progress?: string;
  /** The steps to take instead, in one or more sequences. */
  readonly steps?: readonly (readonly Step[])[];
  /** True if another thread does anything meanwhile. */
  readonly stranger?: boolean;
  /** True if each call is printed before it is made. */
  readonly trace?: boolean;
}

const task: Task = JSON.parse(readFileSync(process.argv[2]!, "utf8"));
Error.stackTraceLimit = 3; // many calls are made to throw, and stacks cost
const world = new World();
if (task.stranger) world.stranger = await Stranger.start(task.seed);
if (task.trace) world.trace = (line) => writeSync(1, `${line}\n`);

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
/** The number of open descriptors of the files: the runtimes open others of their own. */
function descriptors(): number {
  if (process.platform !== "linux") return 0;
  const names = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // that of the folder itself
    }
  });
  return names.filter((name) => name.includes("/sysalloc-model-")).length;
}

/** Reports at most every so often. */
const REPORT_MS = 2000;
let reported = performance.now();
let reportedCalls = 0;

function report(): void {
  const now = performance.now();
  if (now - reported < REPORT_MS) return;
  const rate = Math.round((world.calls - reportedCalls) / (now - reported) * 1000);
  writeSync(1, `${JSON.stringify({ calls: world.calls, rate })}\n`);
  [reported, reportedCalls] = [now, world.calls];
}

/** The sequences before it open what stays open. */
const FIRST_WATCHED = 3;
let leaks: Leaks | undefined;
let opened = 0;
let isWatched = false;

function watch(): void {
  // What the other thread unmaps, as the last one to have it, is not seen here.
  if (!task.stranger) leaks = new Leaks();
  opened = descriptors();
  isWatched = true;
}

const failure = { kind: "", message: "", index: -1 };

async function takeAll(): Promise<void> {
  if (task.steps !== undefined) {
    for (const steps of task.steps) await world.run(steps);
    await world.collect();
    return;
  }
  const file = openSync(task.progress!, "w");
  const number = new Uint32Array(1);
  for (let index = 0; world.calls < task.calls; index++) {
    if (index === FIRST_WATCHED) watch();
    failure.index = number[0] = index;
    writeSync(file, number, 0, 4, 0);
    await world.run(sequenceOf(task.seed, index, task.length, task.stranger));
    // The collector's callbacks come between turns of the event loop.
    if (index % 20 === 0) await turn();
    report();
  }
  closeSync(file);
}

try {
  await takeAll();
} catch (error) {
  failure.kind = error instanceof Mismatch ? error.kind : "outcome";
  failure.message = error instanceof Error ? `${error.message}` : String(error);
  if (!(error instanceof Mismatch)) failure.message += `\n${(error as Error).stack}`;
}
let left = { byteLength: 0, descriptors: 0 };
if (failure.kind === "") {
  world.clear();
  // On a busy machine finalizers come late.
  for (let round = 0; round < 20; round++) {
    await world.collect();
    left = {
      byteLength: leaks?.byteLength() ?? 0,
      descriptors: isWatched ? Math.max(0, descriptors() - opened) : 0,
    };
    if (round >= 1 && left.byteLength === 0 && left.descriptors === 0) break;
  }
}
if (failure.kind === "" && task.stranger && slotsInUse() > 0) {
  Object.assign(failure, { kind: "outcome", message: `${slotsInUse()} slots are in use` });
}
world.names.clear();
world.files.remove();
writeSync(1, `${JSON.stringify({ done: true, calls: world.calls, failure, left })}\n`);
process.exit(failure.kind === "" ? 0 : 3);
