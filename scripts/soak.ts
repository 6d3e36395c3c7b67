/**
 * Takes random sequences of all calls of the library for long, in child
 * processes, and compares every outcome with a model. What crashes, or is not
 * as the model says, is shrunk to the shortest sequence that still does it.
 *
 * @module
 */
import { sequenceOf, type Step } from "../test/model/sequence.ts";
import { readArguments, refuse, wholeNumber } from "./tools/arguments.ts";
import { sideBySide } from "./tools/side_by_side.ts";
import { type LocalRuntime, RUNTIMES } from "./tools/suite.ts";
import { shrink } from "./tools/shrink.ts";

/** The end of a child. */
interface Ending {
  /** The fault: a signal, an exit code, or a difference from the model; empty if there is none. */
  readonly kind: string;
  readonly message: string;
  readonly output: string;
  readonly calls: number;
  readonly left: { readonly byteLength: number; readonly descriptors: number };
  /** The sequence that was under way. */
  readonly index: number;
}

/** The task of a child: see `test/children/soak.ts`. */
interface Task {
  readonly seed: number;
  readonly calls: number;
  readonly length: number;
  readonly progress?: string;
  readonly steps?: readonly (readonly Step[])[];
  readonly trace?: boolean;
  readonly stranger: boolean;
}

const USAGE = `Usage: npm run soak -- [--calls N] [--seed S] [--runtime NAME]... [--stranger]

Takes random sequences of all calls of the library, compares every outcome
with a model, and shrinks what crashes or differs to the shortest sequence that
still does.

Options:
      --calls N       how many calls to make in each runtime (default: 1000000)
      --seed S        the number that the sequences follow from, to repeat a run
                      (default: another one each time)
      --runtime NAME  one of ${Object.keys(RUNTIMES).join(", ")}; may be repeated
                      (default: deno, bun, node26, node22)
      --stranger      have another thread do anything meanwhile, with the same memory too
  -h, --help          print this`;

/** The length of a sequence, in steps. */
const LENGTH = 60;
/** A child makes so many calls at most: the next one starts anew. */
const CALLS_A_CHILD = 1_000_000;
/** So many sequences before the one that failed can be what it takes. */
const HISTORIES = [0, 8, 200];
/** A child that replays steps is ended after so long, in milliseconds. */
const REPLAY_TIMEOUT_MS = 60_000;
/** The end of a sequence among steps. */
const END: Step = ["end", 0, 0, 0, 0];

const totals = { calls: 0, crashes: 0, content: 0, outcome: 0, byteLength: 0, descriptors: 0 };

const { values } = readArguments({
  usage: USAGE,
  options: {
    calls: { type: "string", default: "1000000" },
    stranger: { type: "boolean", default: false },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    runtime: { type: "string", multiple: true, default: ["deno", "bun", "node26", "node22"] },
  },
});
const calls = wholeNumber("--calls", values.calls);
const seed = wholeNumber("--seed", values.seed);
const unknown = values.runtime.find((name) => !Object.hasOwn(RUNTIMES, name));
if (unknown !== undefined) {
  refuse(`--runtime must be one of ${Object.keys(RUNTIMES).join(", ")}, got '${unknown}'`);
}
await sideBySide(values.runtime, (name) => soak(name, RUNTIMES[name]!));
const { calls: made, crashes, content, outcome, byteLength, descriptors } = totals;
console.log(
  `${made} calls, ${crashes} crashes, ${content} wrong contents, ${outcome} wrong outcomes, ` +
    `${byteLength} bytes left mapped, ${descriptors} descriptors left`,
);
Deno.exit(crashes + content + outcome + byteLength + descriptors > 0 ? 1 : 0);

