/**
 * Large pages on Windows: how long they are, and the privilege to have them.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { lazily } from "../../lazily.ts";
import { wide } from "./files.ts";

/** `TOKEN_ADJUST_PRIVILEGES`: {@link https://learn.microsoft.com/windows/win32/secauthz/access-rights-for-access-token-objects} */
export const TOKEN_ADJUST_PRIVILEGES = 0x20;
/** `SE_PRIVILEGE_ENABLED`: {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-token_privileges} */
export const SE_PRIVILEGE_ENABLED = 0x2;

const FUNCTIONS = {
  // SIZE_T GetLargePageMinimum(void)
  GetLargePageMinimum: { parameters: [], result: "usize" },
  // HANDLE GetCurrentProcess(void)
  GetCurrentProcess: { parameters: [], result: "usize" },
  // BOOL CloseHandle(HANDLE hObject)
  CloseHandle: { parameters: ["usize"], result: "i32" },
} as const satisfies SymbolTable;

const TOKEN_FUNCTIONS = {
  // BOOL OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, PHANDLE TokenHandle)
  OpenProcessToken: { parameters: ["usize", "u32", "buffer"], result: "i32" },
  // BOOL LookupPrivilegeValueW(LPCWSTR lpSystemName, LPCWSTR lpName, PLUID lpLuid)
  LookupPrivilegeValueW: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
  // BOOL AdjustTokenPrivileges(HANDLE TokenHandle, BOOL DisableAllPrivileges,
  //   PTOKEN_PRIVILEGES NewState, DWORD BufferLength, PTOKEN_PRIVILEGES PreviousState,
  //   PDWORD ReturnLength)
  AdjustTokenPrivileges: {
    parameters: ["usize", "i32", "buffer", "u32", "usize", "usize"],
    result: "i32",
  },
} as const satisfies SymbolTable;

const PRIVILEGE = "SeLockMemoryPrivilege";

/** What large pages need. */
export interface WindowsHuge {
  /** `GetLargePageMinimum()`: 0 where there are none. */
  readonly pageByteLength: number;
  /** Enables the privilege, which a user can have and a process not use. Where that fails, mapping will. */
  allow(): void;
}

/** Opens the calls of kernel32 and advapi32. */
export function windowsHuge(native: Native): WindowsHuge {
  const { GetLargePageMinimum, GetCurrentProcess, CloseHandle } = native.open(
    "kernel32.dll",
    FUNCTIONS,
  );
  const pageByteLength = Number(GetLargePageMinimum());
  const tokens = lazily(() => native.open("advapi32.dll", TOKEN_FUNCTIONS));
  return {
    pageByteLength,
    allow() {
      const c = tokens();
      const token = new Uint8Array(8);
      if (c.OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, token) === 0) return;
      const handle = new DataView(token.buffer).getBigUint64(0, true);
      // TOKEN_PRIVILEGES: PrivilegeCount at 0, Privileges[0].Luid at 4, .Attributes at 12
      const privileges = new Uint8Array(16);
      const fields = new DataView(privileges.buffer);
      fields.setUint32(0, 1, true);
      fields.setUint32(12, SE_PRIVILEGE_ENABLED, true);
      const luid = privileges.subarray(4, 12);
      if (c.LookupPrivilegeValueW(0n, wide(PRIVILEGE), luid) !== 0) {
        c.AdjustTokenPrivileges(handle, 0, privileges, 0, 0n, 0n);
      }
      CloseHandle(handle);
    },
  };
}
