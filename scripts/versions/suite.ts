/**
 * A copy of the suite that every version of every runtime can run.
 *
 * @module
 */
import { join } from "node:path";
import { addKoffi, copy, copySuite } from "../matrix/suite_copy.ts";
import { must } from "../matrix/steps.ts";
import type { RuntimeBuild } from "../matrix/runtimes.ts";
import { realSystemFiles, testFiles } from "../suite.ts";

/** All test files as one: Bun before 1.2.9 knows `bun:test` in the first file alone. */
export const ALL_FILES = "./all.test.ts";
/** The same of those that CI runs. */
const ALL_SHORT_FILES = "./short.test.ts";

/**
 * What CI runs: of the tests that start child processes those of what versions differ in,
 * which are start-up, permissions, views and threads.
 */
const SHORT_FILES: readonly string[] = [
  ...realSystemFiles(),
  ...["first_use", "in_flight", "permissions", "tickets", "views", "worker"].map((
    name,
  ) => `./test/process/${name}.test.ts`),
];

/** The files that CI runs, as a runtime has them. */
export function shortFilesOf({ files = testFiles() }: RuntimeBuild): readonly string[] {
  if (files.includes(ALL_FILES)) return [ALL_SHORT_FILES];
  return files.filter((file) => SHORT_FILES.includes(file.replace(/js$/, "ts")));
}

/** The test files as they are called once they are compiled. */
export const COMPILED_FILES: readonly string[] = testFiles().map((file) =>
  file.replace(/ts$/, "js")
);

/** Copies the suite, with a version of koffi if it is given, and compiles it. */
export async function prepareSuite(folder: string, koffi?: string): Promise<void> {
  await copySuite(folder);
  if (koffi !== undefined) await addKoffi("linux-x64", folder, koffi);
  for (const [name, files] of [[ALL_FILES, testFiles()], [ALL_SHORT_FILES, SHORT_FILES]] as const) {
    const imports = files.map((file) => `import "${file}";\n`).join("");
    await Deno.writeTextFile(join(folder, name), imports);
  }
  await compile(folder);
}

/** Compiles the suite, each file beside its source, for versions that run no TypeScript. */
async function compile(folder: string): Promise<void> {
  const assertions = "./scripts/offline/std_assert/mod";
  const files = ["./mod.ts", "./cli.ts", ...testFiles(), `${assertions}.ts`];
  const tsc = new URL("../../node_modules/.bin/tsc", import.meta.url).pathname;
  await must("The suite does not compile", [
    tsc,
    ...["--ignoreConfig", "--noCheck", "--rewriteRelativeImportExtensions"],
    ...["--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"],
    ...files,
  ], { cwd: folder });
  await copy(join(folder, `${assertions}.js`), join(folder, "node_modules/@std/assert/mod.js"));
}
