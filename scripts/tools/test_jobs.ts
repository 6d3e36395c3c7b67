/**
 * The suite in parts, which free cores take one after the other, the longest first.
 *
 * @module
 */
import { join } from "node:path";
import type { Tier } from "../../test/support/rounds.ts";
import { project, removeIfThere } from "./cache.ts";
import { output } from "./processes.ts";
import type { RuntimeResult } from "./results.ts";
import { sideBySide } from "./side_by_side.ts";
import {
  processFiles,
  quickFiles,
  readReport,
  RUNTIMES,
  suiteArguments,
  type Tally,
} from "./suite.ts";

export const TIERS: readonly Tier[] = ["quick", "few", "all"];

export function isTier(text: string): text is Tier {
  return TIERS.some((tier) => tier === text);
}

/** Files that one process runs. */
export interface Job {
  readonly runtime: string;
  /** Its name in the progress. */
  readonly name: string;
  readonly files: readonly string[];
}

/** Options of a run of jobs. */
export interface JobOptions {
  readonly tier: Tier;
  /** True to list the skipped tests. */
  readonly isVerbose: boolean;
}

/** The sums of a run. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** By the labels of the runtimes. */
  readonly results: Readonly<Record<string, RuntimeResult>>;
}

/** The times of the jobs in the last run, in seconds, by runtime and name. */
type Times = Readonly<Record<string, number>>;

const TIMES = ".cache/test_times.json";

/** Node.js stores compiled code there, which saves a tenth of the suite's time in it. */
const COMPILED = join(project, ".cache/compiled");

/** The time limit of a job: many times its usual time. */
const MAX_MINUTES: Readonly<Record<Tier, number>> = { quick: 10, few: 20, all: 60 };

/**
 * The files that start child processes, in parts that take about as long as each other.
 * A process of its own for each would take half a second of the processor more.
 */
const PARTS: Readonly<Record<string, RegExp>> = {
  "threads that wait": /wait_async|in_flight|waiting/,
  "threads and collection": /tickets|races|collection|model/,
  "files and truncation": /truncation|file|permissions|command|shared/,
  "other processes": /./,
};

/**
 * The parts of a run. The tests that start no child process are one: they take less
 * than it takes to load the suite again for each file.
 */
export function jobsOf(
  runtimes: readonly string[],
  files: readonly string[],
  tier: Tier,
): readonly Job[] {
  return runtimes.flatMap((runtime) => {
    if (files.length > 0) return [{ runtime, name: files.join(" "), files }];
    const quick = { runtime, name: "without child processes", files: quickFiles() };
    if (tier === "quick") return [quick];
    const parts = Object.groupBy(
      processFiles(),
      (file) => Object.keys(PARTS).find((part) => PARTS[part]!.test(file))!,
    );
    return [
      quick,
      ...Object.entries(parts).map(([name, files = []]) => ({ runtime, name, files })),
    ];
  });
}

/** Runs jobs side by side, and prints a line for each. */
export async function runJobs(
  jobs: readonly Job[],
  { tier, isVerbose }: JobOptions,
): Promise<Summary> {
  const start = performance.now();
  await removeOldCode();
  const last = await readTimes();
  const times: Record<string, number> = { ...last };
  const timeOf = (job: Job) => last[keyOf(job, tier)] ?? Infinity;
  const total = { passed: 0, failed: 0, skipped: 0 };
  const results: Record<string, RuntimeResult> = {};
  let done = 0;
  await sideBySide(jobs.toSorted((a, b) => timeOf(b) - timeOf(a) || 0), async (job) => {
    const begin = performance.now();
    const tally = await runJob(job, tier);
    const seconds = (performance.now() - begin) / 1000;
    times[keyOf(job, tier)] = seconds;
    const [passed, failed, skipped] = [tally.passed, tally.failed.length, tally.skipped.length];
    const { label, version } = RUNTIMES[job.runtime]!;
    const sum = results[label] ?? { version, passed: 0, failed: 0, skipped: 0 };
    results[label] = {
      version,
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    };
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    const place = `[${String(++done).padStart(String(jobs.length).length)}/${jobs.length}]`;
    console.log(
      `${place} ${job.runtime.padEnd(6)} ${job.name}: ${words(passed, failed, skipped)} ` +
        `(${seconds.toFixed(1)} s)`,
    );
    for (const failure of tally.failed) console.log(`  failed: ${failure}`);
    if (isVerbose) { for (const skip of tally.skipped) console.log(`  ${skip}`); }
  });
  await writeTimes(times);
  for (const [label, { passed, failed, skipped }] of Object.entries(results)) {
    console.log(`${label}: ${words(passed, failed, skipped)}`);
  }
  const minutes = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${minutes} s`);
  console.log(words(total.passed, total.failed, total.skipped));
  return { ...total, results };
}

function words(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Runs a job; one that ends without a report has failed, and so has one that takes
 * longer than `maxMs`: Node.js does not end while something of a test that timed out is
 * under way, and no runtime ends a test that blocks it.
 */
export async function runJob(
  { runtime, files }: Omit<Job, "name">,
  tier: Tier,
  maxMs: number = MAX_MINUTES[tier] * 60_000,
): Promise<Tally> {
  const { runner, program } = RUNTIMES[runtime]!;
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { code, end, timedOut, stdout, stderr } = await output(
      [program, ...suiteArguments(runner, files, report)],
      {
        env: { NO_COLOR: "1", SYSALLOC_TIER: tier, NODE_COMPILE_CACHE: COMPILED },
        limit: maxMs / 1000,
      },
    );
    const tally = readReport(await Deno.readTextFile(report));
    const isEmpty = tally.passed + tally.skipped.length === 0;
    if (code === 0 && !isEmpty) return tally;
    console.log(stdout);
    console.error(stderr);
    if (tally.failed.length > 0) return tally;
    const failure = timedOut
      ? `the run was ended after ${maxMs / 60_000} minutes`
      : `the run ended with ${end}${isEmpty ? ", and no test was reported" : ""}`;
    return { ...tally, failed: [failure] };
  } finally {
    await Deno.remove(report);
  }
}

/** Each version of a source adds to the compiled code, so it begins again every day. */
async function removeOldCode(): Promise<void> {
  const made = (await Deno.lstat(COMPILED).catch(() => undefined))?.mtime;
  if (made && made.getTime() < Date.now() - 86_400_000) await removeIfThere(COMPILED);
}

function keyOf({ runtime, name }: Job, tier: Tier): string {
  return `${tier} ${runtime} ${name}`;
}

async function readTimes(): Promise<Times> {
  try {
    return JSON.parse(await Deno.readTextFile(TIMES));
  } catch {
    return {}; // never written, or not to the end
  }
}

async function writeTimes(times: Times): Promise<void> {
  await Deno.mkdir(".cache", { recursive: true });
  await Deno.writeTextFile(TIMES, JSON.stringify(times, undefined, 2));
}
