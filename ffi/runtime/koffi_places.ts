/**
 * Where koffi is looked for. A bundle has no `import.meta.url` that helps: in CommonJS
 * there is none, or the path that the module had on the machine that built it.
 *
 * @module
 */
import { own } from "../own.ts";
import type { Koffi } from "./koffi.ts";
import type { NodeProcess } from "./runtime.ts";
import { isAtLeast } from "./versions.ts";

/** What is used of a `require()` of `node:module`. */
export interface Require {
  (file: string): unknown;
  resolve(name: string): string;
  readonly cache: Readonly<Record<string, { readonly exports: Partial<Koffi> | null }>>;
}

/** What is used of `node:path`. */
interface NodePath {
  resolve(path: string): string;
}

type CreateRequire = (place: string) => Require;

/** The variable of the environment that names koffi: its folder, or its `koffi.node`. */
const VARIABLE = "SYSALLOC_KOFFI";

/** The first Node.js that has `node:ffi` without a flag. */
const NODE_FFI = "26.9";

/**
 * Loads what the environment names. Otherwise looks as the package of this module does, or
 * the bundle that it is in, as the program does, beside the executable, and last, because
 * others may have put something there, in the working directory. Gives also the file by
 * which another thread, where nothing changes how modules are found, loads the same.
 */
export function findKoffi(process: NodeProcess): { readonly koffi: Koffi; readonly file: string } {
  const { createRequire } = process.getBuiltinModule("node:module") as {
    readonly createRequire: CreateRequire;
  };
  if (createRequire === undefined) traced();
  const file = findFile(process, createRequire);
  try {
    const require = createRequire(file);
    const koffi = require(file) as Koffi;
    const native = Object.keys(require.cache).find((path) =>
      path.endsWith(".node") && require.cache[path]!.exports?.load === koffi.load
    );
    return { koffi, file: native ?? file };
  } catch (cause) {
    throw noFfi(process, `, and ${file} did not load: see the cause`, cause);
  }
}

function findFile(process: NodeProcess, createRequire: CreateRequire): string {
  const named = own(process.env, VARIABLE);
  const places = named
    ? [process.execPath] // any will do: the name becomes a whole path
    : [ownFile(), process.argv?.[1], process.execPath, workingFolder(process)];
  const asked = places.filter((place) => place); // not every program has a file or a folder
  let file: string | undefined;
  let cause: unknown;
  for (const place of asked) {
    try {
      file ??= createRequire(place!).resolve(named ? wholePath(process, named) : "koffi");
    } catch (error) {
      cause = error;
    }
  }
  if (file !== undefined) return file;
  const missing = named
    ? `${VARIABLE} is set to ${named}, where koffi is not: name its folder or its koffi.node`
    : `install the optional peer dependency koffi (npm install koffi), which is not found from ` +
      `${asked.join(", ")}, or set ${VARIABLE} to its folder`;
  throw noFfi(process, `: ${missing}`, cause);
}

function noFfi(process: NodeProcess, why: string, cause: unknown): Error {
  const isOff = isAtLeast(own(process.versions, "node") ?? "", NODE_FFI);
  const has = isOff ? "node:ffi is turned off" : `Node.js below ${NODE_FFI} has no FFI of its own`;
  const instead = isOff ? "drop --no-experimental-ffi" : `use Node.js ${NODE_FFI} or later`;
  return new Error(`${has}${why}, or ${instead}`, { cause });
}

function wholePath(process: NodeProcess, path: string): string {
  return (process.getBuiltinModule("node:path") as NodePath).resolve(path);
}

/** As `createRequire()` takes it; `undefined` where it was removed. */
function workingFolder(process: NodeProcess): string | undefined {
  try {
    return `${process.cwd()}/`;
  } catch {
    return undefined;
  }
}

/** What is used of a frame of V8's stack: {@link https://v8.dev/docs/stack-trace-api}. */
interface Frame {
  getFileName(): string | undefined;
}

/** The file that this code runs from, which no bundler can write into it. */
function ownFile(): string | undefined {
  const key = "prepareStackTrace";
  const former: unknown = Reflect.get(Error, key);
  const told = (_: unknown, frames: readonly Frame[]) => frames[0]?.getFileName();
  if (!Reflect.set(Error, key, told)) return undefined; // frozen
  const file = new Error().stack;
  Reflect.set(Error, key, former);
  return file;
}

/**
 * Never called, and empty: `scripts/tools/bundle.ts` writes into it what makes tracers copy
 * koffi, which TypeScript would rewrite.
 */
function traced(): void {}
