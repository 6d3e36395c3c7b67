/**
 * Runs the suite on platforms that this machine is not: all of them, or those
 * named on the command line. What that needs is fetched into `.cache/platforms`.
 *
 * @module
 */
import { join } from "node:path";
import { suiteArguments, testFiles } from "../suite.ts";
import { arm64 } from "./arm64.ts";
import { arm64With16kPages } from "./arm64_16k.ts";
import { emptyFolder, lockCache, logs, readIfThere } from "./cache.ts";
import { musl } from "./musl.ts";
import { type Guest, type Platform, Unavailable } from "./platform.ts";
import { type NoResult, recordRun } from "./results.ts";
import type { RuntimeBuild } from "./runtimes.ts";
import { step } from "./setup.ts";
import { copySuite } from "./suite_copy.ts";
import { printSummary, type RunRecord } from "./summary.ts";
import { countFailures, excerpt, judge, type Verdict } from "./verdict.ts";
import { windows } from "./windows.ts";

// Emulated, a process for each test file would double the time. It is Node.js
// 22's name of the option; later versions know that too.
const oneProcess = "--experimental-test-isolation=none";

/** The one that takes longest first: the others run beside it. */
const platforms = [arm64With16kPages, arm64, windows, musl];

const unknown = Deno.args.filter((arg) => !platforms.some(({ name }) => name === arg));
if (unknown.length > 0) {
  const names = platforms.map(({ name }) => name).join(", ");
  console.error(`Unknown platform ${unknown.join(", ")}: there are ${names}`);
  Deno.exit(2);
}

await lockCache();
await emptyFolder(logs("setup"));
await step("copy of the suite", copySuite);
let lastSetUp: Promise<unknown> = Promise.resolve();
const chosen = platforms.filter(({ name }) => Deno.args.length === 0 || Deno.args.includes(name));
const waiting = chosen.entries();
const records: RunRecord[][] = [];
await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
  for (const [index, platform] of waiting) records[index] = await runPlatform(platform);
}));
Deno.exit(printSummary(records.flat()) ? 0 : 1);

/** Sets a platform up and runs the suite there in each of its runtimes. */
async function runPlatform(platform: Platform): Promise<RunRecord[]> {
  const { name, title, how } = platform;
  await emptyFolder(logs(name));
  const guest = await setUp(platform.start);
  if ("unavailable" in guest) {
    // The results of the last time that the platform was there stay.
    return [{ platform: name, runtime: "", result: guest, skipped: [] }];
  }
  const records: RunRecord[] = [];
  for (const runtime of platform.runtimes) {
    records.push(await runRuntime(platform, guest, runtime));
  }
  recordRun(name, {
    title,
    how,
    runtimes: Object.fromEntries(
      records.map(({ runtime, result }) => [runtime, result]),
    ),
  });
  return records;
}

/** Runs the suite in one runtime. */
async function runRuntime(
  { name }: Platform,
  guest: Guest,
  { label, id, runner, version, fetch }: RuntimeBuild,
): Promise<RunRecord> {
  const title = `${name}: ${label}`;
  const record = { platform: name, runtime: label };
  const executable = await setUp(() => step(`${title}, fetched`, fetch));
  if (typeof executable !== "string") {
    return { ...record, result: executable, skipped: [] };
  }
  const log = join(logs(name), `${id}.log`);
  const report = join(logs(name), `${id}.xml`);
  const command = [
    guest.path(executable),
    ...(runner === "node" ? [oneProcess] : []),
    ...suiteArguments(runner, testFiles(), guest.path(report)),
  ];
  const verdict = await orUnavailable(step(title, async () => {
    const outcome = await guest.run(command, { log, report });
    return await judge(outcome, report);
  }, describe));
  if ("unavailable" in verdict) return { ...record, result: verdict, skipped: [] };
  const { passed, skipped } = verdict;
  const failed = countFailures(verdict);
  if (failed > 0) {
    console.log(excerpt(runner, await readIfThere(log) ?? ""));
    verdict.failed.forEach((test) => console.log(`${title} failed: ${test}`));
  }
  return {
    ...record,
    result: { version, passed, failed, skipped: skipped.length },
    skipped,
    problem: verdict.problem,
  };
}

/** Does what sets something up, one at a time, because platforms share what they fetch. */
function setUp<T>(work: () => Promise<T>): Promise<T | NoResult> {
  const result = lastSetUp.then(work);
  lastSetUp = result.catch(() => {});
  return orUnavailable(result);
}

/** What `work` comes to, or the reason why that is unavailable. */
async function orUnavailable<T>(work: Promise<T>): Promise<T | NoResult> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Unavailable) return { unavailable: error.message };
    throw error;
  }
}

function describe({ passed, failed, skipped, problem }: Verdict): string {
  const counts = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
  return problem === undefined ? counts : `${counts}, ${problem}`;
}
