/**
 * Runs the suite on platforms that this machine is not: all of them, or those
 * named on the command line. With `--short` it runs what `.ci/run` does. What
 * that needs is fetched into `.cache/matrix`.
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

/**
 * What `.ci/run` runs, because emulation takes its time: each runtime, and each of
 * its ways to call C, on one platform at least.
 */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  [arm64With16kPages.name]: ["Bun"],
  [arm64.name]: ["Deno"],
  [windows.name]: ["Node.js 26 (node:ffi)", "Node.js 22 (koffi)"],
  [musl.name]: ["Bun", "Node.js 24 (koffi)"],
};

const isShort = Deno.args.includes("--short");
const names = Deno.args.filter((arg) => arg !== "--short");
// The one that takes longest first: the others run beside it.
const platforms = namedPlatforms([arm64With16kPages, arm64, windows, musl], names);
const records = await runMatrix(platforms, {
  results: platformResults,
  prepare: copySuite,
  chooses: ({ label }, platform) => !isShort || SHORT[platform]!.includes(label),
});
Deno.exit(printSummary(records) ? 0 : 1);
