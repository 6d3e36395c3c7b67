/**
 * The search for koffi. It does not use `import.meta.url`: a CommonJS bundle has none, or has the
 * path on the machine that built the bundle.
 *
 * @module
 */
import { own } from "../own.ts";
import type { Koffi } from "./koffi.ts";
import type { NodeProcess } from "./runtime.ts";
import { isAtLeast } from "./versions.ts";

/** The used part of a `require()` of `node:module`. */
export interface Require {
  (file: string): unknown;
  resolve(name: string): string;
  readonly cache: Readonly<Record<string, { readonly exports: Partial<Koffi> | null }>>;
}

/** The used part of `node:path`. */
interface NodePath {
  resolve(path: string): string;
}

type CreateRequire = (place: string) => Require;

/** The environment variable that names the folder of koffi, or its `koffi.node`. */
const VARIABLE = "SYSALLOC_KOFFI";

/** The first Node.js that has `node:ffi` without a flag. */
const NODE_FFI = "26.9";

/**
 * Loads the koffi that the environment variable names. Otherwise resolves `koffi` from the file of
 * this module or bundle, then from the program, from the executable, and from the working
 * directory. (That one is last, because others may be able to write to it.) Also returns the file
 * from which other threads load the same koffi.
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
    const isForbidden = own(cause as { readonly code?: unknown }, "code") === "ERR_DLOPEN_DISABLED";
    const advice = isForbidden ? "permit it by --allow-addons" : "install it again";
    throw noFfi(process, `, and ${file} did not load (see the cause): ${advice}`, cause);
  }
}

function findFile(process: NodeProcess, createRequire: CreateRequire): string {
  const named = own(process.env, VARIABLE);
  const places = named
    ? [process.execPath] // any place will do for an absolute path
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
    ? `koffi is not at ${named}, which ${VARIABLE} names: name its folder or its koffi.node`
    : `install the optional peer dependency koffi (npm install koffi), which was not found from ` +
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

/**
 * Returns the working directory in the form that `createRequire()` accepts; `undefined` if it was
 * removed.
 */
function workingFolder(process: NodeProcess): string | undefined {
  try {
    return `${process.cwd()}/`;
  } catch {
    return undefined;
  }
}

/** The used part of a frame of V8's stack: {@link https://v8.dev/docs/stack-trace-api}. */
interface Frame {
  getFileName(): string | undefined;
}

/**
 * Returns the file that this code runs from, by the stack of an error, because a bundler may have
 * changed `import.meta.url`.
 */
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
 * Does nothing. `scripts/tools/bundle.ts` inserts imports here, which make file tracers copy koffi.
 * They cannot be written here, because TypeScript would rewrite them.
 */
function traced(): void {}
