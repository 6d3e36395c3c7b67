/**
 * Makes every public call in the surroundings that programs live in: sandboxes, limits,
 * containers.
 *
 * @module
 */
import { resolve } from "node:path";
import { childUrl } from "../test/support/bundled.ts";
import { readArguments, refuse } from "./arguments.ts";
import { lead } from "./matrix/process.ts";
import { type Surrounding, SURROUNDINGS } from "./surroundings/declared.ts";
import { type Ending, isEndedByEngine, judge, type Verdict } from "./surroundings/judge.ts";
import { sideBySide } from "./side_by_side.ts";
import { type LocalRuntime, RUNTIMES } from "./suite.ts";

/** The runtimes that CI runs. */
const SHORT_RUNTIMES: readonly string[] = ["bun", "node26"];

const { values, positionals } = readArguments({
  usage: `Usage: npm run test:surroundings -- [--short] [--only TEXT] [--verbose] [RUNTIME]...

Makes every public call of the library in the surroundings that programs live in on Linux: system
calls that a sandbox refuses, small limits, a full disk, no /proc, a control group, a user without
rights, gVisor. No call may end the process, hang, leak or be refused without a reason. Needs
root; what cannot be had here is unavailable, and is not counted as passed. gVisor is
found as runsc, or by the environment variable RUNSC.

Arguments:
  RUNTIME          one of ${Object.keys(RUNTIMES).join(", ")} (default: all)

Options:
      --short      run only those surroundings and runtimes that CI runs
      --only TEXT  run those surroundings whose name contains this
      --verbose    print what each call came to
  -h, --help       print this`,
  options: {
    short: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    verbose: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !Object.hasOwn(RUNTIMES, name));
if (unknown !== undefined) {
  refuse(`Unknown: ${unknown}; there are ${Object.keys(RUNTIMES).join(", ")}`);
}
const chosen = SURROUNDINGS.filter(({ name, isShort }) =>
  (!values.short || isShort) && name.includes(values.only)
);
if (chosen.length === 0) {
  refuse(`--only must be in the name of a surrounding, got '${values.only}'`);
}
if (Deno.build.os !== "linux") {
  console.log(`Only Linux has them\n0 passed, 0 failed, ${chosen.length} unavailable`);
  Deno.exit(0);
}
const byDefault = values.short ? SHORT_RUNTIMES : Object.keys(RUNTIMES);
const runtimes = positionals.length > 0 ? positionals : byDefault;

const ENGINE_ENDS = "the engine ends the process where a call of its own is refused";

const programs = { probe: childUrl("probe.ts").pathname, plain: childUrl("plain.ts").pathname };
const scratch = await Deno.makeTempDir({ prefix: "sysalloc-surroundings-" });
await Deno.chmod(scratch, 0o755); // users without rights go there

const totals = { passed: 0, failed: 0, unavailable: 0 };
let done = 0;
const jobs = chosen.flatMap((surrounding) => runtimes.map((name) => ({ surrounding, name })));
try {
  await sideBySide(jobs, async ({ surrounding, name }) => {
    const begin = performance.now();
    const { kind, words } = await outcomeOf(surrounding, RUNTIMES[name]!);
    totals[kind]++;
    const place = `[${String(++done).padStart(String(jobs.length).length)}/${jobs.length}]`;
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`${place} ${name.padEnd(6)} ${surrounding.name}: ${words} (${seconds} s)`);
  });
} finally {
  await Deno.remove(scratch, { recursive: true });
}
const { passed, failed, unavailable } = totals;
console.log(`${passed} passed, ${failed} failed, ${unavailable} unavailable`);
Deno.exit(failed > 0 ? 1 : 0);

/** Runs the probe in one runtime, and tells what it came to. */
async function outcomeOf(
  surrounding: Surrounding,
  runtime: LocalRuntime,
): Promise<{ readonly kind: keyof typeof totals; readonly words: string }> {
  const first = await runProgram("probe", surrounding, runtime, true);
  let verdict = judge(first, surrounding.keeps);
  let note = "";
  if (!verdict.hasEnded) {
    // What ends the runtime without any use of the library is not the library's.
    if (isEndedByEngine(first)) {
      return { kind: "unavailable", words: `unavailable: ${ENGINE_ENDS}` };
    }
    const alone = await runProgram("plain", surrounding, runtime, false);
    if (!isPlain(alone)) {
      const isMissing = alone.code === 127 || alone.errors.includes("unshare failed");
      const reason = isMissing ? lastLine(alone) : "the runtime itself does not run";
      return { kind: "unavailable", words: `unavailable: ${reason}` };
    }
    const threads = await runProgram("plain", surrounding, runtime, true);
    if (!isPlain(threads)) {
      note = ", the runtime itself starts no thread";
      const again = await runProgram("probe", surrounding, runtime, false);
      if (isEndedByEngine(again)) {
        return { kind: "unavailable", words: `unavailable: ${ENGINE_ENDS}` };
      }
      verdict = judge(again, surrounding.keeps, threads.code); // it can fail to end those that it has
    }
  }
  if (values.verbose) console.log(first.output.replace(/^again, .*\n/gm, ""));
  return verdict.faults.length === 0
    ? { kind: "passed", words: `${counts(verdict)}${note}` }
    : { kind: "failed", words: `failed${note}\n  ${verdict.faults.join("\n  ")}` };
}

function counts({ worked, refused }: Verdict): string {
  return `${worked / 2} worked, ${refused / 2} were refused`; // each is made twice
}

function isPlain({ code, output }: Ending): boolean {
  return code === 0 && output.endsWith("end\n");
}

function lastLine({ errors }: Ending): string {
  return errors.trimEnd().split("\n").at(-1)!;
}

/** Runs a program of `test/children/` in a surrounding. */
async function runProgram(
  program: keyof typeof programs,
  { filter, command, maxSeconds }: Surrounding,
  { runner, program: executable }: LocalRuntime,
  threads: boolean,
): Promise<Ending> {
  const folder = await Deno.makeTempDir({ dir: scratch });
  await Deno.chmod(folder, 0o777);
  const flags = {
    deno: ["run", "--no-check", "-A", "--v8-flags=--expose-gc"],
    bun: ["run"],
    node: ["--no-warnings", "--expose-gc"],
  }[runner];
  const args = [folder, filter, threads ? "threads" : ""];
  const words = [resolve(executable), ...flags, programs[program], ...args];
  // Not into a file: its length can be limited.
  const env = { NO_COLOR: "1", HOME: folder, DENO_NO_UPDATE_CHECK: "1" };
  const { result: { code, stdout, stderr }, timedOut } = await lead(
    command(words, folder),
    { env, stdout: "piped", stderr: "piped" },
    maxSeconds,
    (child) => child.output(),
  );
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, timedOut, output: output!, errors: errors! };
}
