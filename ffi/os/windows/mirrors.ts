/**
 * Memory that is mapped twice in a row, on Windows 10 from version 1803 on.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { type Failure, type Mapper, type MirrorRequest, UNSUPPORTED } from "../contract/memory.ts";
import { MEM_RELEASE, MEM_RESERVE, PAGE_NOACCESS, PAGE_READWRITE } from "./constants.ts";

/** `MEM_PRESERVE_PLACEHOLDER`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree} */
export const MEM_PRESERVE_PLACEHOLDER = 0x2;
/** `MEM_REPLACE_PLACEHOLDER`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3} */
export const MEM_REPLACE_PLACEHOLDER = 0x4000;
/** `MEM_RESERVE_PLACEHOLDER`: {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2} */
export const MEM_RESERVE_PLACEHOLDER = 0x40000;

const INVALID_HANDLE_VALUE = 0xffff_ffff_ffff_ffffn;
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;

const FUNCTIONS = {
  // HANDLE CreateFileMappingW(HANDLE hFile, LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
  //   DWORD flProtect, DWORD dwMaximumSizeHigh, DWORD dwMaximumSizeLow, LPCWSTR lpName)
  CreateFileMappingW: {
    parameters: ["usize", "usize", "u32", "u32", "u32", "usize"],
    result: "usize",
  },
  // BOOL CloseHandle(HANDLE hObject)
  CloseHandle: { parameters: ["usize"], result: "i32" },
  // BOOL UnmapViewOfFile(LPCVOID lpBaseAddress)
  UnmapViewOfFile: { parameters: ["usize"], result: "i32" },
  // BOOL VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType)
  VirtualFree: { parameters: ["usize", "usize", "u32"], result: "i32" },
} as const satisfies SymbolTable;

// kernel32 does not hand these on.
const BASE_FUNCTIONS = {
  // PVOID VirtualAlloc2(HANDLE Process, PVOID BaseAddress, SIZE_T Size, ULONG AllocationType,
  //   ULONG PageProtection, MEM_EXTENDED_PARAMETER *ExtendedParameters, ULONG ParameterCount)
  VirtualAlloc2: {
    parameters: ["usize", "usize", "usize", "u32", "u32", "usize", "u32"],
    result: "usize",
  },
  // PVOID MapViewOfFile3(HANDLE FileMapping, HANDLE Process, PVOID BaseAddress, ULONG64 Offset,
  //   SIZE_T ViewSize, ULONG AllocationType, ULONG PageProtection,
  //   MEM_EXTENDED_PARAMETER *ExtendedParameters, ULONG ParameterCount)
  MapViewOfFile3: {
    parameters: ["usize", "usize", "usize", "usize", "usize", "u32", "u32", "usize", "u32"],
    result: "usize",
  },
} as const satisfies SymbolTable;

/** Opens the calls of kernel32 and kernelbase. */
export function windowsMirrors(
  native: Native,
  failed: (syscall: string) => Failure,
  protect: Mapper<MirrorRequest>["protect"],
): Mapper<MirrorRequest> {
  const c = native.open("kernel32.dll", FUNCTIONS);
  const { VirtualAlloc2, MapViewOfFile3 } = native.open("kernelbase.dll", BASE_FUNCTIONS);

  const reserve = (address: bigint, byteLength: bigint) =>
    VirtualAlloc2(
      CURRENT_PROCESS,
      address,
      byteLength,
      MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
      PAGE_NOACCESS,
      0n,
      0,
    );
  const free = (address: bigint) => c.VirtualFree(address, 0n, MEM_RELEASE);

  /** Fills both placeholders, or frees both. */
  const fill = (address: bigint, half: bigint): Failure | undefined => {
    const halves = [address, address + half];
    const high = Number(half >> 32n);
    const low = Number(half & 0xffff_ffffn);
    const { CreateFileMappingW } = c;
    const section = CreateFileMappingW(INVALID_HANDLE_VALUE, 0n, PAGE_READWRITE, high, low, 0n);
    let failure = section === 0n ? failed("CreateFileMappingW") : undefined;
    let filled = 0;
    for (const base of halves) {
      if (failure !== undefined) continue;
      const view = MapViewOfFile3(
        section,
        CURRENT_PROCESS,
        base,
        0n,
        half,
        MEM_REPLACE_PLACEHOLDER,
        PAGE_READWRITE,
        0n,
        0,
      );
      if (view === 0n) failure = failed("MapViewOfFile3");
      else filled++;
    }
    if (failure !== undefined) {
      for (const base of halves.slice(0, filled)) c.UnmapViewOfFile(base);
      for (const base of halves.slice(filled)) free(base);
    }
    if (section !== 0n) c.CloseHandle(section); // the views keep what they need
    return failure;
  };

  return {
    map({ hint, byteLength, strict }) {
      const half = byteLength / 2n;
      let address = reserve(hint, byteLength);
      // Windows does not look for another place by itself.
      if (address === 0n && hint !== 0n && !strict) address = reserve(0n, byteLength);
      if (address === 0n) return failed("VirtualAlloc2");
      if (c.VirtualFree(address, half, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER) === 0) {
        const failure = failed("VirtualFree");
        free(address);
        return failure;
      }
      return fill(address, half) ?? address;
    },

    unmap(address, byteLength) {
      // The second half first: one that is refused here can be tried again, whole.
      if (c.UnmapViewOfFile(address + byteLength / 2n) === 0) return failed("UnmapViewOfFile");
      // After that it must not be: others may be mapped where that half was.
      if (c.UnmapViewOfFile(address) === 0) c.UnmapViewOfFile(address);
      return undefined;
    },

    // Nothing can be put in the place of a view without a moment in which a
    // load ends the process: it stays until it is unmapped.
    vacate: () => undefined,

    discard: () => UNSUPPORTED,

    protect,
  };
}
