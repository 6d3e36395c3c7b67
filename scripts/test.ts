/**
 * Runs the suite in the runtimes that are installed here.
 *
 * @module
 */
import { normalize } from "node:path";
import { readArguments, refuse } from "./tools/arguments.ts";
import { recordRun } from "./tools/results.ts";
import { platformResults } from "./matrices/platforms/results.ts";
import { processFiles, RUNTIMES } from "./tools/suite.ts";
import { isTier, jobsOf, runJobs, type Summary, TIERS } from "./tools/test_jobs.ts";

const { values, positionals } = readArguments({
  usage: `Usage: npm test -- [RUNTIME...] [FILE...] [--verbose] [--record]
       npm run test:quick -- [RUNTIME...] [FILE...] [--watch] [--verbose]
       npm run test:all -- [RUNTIME...] [FILE...] [--verbose]

Runs the suite. test:quick leaves out the tests that start child processes
(test/process/), test takes few rounds of each test, and test:all many.

Arguments:
  RUNTIME          one of ${Object.keys(RUNTIMES).join(", ")} (default: all)
  FILE             a test file (default: all)

Options:
      --tier TIER  one of ${TIERS.join(", ")}, which the three commands set (default: few)
      --watch      run again whenever a source changes
      --verbose    list the tests that were skipped, too
      --record     take the results into the README's table of platforms
  -h, --help       print this`,
  allowPositionals: true,
  options: {
    tier: { type: "string", default: "few" },
    watch: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
});
const { tier, watch, verbose, record } = values;
if (!isTier(tier)) refuse(`--tier must be one of ${TIERS.join(", ")}, got '${tier}'`);
const isRuntime = (name: string) => Object.hasOwn(RUNTIMES, name);
const files = positionals.filter((name) => !isRuntime(name));
const unknown = files.find((name) => !name.endsWith(".test.ts"));
if (unknown !== undefined) {
  refuse(`'${unknown}' is neither a test file nor one of ${Object.keys(RUNTIMES).join(", ")}`);
}
const slow = files.find((name) => processFiles().includes(`./${normalize(name)}`));
if (tier === "quick" && slow !== undefined) {
  refuse(`'${slow}' starts child processes, which the quick tier leaves out: use npm test`);
}
const named = [...new Set(positionals.filter(isRuntime))];
const runtimes = named.length > 0 ? named : Object.keys(RUNTIMES);
if (record && (positionals.length > 0 || tier === "quick")) {
  refuse("--record is for a whole run: name no runtime, no file and no quick tier");
}

const run = () => runJobs(jobsOf(runtimes, files, tier), { tier, isVerbose: verbose });
const changes = watch ? watchSources() : undefined;
let summary = await run();
while (changes !== undefined) {
  console.log("Waiting for a change");
  await changes.next();
  summary = await run();
}
if (record && Deno.build.os === "linux" && Deno.build.arch === "x86_64") note(summary);
Deno.exit(summary.failed > 0 ? 1 : 0);

/** Notes the changes of sources from now on, also while tests run: `next()` resolves once there was one. */
function watchSources(): { next(): Promise<void> } {
  let change = Promise.withResolvers<void>();
  const watch = async () => {
    const folders = ["mod.ts", "cli.ts", "cli", "core", "ffi", "test", "examples"];
    for await (const { kind } of Deno.watchFs(folders)) {
      if (kind !== "access") change.resolve(); // the tests read them
    }
  };
  watch();
  return {
    async next() {
      await change.promise;
      await new Promise((resolve) => setTimeout(resolve, 100)); // files are saved in several steps
      change = Promise.withResolvers();
    },
  };
}

/** Takes the results into the table. */
function note({ results }: Summary): void {
  const name = /^PRETTY_NAME="(.*)"/m.exec(Deno.readTextFileSync("/etc/os-release"))?.[1];
  const how = `${name ?? "Linux"}, nothing emulated`;
  const labels = runtimes.map((runtime) => RUNTIMES[runtime]!.label);
  recordRun(platformResults, "linux-x64", { title: "Linux x64", how, runtimes: results }, labels);
}
