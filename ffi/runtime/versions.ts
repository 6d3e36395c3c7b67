/**
 * Versions of runtimes, and the buffers of V8 that depend on them.
 *
 * @module
 */
import { bare } from "../own.ts";

/** `process.versions`: the versions of the runtime and its engine, by their names. */
export type Versions = Readonly<Record<string, string | undefined>>;

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
 * Returns the length of the longest buffer over foreign memory in V8, in bytes. Most versions have no
 * limit below the addresses that there are.
 *
 * V8 14.5 to 14.7, of Deno 2.6.7 to 2.7 and of Node.js 26.0 to 26.8, ends the process for a buffer of
 * 32 GiB or more (`Check failed: change_in_bytes < kMaxReasonableBytes`). Node.js 26.9 mended its
 * 14.6; 14.8, which no runtime ships, is assumed to have the defect.
 */
export function maxV8BufferByteLength(versions: Versions): number {
  const { v8 = "", deno, node = "" } = bare(versions);
  const aborts = isAtLeast(v8, "14.5") && !isAtLeast(v8, "14.9") &&
    (deno !== undefined || !isAtLeast(node, "26.9"));
  return aborts ? 30 * 2 ** 30 : Number.MAX_SAFE_INTEGER;
}
