/**
 * The copy of the suite that the guests run: the sources and the few packages
 * that the tests import, nothing else.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { cache, emptyFolder, project } from "./cache.ts";
import { bundlePrograms, PREPARED } from "../../test/support/bundled.ts";
import { pinned } from "./suite.ts";
import { fetchPackage } from "./npm.ts";
import { must } from "./commands.ts";

/** The folder of the copy that other systems run. */
export const suite: string = join(cache, "suite");

const sources = [
  "bunfig.toml",
  "cli",
  "cli.ts",
  "core",
  "ffi",
  "mod.ts",
  "node_modules/fast-check",
  "node_modules/pure-rand",
  "package.json",
  "scripts/offline",
  "test",
];

/** Copies the suite into `folder`. */
export async function copySuite(folder: string = suite): Promise<void> {
  await emptyFolder(folder);
  for (const source of sources) {
    await copy(join(project, source), join(folder, source));
  }
  bundlePrograms(join(folder, PREPARED));
  await linkAssertions(folder);
}

const added = new Map<string, Promise<void>>();

/** Adds koffi and a build of it to the copy in `folder`, each once: another platform may be using it. */
export async function addKoffi(
  build: string,
  folder: string = suite,
  version: string = pinned("koffi"),
): Promise<void> {
  const add = async (name: string, target: string) =>
    await copy(await fetchPackage(name, version), target);
  for (const name of ["koffi", `@koromix/koffi-${build}`]) {
    const target = join(folder, "node_modules", name);
    if (!added.has(target)) added.set(target, add(name, target));
    await added.get(target);
  }
}

/**
 * Makes `@std/assert` resolve. Deno before 2.4 knows no `links`. For Bun and
 * Node the project has a symbolic link; through Wine it looks like a folder,
 * and Node runs no TypeScript in `node_modules`. A module that re-exports the
 * stand-in does everywhere.
 */
async function linkAssertions(suite: string): Promise<void> {
  const assertions = "./scripts/offline/std_assert/mod.ts";
  await Deno.writeTextFile(
    join(suite, "deno.json"),
    JSON.stringify({ imports: { "@std/assert": assertions }, lock: false }),
  );
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
  await must(`${from} cannot be copied`, ["cp", "-R", from, to]);
}
