/**
 * `fallocate` on Linux, which makes a file longer and sets blocks aside. It never makes a file
 * shorter, and changes no data, whatever others do with the file at the same time:
 * {@link https://man7.org/linux/man-pages/man2/fallocate.2.html}
 *
 * @module
 */
import { least } from "../../bigints.ts";
import { lazily } from "../../lazily.ts";
import { isFailure } from "../contract/memory.ts";
import type { CLibrary } from "../posix/library.ts";
import type { FileGrowth } from "../posix/files.ts";
import { lengthRefusal } from "../posix/truncate.ts";
import { LINUX } from "./calls.ts";
import { linuxFileSystems } from "./file_systems.ts";

/** The most bytes that one call sets aside. */
const SLICE_BYTE_LENGTH = 1n << 26n;
/** The most interruptions by signals in a row before it gives up. */
const INTERRUPTIONS = 1000;

/** Opens `fallocate`. The function of glibc that writes zeros by hand is `posix_fallocate`. */
export function linuxFileGrowth(library: CLibrary): FileGrowth {
  const { fallocate } = library.open(LINUX, "fallocate");
  const refusalOf = lazily(() => lengthRefusal(library));
  const fileSystemOf = lazily(() => linuxFileSystems(library));

  const allocate: FileGrowth["allocate"] = (file, first, byteLength) => {
    const end = BigInt(first + byteLength);
    const refusal = refusalOf()(first + byteLength);
    if (refusal !== undefined) return refusal;
    // A signal makes the kernel undo a whole call. Under a profiler, which sends signals all the
    // time, a call succeeds only if it takes less time than passes between two signals.
    let slice = SLICE_BYTE_LENGTH;
    let interruptions = 0;
    for (let start = BigInt(first); start < end;) {
      const length = least(slice, end - start);
      if (fallocate(file, 0, start, length) === 0) {
        start += length;
        slice = least(2n * slice, SLICE_BYTE_LENGTH);
        interruptions = 0;
        continue;
      }
      const failure = library.failed("fallocate");
      if (failure.code !== "EINTR" || ++interruptions === INTERRUPTIONS) return failure;
      if (slice > BigInt(library.pageSize)) slice /= 2n;
    }
    return undefined;
  };

  return {
    allocate,
    extend: (file, byteLength) => allocate(file, byteLength - 1, 1),

    freeByteLength(file) {
      const found = fileSystemOf()(file);
      return isFailure(found) ? undefined : found.free;
    },
  };
}
