/**
 * Runs the suite in the versions of the runtimes that people have.
 *
 * @module
 */
import { readArguments } from "../arguments.ts";
import { namedPlatforms, runMatrix } from "../matrix/driver.ts";
import { printSummary } from "../matrix/summary.ts";
import { isShort, VERSIONS } from "./declared.ts";
import { versionResults } from "./results.ts";
import { shortFilesOf } from "./suite.ts";
import { runTooOld } from "./too_old.ts";

const USAGE = `Usage: npm run test:versions -- [--short] [RUNTIME]...

Runs the suite in the versions of the runtimes that people have, on Linux x64,
and checks that versions below the floors say so. They are fetched into .cache/matrix.

Arguments:
  RUNTIME      one of ${VERSIONS.map(({ name }) => name).join(", ")}
               (default: all, and the versions below the floors)

Options:
      --short  run only those versions and tests that CI runs
  -h, --help   print this`;

const { values, positionals: names } = readArguments({
  usage: USAGE,
  options: { short: { type: "boolean" } },
  allowPositionals: true,
});
const records = await runMatrix(namedPlatforms(VERSIONS, names), {
  results: versionResults,
  chooses: values.short ? isShort : () => true,
  files: values.short ? shortFilesOf : undefined,
});
const tooOld = names.length === 0 ? await runTooOld() : [];
Deno.exit(printSummary([...records, ...tooOld]) ? 0 : 1);
