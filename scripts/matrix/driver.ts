/**
 * Runs the suite on platforms, in each of their runtimes: fetches, runs,
 * judges and records.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { refuse } from "../arguments.ts";
import { sideBySide } from "../side_by_side.ts";
import { suiteArguments, testFiles } from "../suite.ts";
import { emptyFolder, locked, logs, readIfThere } from "./cache.ts";
import type { Guest, Platform } from "./platform.ts";
import { type NoResult, recordRun, type ResultsFile, wholeSuite } from "./results.ts";
import type { RuntimeBuild } from "./runtimes.ts";
import { step, Unavailable } from "./steps.ts";
import type { RunRecord } from "./summary.ts";
import { countFailures, excerpt, judge, lossOf, type Verdict } from "./verdict.ts";

/** How a matrix is run. */
export interface MatrixOptions {
  /** Where its results are kept. */
  readonly results: ResultsFile;
  /** Sets up what all of its platforms need. Default: they need nothing. */
  readonly prepare?: () => Promise<void>;
  /** The runtimes to run; the results of the others stay. Default: all. */
  readonly chooses?: (runtime: RuntimeBuild, platform: string) => boolean;
  /** Chooses test files, which do not count as a run of the suite. Default: all, which do. */
  readonly files?: ((runtime: RuntimeBuild) => readonly string[]) | undefined;
}

/** The platforms that are named on the command line, or all; ends the process where one is unknown. */
export function namedPlatforms(
  platforms: readonly Platform[],
  names: readonly string[],
): readonly Platform[] {
  const unknown = names.filter((name) => !platforms.some((platform) => platform.name === name));
  if (unknown.length > 0) {
    const known = platforms.map(({ name }) => name).join(", ");
    refuse(`Unknown: ${unknown.join(", ")}; there are ${known}`);
  }
  return platforms.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Runs platforms side by side, the first ones first, as many as there are cores. */
export async function runMatrix(
  platforms: readonly Platform[],
  options: MatrixOptions,
): Promise<RunRecord[]> {
  const { prepare, results } = options;
  using _lock = await locked(basename(dirname(results.path)));
  if (prepare !== undefined) await step("copy of the suite", () => prepare());
  const records: RunRecord[][] = [];
  await sideBySide(platforms.entries(), async ([index, platform]) => {
    records[index] = await runPlatform(platform, options);
  });
  const all = records.flat();
  return options.files === undefined ? all : comparedToEachOther(all);
}

/** Marks runs of chosen files that had fewer tests than the others: nobody knows how many there are. */
function comparedToEachOther(records: readonly RunRecord[]): RunRecord[] {
  const totalOf = ({ result }: RunRecord) =>
    "unavailable" in result ? 0 : result.passed + result.failed + result.skipped;
  const whole = Math.max(...records.map(totalOf));
  return records.map((record) => {
    const { result } = record;
    if ("unavailable" in result) return record;
    const problem = record.problem ?? lossOf(result.passed + result.failed, whole);
    const failed = Math.max(result.failed, problem === undefined ? 0 : 1);
    return { ...record, result: { ...result, failed }, problem };
  });
}

/** Sets a platform up and runs the suite there in each of its runtimes. */
async function runPlatform(
  platform: Platform,
  options: MatrixOptions,
): Promise<RunRecord[]> {
  const { name, title, how, runtimes } = platform;
  const { results, chooses = () => true } = options;
  await emptyFolder(logs(name));
  const guest = await orUnavailable(platform.start());
  if ("unavailable" in guest) {
    // The results of the last time that the platform was there stay.
    return [{ platform: name, runtime: "", result: guest, skipped: [] }];
  }
  const records: RunRecord[] = [];
  for (const runtime of runtimes.filter((runtime) => chooses(runtime, name))) {
    records.push(await runRuntime(name, guest, runtime, options));
  }
  if (options.files !== undefined) return records;
  const entry = {
    title,
    how,
    runtimes: Object.fromEntries(records.map(({ runtime, result }) => [runtime, result])),
  };
  recordRun(results, name, entry, runtimes.map(({ label }) => label));
  return records;
}

/** Runs the suite in one runtime. */
async function runRuntime(
  name: string,
  guest: Guest,
  runtime: RuntimeBuild,
  { results, files: chosen }: MatrixOptions,
): Promise<RunRecord> {
  const { label, id, runner, version, options = [], fetch } = runtime;
  const files = chosen?.(runtime) ?? runtime.files ?? testFiles();
  const title = `${name}: ${label}`;
  const record = { platform: name, runtime: label };
  const executable = await orUnavailable(step(`${title}, fetched`, fetch));
  if (typeof executable !== "string") {
    return { ...record, result: executable, skipped: [] };
  }
  const log = join(logs(name), `${id}.log`);
  const report = join(logs(name), `${id}.xml`);
  const command = [
    guest.path(executable),
    ...options,
    ...suiteArguments(runner, files, guest.path(report)),
  ];
  const verdict = await orUnavailable(step(title, async () => {
    const outcome = await guest.run(command, { log, report });
    return await judge(outcome, report, chosen === undefined ? wholeSuite(results) : 0);
  }, describe));
  if ("unavailable" in verdict) return { ...record, result: verdict, skipped: [] };
  const { passed, skipped, problem } = verdict;
  const failed = countFailures(verdict);
  const failures = verdict.failed.map((test) => `${title} failed: ${test}\n`).join("");
  return {
    ...record,
    result: { version, passed, failed, skipped: skipped.length },
    skipped,
    problem,
    failures: failed > 0 ? failures + excerpt(runner, await readIfThere(log) ?? "") : undefined,
  };
}

/** What `work` comes to, or the reason why that is unavailable. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T | NoResult> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Unavailable) return { unavailable: error.message };
    throw error;
  }
}

function describe({ passed, failed, skipped, problem }: Verdict): string {
  const counts = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
  return problem === undefined ? counts : `${counts}, ${problem}`;
}
