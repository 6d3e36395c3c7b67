/**
 * What becomes a handle.
 *
 * @module
 */
import type { Backing, Placing, Share } from "./allocations.ts";
import type { Access, Mapped } from "./mapping_info.ts";

/** What becomes a handle. */
export interface Adoptee extends Mapped {
  /** Maps, and returns the address of all that is to be unmapped. */
  readonly map: () => bigint;
  /** The length in bytes of all that is to be unmapped. */
  readonly exactByteLength: bigint;
  /** Where it is memory of a file: what that keeps. */
  readonly backing: Backing | undefined;
  /** Where it has guard pages, or huge ones. */
  readonly placing: Placing | undefined;
  /** Where other handles have it too: this one's part in it. */
  readonly share: Share | undefined;
}

/** What becomes a handle of anonymous memory. */
export function anonymous(
  map: () => bigint,
  byteLength: number,
  exactByteLength: bigint,
  access: Access,
): Adoptee {
  return {
    map,
    byteLength,
    exactByteLength,
    access,
    source: "memory",
    margin: 0,
    skip: 0,
    isGuarded: false,
    noReserve: false,
    isReserved: access === "none",
    backing: undefined,
    placing: undefined,
    share: undefined,
  };
}
