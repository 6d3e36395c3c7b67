/**
 * Advice, locks and pages in RAM on Windows.
 *
 * @module
 */
import type { Residency } from "../contract/residency.ts";
import { KERNEL32 } from "./calls.ts";
import {
  CURRENT_PROCESS,
  ERROR_NOT_LOCKED,
  ERROR_WORKING_SET_QUOTA,
  MEM_COMMIT,
} from "./constants.ts";
import type { WindowsLibrary } from "./library.ts";
import { MemoryInformation, windowsWorkingSet } from "./query.ts";

/** Opens the calls. */
export function windowsResidency(library: WindowsLibrary): Residency {
  const { open, failed, pageSize } = library;
  const c = open(
    KERNEL32,
    "PrefetchVirtualMemory",
    "DiscardVirtualMemory",
    "VirtualLock",
    "VirtualUnlock",
    "VirtualQuery",
    "GetProcessWorkingSetSize",
    "SetProcessWorkingSetSize",
  );
  const countResident = windowsWorkingSet(library);

  /** Raises the limit of locked memory. Returns whether that worked. */
  const raiseWorkingSet = (byteLength: bigint): boolean => {
    const minimum = new BigUint64Array(1);
    const maximum = new BigUint64Array(1);
    const atMinimum = new Uint8Array(minimum.buffer);
    const atMaximum = new Uint8Array(maximum.buffer);
    if (c.GetProcessWorkingSetSize(CURRENT_PROCESS, atMinimum, atMaximum) === 0) return false;
    const sizes = [minimum[0]! + byteLength, maximum[0]! + byteLength] as const;
    return c.SetProcessWorkingSetSize(CURRENT_PROCESS, ...sizes) !== 0;
  };

  return {
    advise(address, byteLength, advice) {
      if (advice === "will-need") {
        // WIN32_MEMORY_RANGE_ENTRY: PVOID VirtualAddress, SIZE_T NumberOfBytes
        const entry = new Uint8Array(new BigUint64Array([address, byteLength]).buffer);
        const result = c.PrefetchVirtualMemory(CURRENT_PROCESS, 1n, entry, 0);
        return result !== 0 ? undefined : failed("PrefetchVirtualMemory");
      }
      if (advice !== "free") return "unsupported";
      const osError = c.DiscardVirtualMemory(address, byteLength);
      return osError === 0 ? undefined : failed("DiscardVirtualMemory", osError);
    },

    lock(address, byteLength) {
      if (c.VirtualLock(address, byteLength) !== 0) return undefined;
      const refusal = failed("VirtualLock");
      if (refusal.osError !== ERROR_WORKING_SET_QUOTA) return refusal;
      // A process may lock as much as its minimum working set.
      if (!raiseWorkingSet(byteLength)) return refusal;
      return c.VirtualLock(address, byteLength) !== 0 ? undefined : failed("VirtualLock");
    },

    unlock(address, byteLength) {
      if (c.VirtualUnlock(address, byteLength) !== 0) return undefined;
      const refusal = failed("VirtualUnlock");
      return refusal.osError === ERROR_NOT_LOCKED ? undefined : refusal;
    },

    lockLimit: (code) =>
      code === "ENOMEM" ? "the working set, which SetProcessWorkingSetSize raises" : undefined,

    resident(address, byteLength) {
      const end = address + byteLength;
      const info = new MemoryInformation();
      let resident = 0;
      for (let start = address; start < end;) {
        if (c.VirtualQuery(start, info.bytes, info.byteLength) === 0n) {
          return failed("VirtualQuery");
        }
        const stop = info.end < end ? info.end : end;
        if (info.state === MEM_COMMIT) {
          const count = countResident(start, stop);
          if (typeof count === "object") return count;
          resident += count;
        }
        start = stop;
      }
      return resident * pageSize;
    },

    // PrefetchVirtualMemory backs only pages with content in a file.
    populate: () => "unsupported",
  };
}
