/**
 * What a run of the suite came to.
 *
 * @module
 */
import { readReport, type Runner, type Tally } from "../suite.ts";
import { readIfThere } from "./cache.ts";
import { type Outcome, tail } from "./process.ts";

/** A tally, and what is wrong with the run beside the tests that failed. */
export interface Verdict extends Tally {
  readonly problem: string | undefined;
}

/** The part of the suite that must have run for a runtime to count as tested. */
const leastShare = 0.85;

/** Judges a run by its report, by how it ended, and by how many tests the suite has had. */
export async function judge(
  outcome: Outcome,
  report: string,
  wholeSuite: number,
): Promise<Verdict> {
  const tally = readReport(await readIfThere(report) ?? "");
  return { ...tally, problem: findProblem(outcome, tally, wholeSuite) };
}

/** The failures of a run: one at least if anything is wrong with it. */
export function countFailures({ failed, problem }: Verdict): number {
  return Math.max(failed.length, problem === undefined ? 0 : 1);
}

/** The part of a log that tells of the failures. */
export function excerpt(runner: Runner, log: string): string {
  const text = log.replaceAll("\r\n", "\n");
  const lines = 200;
  switch (runner) {
    case "deno":
      return tail(text.slice(Math.max(0, text.indexOf("\n ERRORS "))), lines);
    case "node":
      return tail(text.slice(Math.max(0, text.indexOf("failing tests:"))), lines);
    case "bun": {
      // What a test has to say stands before the line that names it.
      const blocks = text.split(/(?<=^\((?:pass|fail|skip)\) .*\n)/m);
      const failed = blocks.filter((block) => /^\(fail\)/m.test(block));
      return tail(failed.join("") || text, lines);
    }
  }
}

function findProblem(
  { code, timedOut }: Outcome,
  { passed, failed, skipped }: Tally,
  wholeSuite: number,
): string | undefined {
  const total = passed + failed.length + skipped.length;
  if (timedOut) return "did not end in time";
  if (total === 0) return `no report, exit code ${code}`;
  if (code !== 0 && failed.length === 0) return `exit code ${code}`;
  // A report may lack tests: the suite has as many as any run of it has had.
  return lossOf(passed + failed.length, Math.max(total, wholeSuite));
}

/** What is wrong where so many tests ran of all that there are. */
export function lossOf(ran: number, whole: number): string | undefined {
  return ran < leastShare * whole ? `only ${ran} of ${whole} tests ran` : undefined;
}
