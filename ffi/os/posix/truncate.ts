/**
 * Setting the length of a file on Linux and macOS.
 *
 * @module
 */
import type { OpenFile } from "../contract/files.ts";
import { type AdvisedFailure, refusal } from "../contract/memory.ts";
import { POSIX, RLIMIT_FSIZE } from "./calls.ts";
import { type CLibrary, limitReader } from "./library.ts";

/**
 * Opens `ftruncate`. Beyond the limit of the process it raises `SIGXFSZ`, which ends a process
 * that does not ignore it, such as Deno's: so the limit, which can change at any time, is read
 * before each call. Linux raises the signal only where the file becomes longer, macOS always;
 * this refuses a length beyond the limit in either case.
 */
export function posixTruncate(
  library: CLibrary,
): (file: OpenFile, byteLength: number) => AdvisedFailure | undefined {
  const { ftruncate } = library.open(POSIX, "ftruncate");
  const limitOf = limitReader(library);

  return (file, byteLength) => {
    const length = BigInt(byteLength);
    // A sandbox that refuses the question sets no limit by that.
    const limit = limitOf(RLIMIT_FSIZE);
    if (limit !== undefined && length > limit) {
      const advice = `this process may make files of at most ${limit} bytes (RLIMIT_FSIZE): ` +
        "make it shorter, or raise the limit (ulimit -f)";
      return refusal("EFBIG", advice);
    }
    return ftruncate(file, length) === 0 ? undefined : library.failed("ftruncate");
  };
}
