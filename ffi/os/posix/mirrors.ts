/**
 * Memory that is mapped twice in a row, on Linux and macOS.
 *
 * @module
 */
import { type Failure, type Mapper, type MirrorRequest, UNSUPPORTED } from "../contract/memory.ts";
import { MAP_FAILED, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, POSIX } from "./calls.ts";
import type { CLibrary } from "./library.ts";
import { type PosixMemory, PROTECTIONS } from "./memory.ts";

/** Maps shared memory a second time, directly behind the first, over the library's own range. */
export type Repeat = (address: bigint, byteLength: bigint) => Failure | undefined;

/**
 * Makes mirrors of anonymous shared memory. It has no file that could be truncated, and the system
 * reserves memory for all of it, so a store cannot run out of memory.
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
      // MAP_FIXED replaces only the library's own memory.
      const kind = memory.flags({ ...request, strict: false }) & ~MAP_PRIVATE | MAP_SHARED |
        MAP_FIXED;
      const first = mmap(address, half, PROTECTIONS["read-write"], kind, -1, 0n);
      const failure = first === MAP_FAILED ? failed("mmap") : repeat(address, half);
      if (failure === undefined) return address;
      munmap(address, byteLength);
      return failure;
    },

    unmap: memory.unmap,

    // Maps private memory over both halves, which releases the shared memory immediately.
    vacate: (address, byteLength) => memory.replace(address, byteLength, "read-write"),

    discard: () => UNSUPPORTED,

    protect: memory.protect,
  };
}