/** Makes the calls in one runtime, in one child after the other. */
async function soak(name: string, runtime: LocalRuntime): Promise<void> {
  const start = performance.now();
  let done = 0;
  for (let round = 0; done < calls; round++) {
    const task = {
      seed: seed + round,
      calls: Math.min(CALLS_A_CHILD, calls - done),
      length: LENGTH,
      stranger: values.stranger,
    };
    const ending = await run(runtime, task, (calls, rate) => {
      const all = done + calls;
      console.log(`${name}: ${all} calls, ${rate} calls a second, seed ${task.seed}`);
    });
    done += ending.calls;
    totals.calls += ending.calls;
    const { byteLength, descriptors } = ending.left;
    if (byteLength + descriptors > 0) {
      console.log(
        `${name}: ${byteLength} bytes left mapped, ${descriptors} descriptors left, seed ${task.seed}`,
      );
    }
    totals.byteLength += byteLength;
    totals.descriptors += descriptors;
    if (ending.kind === "") continue;
    if (ending.kind === "content" || ending.kind === "outcome") totals[ending.kind]++;
    else totals.crashes++;
    await explain(name, runtime, task, ending);
    break;
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${name}: ${done} calls in ${seconds.toFixed(1)} s, ${Math.round(done / seconds)} a second`,
  );
}

/** Finds and prints the shortest sequence that ends as badly. */
async function explain(
  name: string,
  runtime: LocalRuntime,
  task: Task,
  { kind, message, index, output }: Ending,
): Promise<void> {
  console.log(`${name}: ${kind} in sequence ${index} of seed ${task.seed}\n${message || output}`);
  const fails = async (steps: readonly Step[]) =>
    (await run(runtime, { ...task, steps: sequences(steps) })).kind === kind;
  for (const count of HISTORIES) {
    const first = Math.max(0, index - count);
    const steps = Array.from(
      { length: index - first + 1 },
      (_, at) => [...sequenceOf(task.seed, first + at, LENGTH, task.stranger), END],
    ).flat();
    if (!await fails(steps)) continue;
    const shortest = await shrink(steps, fails);
    const last = await run(runtime, { ...task, steps: sequences(shortest), trace: true });
    console.log(`The shortest sequence (seed ${task.seed}):`);
    for (const step of shortest) console.log(`  ${JSON.stringify(step)}`);
    console.log(`Its calls:\n${last.output.trimEnd()}`);
    return;
  }
  console.log("The steps alone do not do it again: run the same seed");
}

function sequences(steps: readonly Step[]): Step[][] {
  const all: Step[][] = [[]];
  for (const step of steps) {
    if (step[0] === "end") all.push([]);
    else all.at(-1)!.push(step);
  }
  return all.filter((steps) => steps.length > 0);
}

/** Runs a child to its end. */
async function run(
  { runner, program }: LocalRuntime,
  task: Task,
  onProgress?: (calls: number, rate: number) => void,
): Promise<Ending> {
  const folder = await Deno.makeTempDir({ prefix: "sysalloc-soak-" });
  const progress = `${folder}/progress`;
  await Deno.writeTextFile(`${folder}/task.json`, JSON.stringify({ ...task, progress }));
  const signal = task.steps === undefined ? undefined : AbortSignal.timeout(REPLAY_TIMEOUT_MS);
  const child = new Deno.Command(program, {
    args: [...flags(runner), "test/children/soak.ts", `${folder}/task.json`],
    env: { NO_COLOR: "1", TMPDIR: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(signal && { signal }),
  }).spawn();
  try {
    const errors = new Response(child.stderr).text();
    let output = "";
    let last:
      | Omit<Ending, "kind" | "message" | "output" | "index"> & {
        readonly failure: { readonly kind: string; readonly message: string };
      }
      | undefined;
    let calls = 0;
    for await (const line of linesOf(child.stdout)) {
      if (!line.startsWith("{")) {
        output += `${line}\n`;
        continue;
      }
      const report = JSON.parse(line);
      calls = report.calls;
      if (report.done) last = report;
      else onProgress?.(report.calls, report.rate);
    }
    const status = await child.status;
    const index = new Uint32Array(
      (await Deno.readFile(progress).catch(() => new Uint8Array(4))).buffer,
    )[0]!;
    output += await errors;
    const nothing = { byteLength: 0, descriptors: 0 };
    if (last === undefined || ![0, 3].includes(status.code)) {
      const kind = `a crash (${status.signal ?? status.code})`;
      return { kind, message: "", output, calls, left: nothing, index };
    }
    return { ...last, ...last.failure, output, index };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function flags(runner: LocalRuntime["runner"]): string[] {
  switch (runner) {
    case "deno":
      return ["run", "--no-check", "-A", "--v8-flags=--expose-gc"];
    case "bun":
      return ["run"];
    case "node":
      return ["--no-warnings", "--expose-gc"];
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
