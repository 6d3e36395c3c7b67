/**
 * The suite as the run of a matrix: in a build of a runtime, on this system or another.
 *
 * @module
 */
import { join } from "node:path";
import { emptyFolder, logs, readIfThere } from "./cache.ts";
import type { Outcome, Place, RunRecord } from "./matrix.ts";
import { type Ending, tail } from "./processes.ts";
import { recordRun, type ResultsFile, wholeSuite } from "./results.ts";
import type { RuntimeBuild } from "./runtimes.ts";
import { readReport, type Runner, suiteArguments, type Tally } from "./suite.ts";

/** A system that runs the suite. */
export interface System {
  /** Its name on the command line and in the results. */
  readonly name: string;
  /** Its name in the README. */
  readonly title: string;
  /** The way that this machine runs it, for the README. */
  readonly how: string;
  readonly builds: readonly RuntimeBuild[];
  /** Sets it up. Throws `Unavailable` if this machine lacks what it takes. */
  readonly start: () => Promise<Guest>;
}

/** A system that has been set up. */
export interface Guest {
  /** The path by which the guest knows a file in the cache. */
  readonly path: (file: string) => string;
  /** Runs a command, given in the guest's own paths, in the copy of the suite. */
  readonly run: (command: readonly string[], files: GuestFiles) => Promise<Ending>;
}

/** The files that a guest writes, as paths of this machine. */
export interface GuestFiles {
  /** All that the command prints. */
  readonly log: string;
  /** The file that the command was told to write. */
  readonly report: string;
}

/** The test files of a run. */
export interface SuiteFiles {
  readonly all: readonly string[];
  /** Those that CI runs. */
  readonly short: readonly string[];
}

/** The part of the suite that must have run for a runtime to count as tested. */
const LEAST_SHARE = 0.85;

/** The suite in each build of a system. */
export function suitePlace(
  { name, builds, start }: System,
  isShort: (build: RuntimeBuild) => boolean,
  filesOf: (build: RuntimeBuild) => SuiteFiles,
): Place<Guest> {
  return {
    name,
    start: async () => {
      await emptyFolder(logs(name));
      return await start();
    },
    runs: builds.map((build) => ({
      name: build.label,
      isShort: isShort(build),
      run: (guest, isShort) =>
        runSuite(name, guest, build, filesOf(build)[isShort ? "short" : "all"]),
    })),
  };
}

async function runSuite(
  place: string,
  guest: Guest,
  { id, runner, options = [], fetch }: RuntimeBuild,
  files: readonly string[],
): Promise<Outcome> {
  const executable = await fetch();
  const log = join(logs(place), `${id}.log`);
  const report = join(logs(place), `${id}.xml`);
  const ending = await guest.run([
    guest.path(executable),
    ...options,
    ...suiteArguments(runner, files, guest.path(report)),
  ], { log, report });
  const tally = readReport(await readIfThere(report) ?? "");
  const { passed, failed, skipped } = tally;
  const problem = problemOf(ending, tally);
  const outcome = { passed, failed: failed.length, skipped };
  if (failed.length === 0 && problem === undefined) return outcome;
  const named = failed.map((test) => `failed: ${test}\n`).join("");
  const failures = named + excerpt(runner, await readIfThere(log) ?? "");
  return problem === undefined
    ? { ...outcome, failures }
    : faulty({ ...outcome, failures }, problem);
}

function problemOf(
  { code, timedOut }: Ending,
  { passed, failed, skipped }: Tally,
): string | undefined {
  if (timedOut) return "did not end in time";
  if (passed + failed.length + skipped.length === 0) return `no report, exit code ${code}`;
  if (code !== 0 && failed.length === 0) return `exit code ${code}`;
}

/** An outcome that has failed for another reason than its tests. */
function faulty(outcome: Outcome, problem: string): Outcome {
  const { passed, failed, skipped, failures = "" } = outcome;
  const counts = `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
  return {
    ...outcome,
    failed: Math.max(1, failed),
    words: `${counts}, ${problem}`,
    failures: `${problem}\n${failures}`,
  };
}

/** The part of a log that tells of the failures. */
function excerpt(runner: Runner, log: string): string {
  const text = log.replaceAll("\r\n", "\n");
  const lines = 200;
  switch (runner) {
    case "deno":
      return tail(text.slice(Math.max(0, text.indexOf("\n ERRORS "))), lines);
    case "node":
      return tail(text.slice(Math.max(0, text.indexOf("failing tests:"))), lines);
    case "bun": {
      // The message of a failure precedes the line that names the test.
      const blocks = text.split(/(?<=^\((?:pass|fail|skip)\) .*\n)/m);
      const failed = blocks.filter((block) => /^\(fail\)/m.test(block));
      return tail(failed.join("") || text, lines);
    }
  }
}

/**
 * Ends a matrix of the suite. A run fails if it had far fewer tests than the others, because a
 * report can lack tests. Runs of the whole suite are recorded.
 */
export function finishSuite(file: ResultsFile, systems: readonly System[]) {
  return (records: readonly RunRecord[], isShort: boolean): readonly RunRecord[] => {
    const isSuite = ({ place }: RunRecord) => systems.some(({ name }) => name === place);
    const totals = records.filter(isSuite).map(({ outcome }) =>
      "unavailable" in outcome ? 0 : outcome.passed + outcome.failed + outcome.skipped.length
    );
    const whole = Math.max(isShort ? 0 : wholeSuite(file), ...totals);
    const judged = records.map((record) => {
      const { outcome } = record;
      if ("unavailable" in outcome || !isSuite(record)) return record;
      const ran = outcome.passed + outcome.failed;
      if (ran >= LEAST_SHARE * whole || outcome.failed > 0) return record;
      return { ...record, outcome: faulty(outcome, `only ${ran} of ${whole} tests ran`) };
    });
    if (!isShort) { for (const system of systems) recordSystem(file, system, judged); }
    return judged;
  };
}

function recordSystem(
  file: ResultsFile,
  { name, title, how, builds }: System,
  records: readonly RunRecord[],
): void {
  const results = records.filter(({ place, run }) => place === name && run !== "").map((
    { run, outcome },
  ) => {
    const { version } = builds.find(({ label }) => label === run)!;
    if ("unavailable" in outcome) return [run, outcome] as const;
    const { passed, failed, skipped } = outcome;
    return [run, { version, passed, failed, skipped: skipped.length }] as const;
  });
  if (results.length === 0) return; // of one that was not run the last results stay
  const entry = { title, how, runtimes: Object.fromEntries(results) };
  recordRun(file, name, entry, builds.map(({ label }) => label));
}
