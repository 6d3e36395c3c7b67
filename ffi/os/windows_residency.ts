/**
 * Residency on Windows: `PrefetchVirtualMemory`, `DiscardVirtualMemory`,
 * `VirtualLock` and the working set.
 *
 * @module
 */
import type { Native, SymbolTable } from "../symbols.ts";
import type { Failure } from "./mapper.ts";
import type { Residency } from "./residency.ts";
import { MEM_COMMIT } from "./windows_memory.ts";

/** `ERROR_NOT_LOCKED`: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-} */
export const ERROR_NOT_LOCKED = 158;
/** `ERROR_WORKING_SET_QUOTA`: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes--1300-1699-} */
export const ERROR_WORKING_SET_QUOTA = 1453;

/** `sizeof(MEMORY_BASIC_INFORMATION)` */
const MEMORY_BASIC_INFORMATION_BYTE_LENGTH = 48;
/** `offsetof(MEMORY_BASIC_INFORMATION, BaseAddress)` */
const BASE_ADDRESS = 0;
/** `offsetof(MEMORY_BASIC_INFORMATION, RegionSize)` */
const REGION_SIZE = 24;
/** `offsetof(MEMORY_BASIC_INFORMATION, State)` */
const STATE = 32;

const FUNCTIONS = {
  // HANDLE GetCurrentProcess(void)
  GetCurrentProcess: { parameters: [], result: "usize" },
  // BOOL PrefetchVirtualMemory(HANDLE hProcess, ULONG_PTR NumberOfEntries, PWIN32_MEMORY_RANGE_ENTRY VirtualAddresses, ULONG Flags)
  PrefetchVirtualMemory: { parameters: ["usize", "usize", "buffer", "u32"], result: "i32" },
  // DWORD DiscardVirtualMemory(PVOID VirtualAddress, SIZE_T Size)
  DiscardVirtualMemory: { parameters: ["usize", "usize"], result: "u32" },
  // BOOL VirtualLock(LPVOID lpAddress, SIZE_T dwSize)
  VirtualLock: { parameters: ["usize", "usize"], result: "i32" },
  // BOOL VirtualUnlock(LPVOID lpAddress, SIZE_T dwSize)
  VirtualUnlock: { parameters: ["usize", "usize"], result: "i32" },
  // SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength)
  VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  // BOOL GetProcessWorkingSetSize(HANDLE hProcess, PSIZE_T lpMinimumWorkingSetSize, PSIZE_T lpMaximumWorkingSetSize)
  GetProcessWorkingSetSize: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
  // BOOL SetProcessWorkingSetSize(HANDLE hProcess, SIZE_T dwMinimumWorkingSetSize, SIZE_T dwMaximumWorkingSetSize)
  SetProcessWorkingSetSize: { parameters: ["usize", "usize", "usize"], result: "i32" },
  // BOOL K32QueryWorkingSetEx(HANDLE hProcess, PVOID pv, DWORD cb)
  K32QueryWorkingSetEx: { parameters: ["usize", "buffer", "u32"], result: "i32" },
} as const satisfies SymbolTable;

/** How many pages one `QueryWorkingSetEx` tells of, in 16 bytes each. */
const STRETCH_PAGES = 4096;

/**
 * Opens them. `failed` makes the failure of a call from `GetLastError()`,
 * `failure` from an error that a call returned.
 */
