/**
 * The residency of mappings, for tests of `advise()` and `lock()`.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Residency } from "../../ffi/os/contract/residency.ts";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "./free_address.ts";
import { smapsEntry } from "./memory_map.ts";

/** Opened before the tests: Deno counts a library that a test opens as a leak. */
export const residency: Residency = host().os.residency;

/** Maps at a place of its own: the system does not merge it with a neighbour. */
export function mapAlone(pages: number): Mmap {
  const len = pages * pageSize();
  return new MmapOptions({ len, hint: freeAddress(len) }).mapAnon();
}

/** The kernel's flags of the pages at an offset. */
export function flagsAt(mmap: Mmap, byteOffset: number = 0): string[] {
  return smapsEntry(mmap.address + BigInt(byteOffset))?.VmFlags?.split(" ") ?? [];
}

/** Runs `body` while the system's residency answers otherwise. */
export function withResidency(stand: Partial<Residency>, body: () => void): void {
  const original = { ...residency };
  try {
    Object.assign(residency, stand);
    body();
  } finally {
    Object.assign(residency, original);
  }
}
