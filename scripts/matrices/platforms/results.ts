/**
 * The results of the platforms, and their table in the README.
 *
 * @module
 */
import { join } from "node:path";
import {
  markdownTable,
  readResults,
  type ResultsFile,
  type SystemEntry,
} from "../../tools/results.ts";

/** The file of the results of the platforms. */
export const platformResults: ResultsFile = {
  path: join(import.meta.dirname ?? ".", "last_run.json"),
  order: ["linux-x64", "musl", "arm64", "arm64-16k", "windows"],
};

const columns = ["Deno", "Bun", "Node.js"];

/** The table of the platforms. */
export function platformsTable(): string {
  return markdownTable([
    ["Platform", "Run on", ...columns],
    ...Object.values(readResults(platformResults)).map(({ title, how, runtimes }) => [
      title,
      how,
      ...columns.map((column) => cell(column, runtimes)),
    ]),
    [
      "macOS",
      "not in this run: CI runs it, and each run tests its module through the fake runtime",
      ...columns.map(() => ""),
    ],
  ]);
}

function cell(column: string, runtimes: SystemEntry["runtimes"]): string {
  return Object.entries(runtimes)
    .filter(([name]) => name.startsWith(column))
    .map(([name, result]) => {
      const ffi = /\(.*\)/.exec(name)?.[0];
      if ("unavailable" in result) {
        return `${ffi ?? ""} unavailable: ${result.unavailable}`.trim();
      }
      const { version, passed, failed, skipped } = result;
      const counts = `${passed} / ${passed + failed}, ${skipped} skipped`;
      return `${version}${ffi === undefined ? "" : ` ${ffi}`}: ${counts}`;
    })
    .join("<br>");
}
