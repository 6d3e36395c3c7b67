/**
 * Residency on Windows: `PrefetchVirtualMemory`, `DiscardVirtualMemory`,
 * `VirtualLock` and the working set.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Failure } from "../contract/memory.ts";
import type { Residency } from "../contract/residency.ts";
import { MEM_COMMIT } from "./constants.ts";
import { MemoryInformation, windowsWorkingSet } from "./query.ts";

/** `ERROR_NOT_LOCKED`: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-} */
export const ERROR_NOT_LOCKED = 158;
/** `ERROR_WORKING_SET_QUOTA`: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes--1300-1699-} */
export const ERROR_WORKING_SET_QUOTA = 1453;

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
} as const satisfies SymbolTable;

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
  } = native.open("kernel32.dll", FUNCTIONS);
  const thisProcess = GetCurrentProcess();
  const countResident = windowsWorkingSet(native, pageSize, failed);

  /** Makes room for so many locked bytes more; tells whether it did. */
  const raiseWorkingSet = (byteLength: bigint): boolean => {
    const minimum = new BigUint64Array(1);
    const maximum = new BigUint64Array(1);
    const atMinimum = new Uint8Array(minimum.buffer);
    const atMaximum = new Uint8Array(maximum.buffer);
    if (GetProcessWorkingSetSize(thisProcess, atMinimum, atMaximum) === 0) return false;
    const sizes = [minimum[0]! + byteLength, maximum[0]! + byteLength] as const;
    return SetProcessWorkingSetSize(thisProcess, ...sizes) !== 0;
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

    lockLimit: (code) =>
      code === "ENOMEM" ? "the working set, which SetProcessWorkingSetSize raises" : undefined,

    resident(address, byteLength) {
      const end = address + byteLength;
      const info = new MemoryInformation();
      let resident = 0;
      for (let start = address; start < end;) {
        if (VirtualQuery(start, info.bytes, info.byteLength) === 0n) return failed("VirtualQuery");
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

    // Its PrefetchVirtualMemory backs nothing that is not in a file.
    populate: () => "unsupported",
  };
}
