/**
 * Runs the suite in every runtime that is installed here, one after the other.
 *
 * Usage: `deno run -A scripts/test.ts [RUNTIME...] [-- FILE...]`
 *
 * @module
 */
import { readReport, RUNTIMES, suiteArguments, type Tally } from "./suite.ts";

async function testFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir("test")) {
    if (name.endsWith(".test.ts")) files.push(`./test/${name}`);
  }
  return files.sort();
}

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
    if (success) return tally;
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
const named = separator < 0 ? Deno.args : Deno.args.slice(0, separator);
const files = separator < 0 ? await testFiles() : Deno.args.slice(separator + 1);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of named.length > 0 ? named : Object.keys(RUNTIMES)) {
  const start = performance.now();
  const { passed, failed, skipped } = await runSuite(name, files);
  total.passed += passed;
  total.failed += failed.length;
  total.skipped += skipped.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${name}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped (${seconds} s)`,
  );
  for (const failure of failed) console.log(`  failed: ${failure}`);
  for (const skip of skipped) console.log(`  ${skip}`);
}
console.log(
  `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
);
Deno.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
