/**
 * Copying on Windows.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Copying } from "../contract/copying.ts";
import type { Failure } from "../contract/memory.ts";

const FUNCTIONS = {
  // BOOL ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer, SIZE_T nSize,
  //   SIZE_T *lpNumberOfBytesRead)
  ReadProcessMemory: { parameters: ["usize", "usize", "buffer", "usize", "usize"], result: "i32" },
  // BOOL WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress, LPCVOID lpBuffer, SIZE_T nSize,
  //   SIZE_T *lpNumberOfBytesWritten)
  WriteProcessMemory: { parameters: ["usize", "usize", "buffer", "usize", "usize"], result: "i32" },
} as const satisfies SymbolTable;

/** What `GetCurrentProcess()` returns: {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getcurrentprocess} */
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;

/**
 * Opens {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-readprocessmemory | ReadProcessMemory}
 * and {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-writeprocessmemory | WriteProcessMemory},
 * which here copy within the own process, and fail where a load or store would fault.
 */
export function windowsCopying(native: Native, failed: (syscall: string) => Failure): Copying {
  const c = native.open("kernel32.dll", FUNCTIONS);
  return {
    peek: undefined,

    read(address, target) {
      const length = BigInt(target.byteLength);
      const result = c.ReadProcessMemory(CURRENT_PROCESS, address, target, length, 0n);
      return result !== 0 ? undefined : failed("ReadProcessMemory");
    },

    write(address, source) {
      const length = BigInt(source.byteLength);
      const result = c.WriteProcessMemory(CURRENT_PROCESS, address, source, length, 0n);
      return result !== 0 ? undefined : failed("WriteProcessMemory");
    },
  };
}
