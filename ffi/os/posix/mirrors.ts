/**
 * Memory that is mapped twice in a row, on Linux and macOS.
 *
 * @module
 */
import {
  type Failure,
  type Mapper,
  type MapRequest,
  type MirrorRequest,
  UNSUPPORTED,
} from "../contract/memory.ts";
import type { Os } from "../contract/os.ts";
import {
  MAP_FAILED,
  MAP_FIXED,
  MAP_PRIVATE,
  type MemoryCalls,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "./calls.ts";
import { MAP_SHARED } from "./files.ts";

/** Maps the shared memory at `address` once more, right behind itself and over what the library has there. */
export type Repeat = (address: bigint, byteLength: bigint) => Failure | undefined;

/** What {@linkcode posixMirrors} shares with anonymous memory. */
export interface MirrorsShared {
  /** The calls of anonymous memory. */
  readonly memory: MemoryCalls;
  /** The flags of `mmap` for a request of anonymous memory. */
  readonly flags: (request: MapRequest) => number;
  /** Maps readable and writable anonymous memory over what is there. */
  readonly mapVacant: (address: bigint, byteLength: bigint) => Failure | undefined;
  readonly unmap: Os["unmap"];
  readonly protect: Os["protect"];
  /** Makes the failure of the call that has just failed. */
  readonly failed: (syscall: string) => Failure;
}

/**
 * Makes mirrors of anonymous shared memory. It has no file that could be
 * truncated, and the system sets memory aside for all of it, so that no store
 * finds none.
 */
export function posixMirrors(repeat: Repeat, shared: MirrorsShared): Mapper<MirrorRequest> {
  const { memory: { mmap, munmap }, flags, failed } = shared;

  return {
    map(request) {
      const { hint, byteLength } = request;
      const half = byteLength / 2n;
      const place = flags({ ...request, noReserve: true, populate: false });
      const address = mmap(hint, byteLength, PROT_NONE, place, -1, 0n);
      if (address === MAP_FAILED) return failed("mmap");
      // Over the library's own range: MAP_FIXED overwrites nobody else's.
      const kind = flags({ ...request, strict: false }) & ~MAP_PRIVATE | MAP_SHARED | MAP_FIXED;
      const first = mmap(address, half, PROT_READ | PROT_WRITE, kind, -1, 0n);
      const failure = first === MAP_FAILED ? failed("mmap") : repeat(address, half);
      if (failure === undefined) return address;
      munmap(address, byteLength);
      return failure;
    },

    unmap: shared.unmap,

    // Private memory over both halves: what they shared is let go at once.
    vacate: shared.mapVacant,

    discard: () => UNSUPPORTED,

    protect: shared.protect,
  };
}
