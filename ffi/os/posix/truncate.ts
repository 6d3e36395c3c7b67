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
 * Opens `ftruncate`. Beyond the limit of the process, it raises `SIGXFSZ`, which ends a process
 * that does not ignore the signal, such as Deno. So the limit is read before each call (it can
 * change at any time), and a length beyond it is refused. Linux would raise the signal only if the
 * file becomes longer, macOS always.
 */
export function posixTruncate(
  library: CLibrary,
): (file: OpenFile, byteLength: number) => AdvisedFailure | undefined {
  const { ftruncate } = library.open(POSIX, "ftruncate");
  const limitOf = limitReader(library);

  return (file, byteLength) => {
    const length = BigInt(byteLength);
    // If a sandbox refuses the call, no limit is assumed.
    const limit = limitOf(RLIMIT_FSIZE);
    if (limit !== undefined && length > limit) {
      const advice = `this process may make files of at most ${limit} bytes (RLIMIT_FSIZE): ` +
        "make it shorter, or raise the limit (ulimit -f)";
      return refusal("EFBIG", advice);
    }
    return ftruncate(file, length) === 0 ? undefined : library.failed("ftruncate");
  };
}
