/**
 * Runs the examples of README.md and of the pages of `docs/` as their readers would: with the
 * packed npm package, in each runtime. scripts/build_npm.ts comes first.
 *
 * @module
 */
import { join } from "node:path";
import { readArguments, refuse } from "./tools/arguments.ts";
import { project } from "./tools/cache.ts";
import { type Example, examplesIn, NAMES } from "./tools/docs/examples.ts";
import { programsIn, tryPrograms } from "./tools/docs/programs.ts";
import { tryExamples } from "./tools/docs/running.ts";
import { output } from "./tools/processes.ts";
import { inTemporary, npmInstall, temporary } from "./tools/smoke/checks.ts";
import { pack } from "./tools/smoke/tarball.ts";
import { pinned, RUNTIMES } from "./tools/suite.ts";

const { positionals } = readArguments({
  usage: `Usage: npm run test:examples [-- PAGE...]

Compiles the examples of README.md and docs/, or of the pages given, runs them in
Deno, Bun, Node.js 26 and 22, and compares what they print with what they show. Runs
the programs of examples/ that pages include, too. All use the npm package in npm/,
which npm run build makes.

Options:
  -h, --help   print this`,
  allowPositionals: true,
});

const { stdout } = await output([
  "git",
  "ls-files",
  "-co",
  "--exclude-standard",
  "README.md",
  "docs/**.md",
], { cwd: project });
const pages = stdout.trim().split("\n");
const unknown = positionals.find((page) => !pages.includes(page));
if (unknown !== undefined) refuse(`'${unknown}' is not one of ${pages.join(", ")}`);

const examples: Example[] = [];
const programs = new Set<string>();
for (const page of positionals.length > 0 ? positionals : pages) {
  const text = await Deno.readTextFile(join(project, page));
  examples.push(...examplesIn(page, text));
  for (const program of programsIn(text)) programs.add(program);
}
await inTemporary(async () => {
  await Deno.writeTextFile(
    join(temporary, "package.json"),
    '{ "private": true, "type": "module" }',
  );
  const { filename } = await pack();
  await npmInstall(temporary, `./${filename}`, `koffi@${pinned("koffi")}`);

  const faults = [
    ...await tryExamples(examples, temporary),
    ...await tryPrograms(programs, temporary),
  ];
  for (const { file, reason } of examples) if (reason) console.log(`not run: ${file}: ${reason}`);
  for (const name of NAMES) {
    const run = examples.filter(({ runtimes }) => runtimes.includes(name)).length;
    console.log(`${RUNTIMES[name]!.label}: ${run} of ${examples.length} examples`);
  }
  console.log(`${programs.size} programs of examples/`);
  for (const fault of faults) console.error(`\n${fault}`);
  const passed = faults.length === 0 ? examples.length + programs.size : 0;
  console.log(`examples: ${passed} passed, ${faults.length} failed`);
  Deno.exitCode = faults.length === 0 ? 0 : 1;
});
