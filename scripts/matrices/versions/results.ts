/**
 * The results of the versions, and their table in the README.
 *
 * @module
 */
import { join } from "node:path";
import {
  markdownTable,
  type NoResult,
  readResults,
  type ResultsFile,
  type RuntimeResult,
} from "../../tools/results.ts";
import { VERSIONS } from "./declared.ts";

/** The file of the results of the versions. */
export const versionResults: ResultsFile = {
  path: join(import.meta.dirname ?? ".", "last_run.json"),
  order: VERSIONS.map(({ name }) => name),
};

/** Versions that follow each other, have the same FFI and came to the same. */
interface Range {
  readonly runtime: string;
  readonly versions: string[];
  readonly result: string;
}

/** The table of the versions: a range with the same result is one row. */
export function versionsTable(): string {
  const ranges: Range[] = [];
  for (const { title, runtimes } of Object.values(readResults(versionResults))) {
    for (const [label, result] of Object.entries(runtimes)) {
      const ffi = /\(.*\)/.exec(label)?.[0];
      const runtime = ffi === undefined ? title : `${title} ${ffi}`;
      const version = / ([\d.]+)/.exec(label)?.[1] ?? "";
      const last = ranges.at(-1);
      const outcome = describe(result);
      if (last?.runtime === runtime && last.result === outcome) last.versions.push(version);
      else ranges.push({ runtime, versions: [version], result: outcome });
    }
  }
  return markdownTable([
    ["Runtime", "Versions", "Number", "Tests"],
    ...ranges.map(({ runtime, versions, result }) => [
      runtime,
      versions.length === 1 ? versions[0]! : `${versions[0]} to ${versions.at(-1)}`,
      String(versions.length),
      result,
    ]),
  ]);
}

function describe(result: RuntimeResult | NoResult): string {
  if ("unavailable" in result) return `unavailable: ${result.unavailable}`;
  const { passed, failed, skipped } = result;
  return `${passed} / ${passed + failed}, ${skipped} skipped`;
}
