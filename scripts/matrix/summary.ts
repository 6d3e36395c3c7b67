/**
 * The end of a run of a matrix, for whoever started it.
 *
 * @module
 */
import type { NoResult, RuntimeResult } from "./results.ts";

/** What came of the suite in one runtime of a platform, or of the platform itself. */
export interface RunRecord {
  readonly platform: string;
  /** Empty where the platform could not be set up. */
  readonly runtime: string;
  readonly result: RuntimeResult | NoResult;
  /** The names of the skipped tests; the reason stands in each. */
  readonly skipped: readonly string[];
  /** What is wrong beside tests that failed. */
  readonly problem?: string | undefined;
  /** Where anything is wrong, the tests that failed, and what the log tells of them. */
  readonly failures?: string | undefined;
}

/** Prints the table, the skipped tests, the failures and the sums; tells whether all is well. */
export function printSummary(records: readonly RunRecord[]): boolean {
  printTable([
    ["platform", "runtime", "version", "passed", "failed", "skipped", ""],
    ...records.map(({ platform, runtime, result, problem = "" }) => {
      if ("unavailable" in result) {
        return [platform, runtime, `unavailable: ${result.unavailable}`];
      }
      const { version, passed, failed, skipped } = result;
      return [platform, runtime, version, ...[passed, failed, skipped].map(String), problem];
    }),
  ]);
  printSkipped(records);
  for (const { failures } of records) if (failures !== undefined) console.log(`\n${failures}`);
  const sum = (key: "passed" | "failed" | "skipped") =>
    records.reduce(
      (total, { result }) => total + ("unavailable" in result ? 0 : result[key]),
      0,
    );
  const failed = sum("failed");
  console.log(
    `\n${sum("passed")} passed, ${failed} failed, ${sum("skipped")} skipped`,
  );
  return failed === 0;
}

function printTable(rows: readonly (readonly string[])[]): void {
  const whole = rows.filter(({ length }) => length > 3); // the others tell a reason
  console.log("");
  for (const row of rows) {
    const padded = row.map((cell, column) =>
      cell.padEnd(Math.max(...whole.map((other) => other[column]?.length ?? 0)))
    );
    console.log(padded.join(" ").trimEnd());
  }
}

/** Lists the skipped tests, those together that the same runs skipped. */
function printSkipped(records: readonly RunRecord[]): void {
  const byTest = Map.groupBy(
    records.flatMap((record) => record.skipped.map((test) => ({ test, record }))),
    ({ test }) => test,
  );
  const byRuns = Map.groupBy(
    byTest,
    ([, skips]) => describeRuns(records, skips.map(({ record }) => record)),
  );
  for (const [runs, tests] of byRuns) {
    console.log(`\nskipped on ${runs}:`);
    for (const [test] of tests) console.log(`  ${test}`);
  }
}

/** Names runs, and a platform alone where it is all of the platform's runs. */
function describeRuns(
  records: readonly RunRecord[],
  runs: readonly RunRecord[],
): string {
  const byPlatform = Map.groupBy(runs, ({ platform }) => platform);
  return Array.from(byPlatform, ([platform, some]) => {
    const all = records.filter((record) => record.platform === platform);
    if (some.length === all.length) return platform;
    return `${platform} (${some.map(({ runtime }) => runtime).join(", ")})`;
  }).join(", ");
}
