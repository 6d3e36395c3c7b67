/**
 * `mremap` on Linux, which moves pages or maps them a second time.
 *
 * @module
 */
import type { Failure } from "../contract/memory.ts";
import type { Remap } from "../contract/os.ts";
import { MAP_FAILED } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import type { Repeat } from "../posix/mirrors.ts";
import { LINUX, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "./calls.ts";

/** Opens the call that moves pages. */
export function linuxRemap(library: CLibrary): Remap {
  const { move, moved } = mover(library);
  return {
    extend: (address, byteLength, newByteLength) =>
      moved(move(address, byteLength, newByteLength, 0, 0n)),
    grow: (address, byteLength, newByteLength) =>
      move(address, byteLength, newByteLength, MREMAP_MAYMOVE, 0n),
    leave: (address, byteLength) =>
      move(address, byteLength, byteLength, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0n),
    moveOver: (address, byteLength, target) =>
      moved(move(address, byteLength, byteLength, MREMAP_MAYMOVE | MREMAP_FIXED, target)),
  };
}

/** Opens the call that maps shared memory a second time: `mremap` with an old size of 0. */
export function linuxRepeat(library: CLibrary): Repeat {
  const { move, moved } = mover(library);
  return (address, byteLength) => {
    const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
    return moved(move(address, 0n, byteLength, flags, address + byteLength));
  };
}

function mover({ open, failed }: CLibrary) {
  const { mremap } = open(LINUX, "mremap");
  return {
    move(...args: Parameters<typeof mremap>): bigint | Failure {
      const address = mremap(...args);
      return address === MAP_FAILED ? failed("mremap") : address;
    },
    /** Returns the failure of a call, if it failed. */
    moved: (result: bigint | Failure) => typeof result === "bigint" ? undefined : result,
  };
}
