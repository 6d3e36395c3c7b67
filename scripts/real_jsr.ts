/**
 * Holds the stand-ins under `scripts/offline/` against the packages of JSR that
 * they stand for: builds the npm package with the real dnt and compares it file
 * by file, and runs Deno's suite with the real `@std/assert`. Where those
 * packages are not, this says so and ends well: JSR can be reached from few places.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import config from "../deno.json" with { type: "json" };
import { readArguments } from "./tools/arguments.ts";
import { output } from "./tools/processes.ts";
import { pinned, quickFiles, readReport, suiteArguments } from "./tools/suite.ts";

const USAGE = `Usage: npx deno run -A scripts/real_jsr.ts [FOLDER]

Builds the npm package with the real dnt, compares it with the one in npm/, and
runs Deno's suite with the real @std/assert. "npm run build" comes first.

Arguments:
  FOLDER      the folder that has dnt and std; where it is missing nothing is
              done (default: ../shared/jsr)

Options:
  -h, --help  print this`;

const { positionals: [folder = "../shared/jsr"] } = readArguments({
  usage: USAGE,
  allowPositionals: true,
  maxPositionals: 1,
});
const ROOT = join(import.meta.dirname!, "..");
const PACKAGES = resolve(ROOT, folder);
const LINKS = ["dnt", ...["assert", "internal", "fs", "path", "fmt"].map((name) => `std/${name}`)];

/** The packages of npm that the build and the suite import. */
const DEPENDENCIES = ["fast-check", "rolldown", "rolldown-plugin-dts", "terser"];

/** Makes Deno, and the programs that tests start, resolve without this project's `node_modules`. */
const RESOLUTION = { lock: false, nodeModulesDir: "none" };

/** Files that may differ, and what of them must be the same nevertheless. */
const DIFFERENCES: Readonly<Record<string, (text: string) => string>> = {
  "esm/mod.js.map": withEmittedImports,
  "esm/cli.js.map": withEmittedImports,
};

if (!await exists(PACKAGES)) {
  console.log(`The real packages of JSR are not at ${PACKAGES}: left out`);
  Deno.exit(0);
}
const copy = await Deno.makeTempDir({ prefix: "sysalloc-jsr-" });
try {
  await copyProject();
  if (!await run(["run", "-A", "--no-check", "scripts/build_npm.ts"])) {
    throw new Error("The real dnt does not build the package");
  }
  const differing = await compare(join(ROOT, "npm"), join(copy, "npm"));
  for (const line of differing) console.log(`FAILED  ${line}`);
  if (differing.length === 0) console.log("ok      the real dnt builds the same package");

  const report = join(copy, "report.xml");
  const succeeded = await run(suiteArguments("deno", quickFiles(), report));
  const { passed, failed } = readReport(await Deno.readTextFile(report));
  for (const test of failed) console.log(`FAILED  ${test}`);
  const failures = differing.length + Math.max(failed.length, succeeded && passed > 0 ? 0 : 1);
  const same = differing.length === 0 ? 1 : 0;
  console.log(`real packages: ${passed + same} passed, ${failures} failed`);
  Deno.exitCode = failures === 0 ? 0 : 1;
} finally {
  await Deno.remove(copy, { recursive: true });
}

/** Copies what git knows of the project, and links the real packages in the copy. */
async function copyProject(): Promise<void> {
  const tracked = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await output(["git", ...tracked], { cwd: ROOT });
  for (const file of stdout.split("\0")) {
    if (file === "" || !await exists(join(ROOT, file))) continue; // the end, or deleted
    await Deno.mkdir(join(copy, file, ".."), { recursive: true });
    await Deno.copyFile(join(ROOT, file), join(copy, file));
  }
  const links = LINKS.map((name) => join(PACKAGES, name));
  await writeJson("deno.json", { ...config, ...RESOLUTION, links });
  const devDependencies = Object.fromEntries(DEPENDENCIES.map((name) => [name, pinned(name)]));
  await writeJson("package.json", { type: "module", devDependencies });
}

async function writeJson(name: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(join(copy, name), JSON.stringify(value));
}

/** Runs Deno in the copy; prints what it printed where it fails, and tells whether it did not. */
async function run(args: readonly string[]): Promise<boolean> {
  const { code, stdout, stderr } = await output([Deno.execPath(), ...args], { cwd: copy });
  if (code === 0) return true;
  console.log(stdout);
  console.error(stderr);
  return false;
}

/** A source map whose sources import what ends in .js: dnt makes them so before it embeds them. */
function withEmittedImports(text: string): string {
  return text.replace(/(from \\"\.[^"]*)\.ts\\"/g, '$1.js\\"');
}

/** Tells in which files two folders differ. */
async function compare(a: string, b: string): Promise<string[]> {
  const [names, others] = await Promise.all([a, b].map(files));
  const all = [...new Set([...names!, ...others!])].sort();
  const differing: string[] = [];
  for (const name of all) {
    const equal = (text: string) => (DIFFERENCES[name] ?? String)(text);
    if (!names!.includes(name)) differing.push(`${name} is the real dnt's alone`);
    else if (!others!.includes(name)) differing.push(`${name} is the stand-in's alone`);
    else {
      const [left, right] = await Promise.all(
        [a, b].map((folder) => Deno.readTextFile(join(folder, name))),
      );
      if (equal(left!) !== equal(right!)) differing.push(`${name} differs`);
    }
  }
  return differing;
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
