/**
 * Versions of the runtimes: the oldest that is supported, and what depends on the version.
 *
 * @module
 */
import { bare, own } from "../own.ts";

/** `process.versions`: the versions of the runtime and its engine, by their names. */
export type Versions = Readonly<Record<string, string | undefined>>;

/**
 * The oldest supported version of each runtime, by its name in `process.versions`. Deno and Bun have
 * an entry for Node.js there too, so they come first. Those of Bun and Node.js are the first with
 * `process.getBuiltinModule()`; that of Deno is the first that is tested.
 */
export const OLDEST_VERSIONS: readonly (readonly [
  name: string,
  title: string,
  version: string,
])[] = [
  ["deno", "Deno", "2.1"],
  ["bun", "Bun", "1.2.6"],
  ["node", "Node.js", "22.3"],
];

/** Refuses a runtime that is unknown or too old. */
export function checkVersion(versions: Versions): void {
  const oldest = OLDEST_VERSIONS.find((entry) => own(versions, entry[0]) !== undefined);
  if (oldest === undefined) throw unsupported();
  const { 0: name, 1: title, 2: needed } = oldest;
  const found = versions[name]!;
  if (isAtLeast(found, needed)) return;
  throw new Error(`${title} ${found} is too old: use ${title} ${needed} or later`);
}

function unsupported(): Error {
  const supported = OLDEST_VERSIONS.map((entry) => `${entry[1]} ${entry[2]}`);
  return new Error(
    `This JavaScript runtime is not supported: use ${supported.slice(0, -1).join(", ")} ` +
      `or ${supported.at(-1)}, or later`,
  );
}

/** Tells whether `version` is `first` or later; a pre-release counts as the release. */
export function isAtLeast(version: string, first: string): boolean {
  const numbers = version.split(".").map((part) => Number.parseInt(part));
  const floor = first.split(".").map(Number);
  for (let index = 0; index < floor.length; index++) {
    const number = index < numbers.length ? numbers[index]! : 0;
    const wanted = floor[index]!;
    if (number !== wanted) return number > wanted;
  }
  return true;
}

/**
 * Returns the length of the longest buffer over foreign memory in V8, in bytes. In most versions,
 * the limit exceeds every address space.
 *
 * V8 14.5 to 14.7, of Deno 2.6.7 to 2.7 and of Node.js 26.0 to 26.8, ends the process for a buffer
 * of 32 GiB or more (`Check failed: change_in_bytes < kMaxReasonableBytes`). Node.js 26.9 fixed it
 * in its V8 14.6. No runtime ships V8 14.8, which is assumed to have the fault.
 */
export function maxV8BufferByteLength(versions: Versions): number {
  const { v8 = "", deno, node = "" } = bare(versions);
  const aborts = isAtLeast(v8, "14.5") && !isAtLeast(v8, "14.9") &&
    (deno !== undefined || !isAtLeast(node, "26.9"));
  return aborts ? 30 * 2 ** 30 : Number.MAX_SAFE_INTEGER;
}
