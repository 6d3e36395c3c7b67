/**
 * Regions as rows, for the tests of `regions()` on simulated systems.
 *
 * @module
 */
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";

export const PAGE = 4096;
export const OWN = { pid: undefined, resident: false, within: undefined };

/** Regions as rows of what differs. */
export function rows(found: RegionFacts[] | object): unknown {
  if (!Array.isArray(found)) return found;
  return (found as RegionFacts[]).map((
    { address, byteLength, access, isShared, path, ...rest },
  ) => [
    `0x${address.toString(16)}`,
    byteLength,
    access,
    isShared,
    path,
    rest.residentByteLength,
  ]);
}
