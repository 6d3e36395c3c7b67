/**
 * Runs the suite in the versions of the runtimes that people have: all of
 * them, or those of the runtimes named on the command line. With `--short` it
 * runs those that `.ci/run` does. They are fetched into `.cache/matrix`.
 *
 * @module
 */
import { namedPlatforms, runMatrix } from "../matrix/driver.ts";
import { printSummary } from "../matrix/summary.ts";
import { isShort, VERSIONS } from "./declared.ts";
import { versionResults } from "./results.ts";
import { runTooOld } from "./too_old.ts";

const isShortRun = Deno.args.includes("--short");
const names = Deno.args.filter((arg) => arg !== "--short");
const records = await runMatrix(namedPlatforms(VERSIONS, names), {
  results: versionResults,
  chooses: isShortRun ? isShort : () => true,
});
const tooOld = names.length === 0 ? await runTooOld() : [];
Deno.exit(printSummary([...records, ...tooOld]) ? 0 : 1);
