/**
 * Runs the suite on platforms that this machine is not.
 *
 * @module
 */
import { readArguments } from "../arguments.ts";
import { namedPlatforms, runMatrix } from "../matrix/driver.ts";
import { copySuite } from "../matrix/suite_copy.ts";
import { printSummary } from "../matrix/summary.ts";
import { realSystemFiles } from "../suite.ts";
import { arm64 } from "./arm64.ts";
import { arm64With16kPages } from "./arm64_16k.ts";
import { musl } from "./musl.ts";
import { platformResults } from "./results.ts";
import { windows } from "./windows.ts";

/**
 * What `.ci/run` runs, because emulation takes its time: each runtime on one platform,
 * and each platform but the virtual machine once, …
 */
const SHORT_RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  [arm64.name]: ["Bun"],
  [windows.name]: ["Deno"],
  [musl.name]: ["Node.js 24 (koffi)"],
};

/** … without the tests that simulate systems, and of those that start child processes those of machine code alone. */
const SHORT_FILES = [...realSystemFiles(), "./test/process/truncation.test.ts"];

// The one that takes longest first: the others run beside it.
const PLATFORMS = [arm64With16kPages, arm64, windows, musl];

const USAGE = `Usage: npm run test:platforms -- [--short] [PLATFORM]...

Runs the suite on platforms that this machine is not, from Debian as root. What
that needs is fetched into .cache/matrix.

Arguments:
  PLATFORM     one of ${PLATFORMS.map(({ name }) => name).join(", ")} (default: all)

Options:
      --short  run only those runtimes and tests that CI runs
  -h, --help   print this`;

const { values, positionals } = readArguments({
  usage: USAGE,
  options: { short: { type: "boolean" } },
  allowPositionals: true,
});
const named = namedPlatforms(PLATFORMS, positionals);
const platforms = values.short ? named.filter(({ name }) => name in SHORT_RUNTIMES) : named;
const records = await runMatrix(platforms, {
  results: platformResults,
  prepare: copySuite,
  chooses: ({ label }, platform) =>
    !values.short || SHORT_RUNTIMES[platform]?.includes(label) === true,
  files: values.short ? () => SHORT_FILES : undefined,
});
Deno.exit(printSummary(records) ? 0 : 1);
