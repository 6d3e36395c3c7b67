/**
 * The length of a file on Linux and macOS.
 *
 * @module
 */
import type { OpenFile } from "../contract/files.ts";
import { type AdvisedFailure, refusal } from "../contract/memory.ts";
import { POSIX, RLIMIT_FSIZE } from "./calls.ts";
import { type CLibrary, limitReader } from "./library.ts";

/**
 * Makes a function that refuses a length beyond the limit of the process. Beyond it, `ftruncate`
 * and `fallocate` raise `SIGXFSZ`, which ends a process that does not ignore the signal, such as
 * Deno. So the limit is read before each call (it can change at any time). Linux would raise the
 * signal only if the file becomes longer, macOS always.
 */
export function lengthRefusal(
  library: CLibrary,
): (byteLength: number) => AdvisedFailure | undefined {
  const limitOf = limitReader(library);
  return (byteLength) => {
    // If a sandbox refuses the call, no limit is assumed.
    const limit = limitOf(RLIMIT_FSIZE);
    if (limit === undefined || BigInt(byteLength) <= limit) return undefined;
    const advice = `this process may make files of at most ${limit} bytes (RLIMIT_FSIZE): ` +
      "make it shorter, or raise the limit (ulimit -f)";
    return refusal("EFBIG", advice);
  };
}

/** Opens `ftruncate`. */
export function posixTruncate(
  library: CLibrary,
): (file: OpenFile, byteLength: number) => AdvisedFailure | undefined {
  const { ftruncate } = library.open(POSIX, "ftruncate");
  const refusalOf = lengthRefusal(library);
  return (file, byteLength) =>
    refusalOf(byteLength) ??
      (ftruncate(file, BigInt(byteLength)) === 0 ? undefined : library.failed("ftruncate"));
}
