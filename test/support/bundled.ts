/**
 * The programs that tests start as processes and threads, bundled: each then loads a
 * few files of JavaScript in place of a hundred of TypeScript, which takes Node.js 0.1 s
 * of its processor less.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sourceUrl } from "./harness.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** The sources of the programs. */
const SOURCES = ["mod.ts", "core", "ffi", "cli.ts", "cli", "test", "examples"];
const PROGRAMS = /^(test.children|examples).|^cli.ts$/;
/** The sources, and the programs in Python that examples start. */
const SOURCE = /(?<!\.test)\.ts$|^examples.*\.py$/;
/** In the project, so that packages are found from there. */
const CACHE = join(PROJECT, ".cache", "bundled");
/** A run that uses another copy is over by then. */
const MAX_AGE_MS = 3_600_000;

/** The folder of the bundles in copies of the suite: other systems have no esbuild. */
export const PREPARED = "bundled";

let made: URL | undefined;

/** The URL of a program of `test/children/`, or beside it, for a process or a thread of any runtime. */
export function childUrl(program: string): URL {
  const path = `./children/${program}`;
  made ??= prepared();
  if (made === undefined && import.meta.url.endsWith(".js")) return sourceUrl(`.${path}`); // it is one
  made ??= make();
  return new URL(path.replace(/\.ts$/, ".js"), made);
}

function prepared(): URL | undefined {
  const folder = new URL(`../../${PREPARED}/test/`, import.meta.url);
  return isThere(fileURLToPath(folder)) ? folder : undefined;
}

/** Makes the bundles, unless they are there; returns the URL of their folder `test/`. */
function make(): URL {
  const sources = SOURCES.flatMap(sourcesIn);
  const hash = createHash("sha256");
  for (const source of sources) hash.update(source).update(readFileSync(join(PROJECT, source)));
  const folder = join(CACHE, hash.digest("hex").slice(0, 16));
  if (isThere(folder)) {
    const now = new Date();
    utimesSync(folder, now, now); // it is in use
  } else {
    mkdirSync(CACHE, { recursive: true });
    removeOld();
    const unfinished = mkdtempSync(join(CACHE, "unfinished-"));
    chmodSync(unfinished, 0o755); // children become other users
    bundlePrograms(unfinished);
    try {
      renameSync(unfinished, folder);
    } catch {
      rmSync(unfinished, { recursive: true }); // another process was faster
    }
  }
  return pathToFileURL(join(folder, "test", "/"));
}

/** Makes the bundles in a folder. */
export function bundlePrograms(outdir: string): void {
  const { buildSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  buildSync({
    absWorkingDir: PROJECT,
    entryPoints: SOURCES.flatMap(sourcesIn).filter((source) => PROGRAMS.test(source)),
    outbase: PROJECT,
    outdir,
    bundle: true,
    splitting: true, // what is loaded twice is the same module
    chunkNames: "test/support/[name]-[hash]", // where harness.ts is, which looks for programs from there
    format: "esm",
    platform: "node",
    target: "es2022", // what the oldest versions run
    packages: "external",
    loader: { ".py": "copy" },
  });
  for (const name of ["core", "ffi"]) { // for programs that read the sources
    cpSync(join(PROJECT, name), join(outdir, name), { recursive: true });
  }
}

/** The sources in a folder of the project but for tests, or the source itself. */
function sourcesIn(path: string): string[] {
  if (!isThere(join(PROJECT, path))) return []; // copies of the suite have no examples
  if (!statSync(join(PROJECT, path)).isDirectory()) return SOURCE.test(path) ? [path] : [];
  return readdirSync(join(PROJECT, path)).map((name) => join(path, name)).sort()
    .flatMap(sourcesIn);
}

/** Removes what was made of older sources. */
function removeOld(): void {
  for (const name of readdirSync(CACHE)) {
    const folder = join(CACHE, name);
    if (statSync(folder).mtimeMs < Date.now() - MAX_AGE_MS) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