export function windowsResidency(
  native: Native,
  pageSize: number,
  failed: (syscall: string) => Failure,
  failure: (syscall: string, osError: number) => Failure,
): Residency {
  const {
    GetCurrentProcess,
    PrefetchVirtualMemory,
    DiscardVirtualMemory,
    VirtualLock,
    VirtualUnlock,
    VirtualQuery,
    GetProcessWorkingSetSize,
    SetProcessWorkingSetSize,
    K32QueryWorkingSetEx,
  } = native.open("kernel32.dll", FUNCTIONS);
  const thisProcess = GetCurrentProcess();

  /** Makes room for so many locked bytes more; tells whether it did. */
  const raiseWorkingSet = (byteLength: bigint): boolean => {
    const [minimum, maximum] = [new BigUint64Array(1), new BigUint64Array(1)];
    const [atMinimum, atMaximum] = [minimum, maximum].map((size) => new Uint8Array(size.buffer));
    if (GetProcessWorkingSetSize(thisProcess, atMinimum!, atMaximum!) === 0) return false;
    const sizes = [minimum[0]! + byteLength, maximum[0]! + byteLength] as const;
    return SetProcessWorkingSetSize(thisProcess, ...sizes) !== 0;
  };

  /** Counts the pages of committed memory that are in the working set. */
  const countResident = (start: bigint, end: bigint): number | Failure => {
    const step = BigInt(pageSize);
    const entries = new BigUint64Array(
      2 * Math.min(STRETCH_PAGES, Number((end - start) / step)),
    );
    const bytes = new Uint8Array(entries.buffer);
    let count = 0;
    for (let address = start; address < end;) {
      let pages = 0;
      for (; pages < entries.length / 2 && address < end; pages++, address += step) {
        entries[2 * pages] = address; // VirtualAddress
      }
      if (K32QueryWorkingSetEx(thisProcess, bytes, 16 * pages) === 0) {
        return failed("K32QueryWorkingSetEx");
      }
      for (let page = 0; page < pages; page++) {
        if ((entries[2 * page + 1]! & 1n) !== 0n) count++; // VirtualAttributes.Valid
      }
    }
    return count;
  };

  return {
    advise(address, byteLength, advice) {
      if (advice === "will-need") {
        // WIN32_MEMORY_RANGE_ENTRY: PVOID VirtualAddress, SIZE_T NumberOfBytes
        const entry = new Uint8Array(new BigUint64Array([address, byteLength]).buffer);
        const result = PrefetchVirtualMemory(thisProcess, 1n, entry, 0);
        return result !== 0 ? undefined : failed("PrefetchVirtualMemory");
      }
      if (advice !== "free") return "unsupported";
      const osError = DiscardVirtualMemory(address, byteLength);
      return osError === 0 ? undefined : failure("DiscardVirtualMemory", osError);
    },

    lock(address, byteLength) {
      if (VirtualLock(address, byteLength) !== 0) return undefined;
      const refusal = failed("VirtualLock");
      if (refusal.osError !== ERROR_WORKING_SET_QUOTA) return refusal;
      // The least that the process has in RAM is the most that it may lock.
      if (!raiseWorkingSet(byteLength)) return refusal;
      return VirtualLock(address, byteLength) !== 0 ? undefined : failed("VirtualLock");
    },

    unlock(address, byteLength) {
      if (VirtualUnlock(address, byteLength) !== 0) return undefined;
      const refusal = failed("VirtualUnlock");
      return refusal.osError === ERROR_NOT_LOCKED ? undefined : refusal;
    },

    lockLimit: "the working set, which SetProcessWorkingSetSize raises",

    resident(address, byteLength) {
      const end = address + byteLength;
      const info = new Uint8Array(MEMORY_BASIC_INFORMATION_BYTE_LENGTH);
      const fields = new DataView(info.buffer);
      let resident = 0;
      for (let start = address; start < end;) {
        if (VirtualQuery(start, info, BigInt(info.length)) === 0n) return failed("VirtualQuery");
        const regionEnd = fields.getBigUint64(BASE_ADDRESS, true) +
          fields.getBigUint64(REGION_SIZE, true);
        const stop = regionEnd < end ? regionEnd : end;
        if (fields.getUint32(STATE, true) === MEM_COMMIT) {
          const count = countResident(start, stop);
          if (typeof count === "object") return count;
          resident += count;
        }
        start = stop;
      }
      return resident * pageSize;
    },

    // Its PrefetchVirtualMemory backs nothing that is not in a file.
    populate: () => "unsupported",
  };
}
