/**
 * Runs the suite on platforms that this machine is not: all of them, or those
 * named on the command line. What that needs is fetched into `.cache/matrix`.
 *
 * @module
 */
import { namedPlatforms, runMatrix } from "../matrix/driver.ts";
import { copySuite } from "../matrix/suite_copy.ts";
import { printSummary } from "../matrix/summary.ts";
import { arm64 } from "./arm64.ts";
import { arm64With16kPages } from "./arm64_16k.ts";
import { musl } from "./musl.ts";
import { platformResults } from "./results.ts";
import { windows } from "./windows.ts";

// The one that takes longest first: the others run beside it.
const platforms = namedPlatforms([arm64With16kPages, arm64, windows, musl], Deno.args);
const records = await runMatrix(platforms, {
  results: platformResults,
  prepare: copySuite,
});
Deno.exit(printSummary(records) ? 0 : 1);
