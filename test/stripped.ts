/**
 * The sources without their types, for the children of Node.js. To load what takes
 * types away, and to use it, takes every process 0.3 s, and every thread of it again.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runtime, sourceUrl } from "./harness.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** All that children load, and the examples. */
const SOURCES = ["mod.ts", "cli.ts", "cli", "core", "ffi", "test", "examples"];
/** In the project, so that packages are found from there. */
const CACHE = join(PROJECT, ".cache", "stripped");
/** A run that uses another copy is over by then. */
const MAX_AGE_MS = 3_600_000;

let made: URL | undefined;

/**
 * The URL of a program of `test/children/`, for a process or a thread of this runtime,
 * or of another one, in the form that loads fastest there.
 */
export function childUrl(program: string, where: typeof runtime = runtime): URL {
  const path = `./children/${program}`;
  if (where !== "node" || import.meta.url.endsWith(".js")) return sourceUrl(path);
  try {
    made ??= make();
  } catch {
    return sourceUrl(path); // it cannot be written, or this is Bun, or Node.js before 22.13
  }
  return new URL(path.replace(/\.ts$/, ".js"), made);
}

/** Makes the copy, unless it is there; returns the URL of its folder `test/`. */
function make(): URL {
  const sources = SOURCES.flatMap(sourcesIn);
  const texts = sources.map((source) => readFileSync(join(PROJECT, source), "utf8"));
  const key = createHash("sha256").update(JSON.stringify([sources, texts])).digest("hex");
  const folder = join(CACHE, key.slice(0, 16));
  if (isThere(folder)) {
    const now = new Date();
    utimesSync(folder, now, now); // it is in use
  } else {
    const { stripTypeScriptTypes } = process.getBuiltinModule("node:module") as unknown as {
      stripTypeScriptTypes(text: string): string;
    };
    mkdirSync(CACHE, { recursive: true });
    removeOld();
    const unfinished = mkdtempSync(join(CACHE, "unfinished-"));
    chmodSync(unfinished, 0o755); // children become other users
    for (const [index, source] of sources.entries()) {
      const path = join(unfinished, source.replace(/ts$/, "js"));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, renamed(stripTypeScriptTypes(texts[index]!)));
    }
    try {
      renameSync(unfinished, folder);
    } catch {
      rmSync(unfinished, { recursive: true }); // another process was faster
    }
  }
  return pathToFileURL(join(folder, "test", "/"));
}

/** The TypeScript sources in a folder of the project, or the source itself. */
function sourcesIn(path: string): string[] {
  if (!isThere(join(PROJECT, path))) return [];
  if (path.endsWith(".ts")) return path.endsWith(".test.ts") ? [] : [path];
  return readdirSync(join(PROJECT, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(".ts"))
    .map(({ name }) => join(path, name)).sort().flatMap(sourcesIn);
}

/** Has imports lead to the copies. */
function renamed(text: string): string {
  return text.replace(/(\bfrom |\bimport\(|\bimport )("\.[^"]*)\.ts"/g, '$1$2.js"');
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
