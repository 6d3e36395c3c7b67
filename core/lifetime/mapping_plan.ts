/**
 * What becomes a handle.
 *
 * @module
 */
import type { Backing, GuardLayout, Share } from "./allocation.ts";
import type { Access, MappingInfo } from "./mapping_info.ts";

/** What becomes a handle. */
export interface MappingPlan extends MappingInfo {
  /** Maps, and returns the address of all that is to be unmapped. */
  readonly map: () => bigint;
  /** The length in bytes of all that is to be unmapped. */
  readonly exactByteLength: bigint;
  /** Where it is memory of a file: what that keeps. */
  readonly backing: Backing | undefined;
  /** Where it has guard pages, or huge ones. */
  readonly layout: GuardLayout | undefined;
  /** Where other handles have it too: this one's part in it. */
  readonly share: Share | undefined;
}

/** What becomes a handle of anonymous memory. */
export function anonymousPlan(
  map: () => bigint,
  byteLength: number,
  exactByteLength: bigint,
  access: Access,
): MappingPlan {
  return {
    map,
    byteLength,
    exactByteLength,
    access,
    source: "memory",
    guardByteLength: 0,
    pageOffset: 0,
    isGuarded: false,
    noReserve: false,
    isReserved: access === "none",
    backing: undefined,
    layout: undefined,
    share: undefined,
  };
}
