/**
 * Memory that is mapped twice in a row, on Linux and macOS.
 *
 * @module
 */
import { type Failure, type Mapper, type MirrorRequest, UNSUPPORTED } from "../contract/memory.ts";
import { MAP_FAILED, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, POSIX } from "./calls.ts";
import type { CLibrary } from "./library.ts";
import { type PosixMemory, PROTECTIONS } from "./memory.ts";

/** Maps shared memory once more, right behind itself, over a range of the library's own. */
export type Repeat = (address: bigint, byteLength: bigint) => Failure | undefined;

/**
 * Makes mirrors of anonymous shared memory. No file that could be truncated is behind that, and
 * the system sets memory aside for all of it, so that no store finds none.
 */
export function posixMirrors(
  { open, failed }: CLibrary,
  memory: PosixMemory,
  repeat: Repeat,
): Mapper<MirrorRequest> {
  const { mmap, munmap } = open(POSIX, "mmap", "munmap");

  return {
    map(request) {
      const { hint, byteLength } = request;
      const half = byteLength / 2n;
      const place = memory.flags({ ...request, noReserve: true, populate: false });
      const address = mmap(hint, byteLength, PROTECTIONS.none, place, -1, 0n);
      if (address === MAP_FAILED) return failed("mmap");
      // MAP_FIXED overwrites nobody else's memory: the range is the library's own.
      const kind = memory.flags({ ...request, strict: false }) & ~MAP_PRIVATE | MAP_SHARED |
        MAP_FIXED;
      const first = mmap(address, half, PROTECTIONS["read-write"], kind, -1, 0n);
      const failure = first === MAP_FAILED ? failed("mmap") : repeat(address, half);
      if (failure === undefined) return address;
      munmap(address, byteLength);
      return failure;
    },

    unmap: memory.unmap,

    // Private memory takes the place of both halves, so that the shared memory is let go at once.
    vacate: (address, byteLength) => memory.replace(address, byteLength, "read-write"),

    discard: () => UNSUPPORTED,

    protect: memory.protect,
  };
}
