/**
 * Setting the length of a file on Linux and macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { type AdvisedFailure, refusal } from "../contract/memory.ts";
import type { PosixShared } from "./calls.ts";
import { posixLimits } from "./limits.ts";

/** `RLIMIT_FSIZE`, on both: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_FSIZE = 1;

const FUNCTIONS = {
  // int ftruncate(int fd, off_t length)
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
} as const satisfies SymbolTable;

/** Sets the length of a file. */
export type Truncate = (file: number, byteLength: number) => AdvisedFailure | undefined;

/**
 * Opens `ftruncate`. Beyond the limit of the process it would raise `SIGXFSZ`, which ends a
 * process that does not ignore it, as Deno's does not: the limit is looked at before. It is
 * looked at each time, because it can change while the process runs. Linux raises the signal
 * only where the file becomes longer, macOS always; here a length beyond the limit is refused
 * in either case.
 */
export function posixTruncate(native: Native, { library, failed }: PosixShared): Truncate {
  const c = native.open(library, FUNCTIONS);
  const limitOf = posixLimits(native, library);

  return (file, byteLength) => {
    const length = BigInt(byteLength);
    // Sandboxes that refuse the question limit nothing by it.
    const limit = limitOf(RLIMIT_FSIZE);
    if (limit !== undefined && length > limit) {
      const advice = `this process may make files of at most ${limit} bytes ` +
        "(RLIMIT_FSIZE): make it shorter, or raise the limit by ulimit -f";
      return refusal("EFBIG", advice);
    }
    return c.ftruncate(file, length) === 0 ? undefined : failed("ftruncate");
  };
}
