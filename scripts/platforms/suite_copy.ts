/**
 * The copy of the suite that the guests run: the sources and the few packages
 * that the tests import, nothing else.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { cache, emptyFolder, project } from "./cache.ts";
import { pinned } from "../suite.ts";
import { fetchPackage } from "./npm.ts";
import { need } from "./setup.ts";

/** The folder of the copy. */
export const suite: string = join(cache, "suite");

const sources = [
  "bunfig.toml",
  "core",
  "deno.json",
  "ffi",
  "mod.ts",
  "node_modules/fast-check",
  "node_modules/koffi",
  "node_modules/pure-rand",
  "package.json",
  "scripts/offline",
  "test",
];

/** Copies the suite. */
export async function copySuite(): Promise<void> {
  await emptyFolder(suite);
  for (const source of sources) {
    await copy(join(project, source), join(suite, source));
  }
  await linkAssertions();
}

/** Adds a build of koffi to the copy. */
export async function addKoffi(build: string): Promise<void> {
  const name = `@koromix/koffi-${build}`;
  const folder = await fetchPackage(name, pinned("koffi"));
  await copy(folder, join(suite, "node_modules", name));
}

/**
 * Makes `@std/assert` resolve in Bun and Node. The project has a symbolic link
 * for that; through Wine it looks like a folder, and Node runs no TypeScript
 * in `node_modules`. A module that re-exports the real one does everywhere.
 */
async function linkAssertions(): Promise<void> {
  const folder = join(suite, "node_modules/@std/assert");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    join(folder, "package.json"),
    '{ "name": "@std/assert", "type": "module", "exports": "./mod.js" }\n',
  );
  await Deno.writeTextFile(
    join(folder, "mod.js"),
    'export * from "../../../scripts/offline/std_assert/mod.ts";\n',
  );
}

/** Copies a file, or a folder with all that is in it. */
export async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await need(`${from} cannot be copied`, ["cp", "-R", from, to]);
}
