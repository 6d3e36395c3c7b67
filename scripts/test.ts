/**
 * Runs the suite in every runtime that is installed here, as many side by side
 * as there are cores.
 *
 * Usage: `deno run -A scripts/test.ts [--record | [RUNTIME...] [-- FILE...]]`
 *
 * With `--record` the run goes into the table of the README too, as the
 * platform `linux-x64`.
 *
 * @module
 */
import { recordRun, type RuntimeResult } from "./matrix/results.ts";
import { platformResults } from "./platforms/results.ts";
import { sideBySide } from "./side_by_side.ts";
import { readReport, RUNTIMES, suiteArguments, type Tally, testFiles } from "./suite.ts";

/** Runs the suite in one runtime; a run that ends without a report has failed. */
async function runSuite(name: string, files: string[]): Promise<Tally> {
  const { runner, program } = RUNTIMES[name]!;
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { success, code, signal, stdout, stderr } = await new Deno.Command(
      program,
      {
        args: suiteArguments(runner, files, report),
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      },
    ).output();
    const tally = readReport(await Deno.readTextFile(report));
    if (success && tally.passed > 0) return tally;
    await Deno.stdout.write(stdout);
    await Deno.stderr.write(stderr);
    return tally.failed.length > 0
      ? tally
      : { ...tally, failed: [`the run ended with ${signal ?? code}`] };
  } finally {
    await Deno.remove(report);
  }
}

const separator = Deno.args.indexOf("--");
const [flags, names] = split(separator < 0 ? Deno.args : Deno.args.slice(0, separator));
const files = separator < 0 ? testFiles() : Deno.args.slice(separator + 1);
const recording = flags.includes("--record");
if (recording && (names.length > 0 || separator >= 0)) {
  console.error("--record is for a whole run: name no runtime and no file");
  Deno.exit(2);
}
const total = { passed: 0, failed: 0, skipped: 0 };
const results: Record<string, RuntimeResult> = {};
const chosen = names.length > 0 ? names : Object.keys(RUNTIMES);
await sideBySide(chosen, report);
if (recording && Deno.build.os === "linux" && Deno.build.arch === "x86_64") {
  const how = `${systemName()}, nothing emulated`;
  const labels = chosen.map((name) => RUNTIMES[name]!.label);
  recordRun(platformResults, "linux-x64", { title: "Linux x64", how, runtimes: results }, labels);
}
console.log(
  `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
);
Deno.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

/** Runs the suite in one runtime, and adds what it came to. */
async function report(name: string): Promise<void> {
  const start = performance.now();
  const tally = await runSuite(name, files);
  const [passed, failed, skipped] = [tally.passed, tally.failed.length, tally.skipped.length];
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  const { label, version } = RUNTIMES[name]!;
  results[label] = { version, passed, failed, skipped };
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`,
  );
  for (const failure of tally.failed) console.log(`  failed: ${failure}`);
  for (const skip of tally.skipped) console.log(`  ${skip}`);
}

/** The name of the Linux distribution. */
function systemName(): string {
  const text = Deno.readTextFileSync("/etc/os-release");
  return /^PRETTY_NAME="(.*)"/m.exec(text)?.[1] ?? "Linux";
}

function split(args: string[]): [flags: string[], names: string[]] {
  return [args.filter((arg) => arg.startsWith("-")), args.filter((arg) => !arg.startsWith("-"))];
}
