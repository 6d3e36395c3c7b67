/**
 * Copies of the suite that every version of every runtime can run.
 *
 * @module
 */
import { join } from "node:path";
import { cache, removeIfThere } from "../../tools/cache.ts";
import { must } from "../../tools/commands.ts";
import { run } from "../../tools/processes.ts";
import type { RuntimeBuild } from "../../tools/runtimes.ts";
import { addKoffi, copy, copySuite } from "../../tools/suite_copy.ts";
import type { Guest, SuiteFiles } from "../../tools/suite_run.ts";
import { realSystemFiles, testFiles } from "../../tools/suite.ts";

/** The copy that all others are copied from. */
const ORIGINAL = join(cache, "suite-versions");

const FILES: SuiteFiles = {
  all: testFiles(),
  // Of the tests that start child processes, CI runs those of start-up, permissions, views and
  // threads, in which versions differ.
  short: [
    ...realSystemFiles(),
    ...["first_use", "in_flight", "permissions", "tickets", "views", "worker"].map((name) =>
      `./test/process/${name}.test.ts`
    ),
  ],
};

/** The files as compiled: not every version of Node.js strips types. */
const COMPILED: SuiteFiles = {
  all: FILES.all.map((file) => file.replace(/ts$/, "js")),
  short: FILES.short.map((file) => file.replace(/ts$/, "js")),
};

/** The files in one: Bun before 1.2.9 knows `bun:test` in the first file alone. */
const IN_ONE: SuiteFiles = { all: ["./all.test.ts"], short: ["./short.test.ts"] };

const BY_RUNNER = { deno: FILES, bun: IN_ONE, node: COMPILED };

/** The test files for a build. */
export function filesOf({ runner }: RuntimeBuild): SuiteFiles {
  return BY_RUNNER[runner];
}

/** Copies the suite, and compiles each file beside its source. */
export async function prepareSuite(): Promise<void> {
  await copySuite(ORIGINAL);
  for (const form of ["all", "short"] as const) {
    const imports = FILES[form].map((file) => `import "${file}";\n`).join("");
    await Deno.writeTextFile(join(ORIGINAL, IN_ONE[form][0]!), imports);
  }
  const assertions = "./scripts/offline/std_assert/mod";
  const tsc = new URL("../../../node_modules/.bin/tsc", import.meta.url).pathname;
  await must("The suite does not compile", [
    tsc,
    ...["--ignoreConfig", "--noCheck", "--rewriteRelativeImportExtensions"],
    ...["--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"],
    ...["./mod.ts", "./cli.ts", ...FILES.all, `${assertions}.ts`],
  ], { cwd: ORIGINAL });
  await copy(`${join(ORIGINAL, assertions)}.js`, join(ORIGINAL, "node_modules/@std/assert/mod.js"));
}

/** This machine, with a copy of the suite and a version of koffi if one is given. */
export async function startHere(name: string, koffi?: string): Promise<Guest> {
  const suite = join(cache, `suite-${name}`);
  await removeIfThere(suite);
  await copy(ORIGINAL, suite);
  if (koffi !== undefined) await addKoffi("linux-x64", suite, koffi);
  const environment = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  return {
    path: (file) => file,
    run: (command, { log }) => run(command, { log, cwd: suite, environment }),
  };
}
