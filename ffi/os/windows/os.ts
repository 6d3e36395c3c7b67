/**
 * Windows.
 *
 * @module
 */
import { own } from "../../own.ts";
import type { Native, SymbolTable } from "../../symbols.ts";
import { lazily } from "../../lazily.ts";
import {
  failure,
  type Mapper,
  type MapRequest,
  type Protection,
  UNSUPPORTED,
} from "../contract/memory.ts";
import type { Os } from "../contract/os.ts";
import { windowsCopying } from "./copying.ts";
import { windowsErrors } from "./errors.ts";
import { windowsFiles } from "./files.ts";
import {
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_LARGE_PAGES,
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_EXECUTE_READ,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from "./constants.ts";
import { windowsNamed } from "./named.ts";
import { windowsMirrors } from "./mirrors.ts";
import { windowsRegions } from "./regions.ts";
import type { Residency } from "../contract/residency.ts";
import { windowsResidency } from "./residency.ts";
import { windowsHuge } from "./huge.ts";
import { windowsWaiting } from "./waiting.ts";

const PROTECTIONS: Readonly<Record<Protection, number>> = {
  "none": PAGE_NOACCESS,
  "read": PAGE_READONLY,
  "read-write": PAGE_READWRITE,
  "copy-on-write": PAGE_WRITECOPY,
  "read-execute": PAGE_EXECUTE_READ,
};

/** `sizeof(SYSTEM_INFO)`: {@link https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-system_info} */
const SYSTEM_INFO_BYTE_LENGTH = 48;
/** `offsetof(SYSTEM_INFO, dwPageSize)` */
const DW_PAGE_SIZE = 4;
/** `offsetof(SYSTEM_INFO, lpMaximumApplicationAddress)` */
const LP_MAXIMUM_APPLICATION_ADDRESS = 16;
/** `offsetof(SYSTEM_INFO, dwAllocationGranularity)` */
const DW_ALLOCATION_GRANULARITY = 40;

/** Why there can be no large pages. */
const HUGE_ADVICE: Readonly<Record<string, string>> = {
  EPERM: 'the user needs the right "Lock pages in memory" (SeLockMemoryPrivilege), which the ' +
    "local security policy gives",
  ENOMEM: "too little memory is in one piece for large pages: map them soon after the start of " +
    "the system, or map less",
};

const FUNCTIONS = {
  // LPVOID VirtualAlloc(LPVOID lpAddress, SIZE_T dwSize, DWORD flAllocationType, DWORD flProtect)
  VirtualAlloc: {
    parameters: ["usize", "usize", "u32", "u32"],
    result: "usize",
  },
  // BOOL VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType)
  VirtualFree: { parameters: ["usize", "usize", "u32"], result: "i32" },
  // BOOL VirtualProtect(LPVOID lpAddress, SIZE_T dwSize, DWORD flNewProtect, PDWORD lpflOldProtect)
  VirtualProtect: { parameters: ["usize", "usize", "u32", "buffer"], result: "i32" },
  // DWORD DiscardVirtualMemory(PVOID VirtualAddress, SIZE_T Size)
  DiscardVirtualMemory: { parameters: ["usize", "usize"], result: "u32" },
  // DWORD GetLastError(void)
  GetLastError: { parameters: [], result: "u32" },
  // void GetSystemInfo(LPSYSTEM_INFO lpSystemInfo)
  GetSystemInfo: { parameters: ["buffer"], result: "void" },
} as const satisfies SymbolTable;

const NT_FUNCTIONS = {
  // VOID RtlZeroMemory(VOID UNALIGNED *Destination, SIZE_T Length)
  RtlZeroMemory: { parameters: ["usize", "usize"], result: "void" },
} as const satisfies SymbolTable;

/** Opens kernel32 and ntdll. */
export function windows(native: Native): Os {
  const {
    VirtualAlloc,
    VirtualFree,
    VirtualProtect,
    DiscardVirtualMemory,
    GetLastError,
    GetSystemInfo,
  } = native.open("kernel32.dll", FUNCTIONS);
  const { RtlZeroMemory } = native.open("ntdll.dll", NT_FUNCTIONS);
  const info = new Uint8Array(SYSTEM_INFO_BYTE_LENGTH);
  GetSystemInfo(info);
  const fields = new DataView(info.buffer);
  const codes = windowsErrors();
  const failed = (syscall: string) => failure(syscall, GetLastError(), codes);
  const pageSize = fields.getUint32(DW_PAGE_SIZE, true);
  const addressesEnd = fields.getBigUint64(LP_MAXIMUM_APPLICATION_ADDRESS, true) + 1n;
  const oldProtection = new Uint8Array(4);

  let residency: Residency | undefined;

  // What is in the pages afterwards is not defined: what was there, or nothing.
  const vacate = (address: bigint, byteLength: bigint) => {
    // It takes whole pages, and returns the error.
    const wholePages = (byteLength + BigInt(pageSize - 1)) & -BigInt(pageSize);
    residency?.unlock(address, wholePages); // what is locked stays in RAM
    const osError = DiscardVirtualMemory(address, wholePages);
    return osError === 0 ? undefined : failure("DiscardVirtualMemory", osError, codes);
  };

  const protect = (address: bigint, byteLength: bigint, protection: Protection) => {
    const result = VirtualProtect(address, byteLength, PROTECTIONS[protection], oldProtection);
    return result !== 0 ? undefined : failed("VirtualProtect");
  };
  const map = ({ hint, byteLength, strict, protection }: MapRequest, type: number) => {
    let address = VirtualAlloc(hint, byteLength, type, PROTECTIONS[protection]);
    // Windows does not look for another place by itself.
    if (address === 0n && hint !== 0n && !strict) {
      address = VirtualAlloc(0n, byteLength, type, PROTECTIONS[protection]);
    }
    return address === 0n ? failed("VirtualAlloc") : address;
  };
  // MEM_RELEASE wants a size of 0, and frees the whole allocation.
  const unmap = (address: bigint, _byteLength: bigint) =>
    VirtualFree(address, 0n, MEM_RELEASE) !== 0 ? undefined : failed("VirtualFree");
  const files = lazily(() => windowsFiles(native, failed, protect, addressesEnd));
  const named = lazily(() => windowsNamed(native, failed));
  const mirrors = lazily(() => windowsMirrors(native, failed, protect));
  const regions = lazily(() => windowsRegions(native, pageSize, addressesEnd, failed));
  const copying = lazily(() => windowsCopying(native, failed));
  const waiting = lazily(() =>
    windowsWaiting(native, {
      copying: copying(),
      lastError: GetLastError,
      failure: (syscall, osError) => failure(syscall, osError, codes),
    })
  );
  const huge = lazily(() => {
    const { pageByteLength, allow } = windowsHuge(native);
    const mapper: Mapper<MapRequest> = {
      map(request) {
        allow();
        const address = map(request, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES);
        return typeof address === "bigint"
          ? address
          : { ...address, advice: own(HUGE_ADVICE, address.code) };
      },
      unmap,
      vacate: () => UNSUPPORTED, // the memory goes with the range
      discard: () => UNSUPPORTED,
      protect,
    };
    return {
      pageByteLength,
      mapper: (asked: number) => asked === pageByteLength ? mapper : undefined,
    };
  });

  return {
    pageSize,
    allocationGranularity: fields.getUint32(DW_ALLOCATION_GRANULARITY, true),
    populates: false,
    reserves: false,

    // VirtualAlloc commits what it maps: there is nothing that noReserve could leave out.
    map: (request) =>
      map(request, request.protection === "none" ? MEM_RESERVE : MEM_RESERVE | MEM_COMMIT),

    unmap,

    get huge() {
      return huge();
    },

    room: undefined,
    remap: undefined,
    growsInto: undefined,
    threadShortage: undefined,
    name: undefined,
    guard: undefined,
    guardAt: undefined,

    unmapsNeighbours: false,

    vacate,

    // To decommit and commit would leave a moment in which a load ends the process.
    discard(address, byteLength) {
      RtlZeroMemory(address, byteLength);
      return vacate(address, byteLength);
    },

    protect(address, byteLength, protection) {
      // Committing again what is committed does nothing.
      const committed = VirtualAlloc(address, byteLength, MEM_COMMIT, PROTECTIONS[protection]);
      return committed === 0n ? failed("VirtualAlloc") : protect(address, byteLength, protection);
    },

    decommit(address, byteLength) {
      return VirtualFree(address, byteLength, MEM_DECOMMIT) !== 0
        ? undefined
        : failed("VirtualFree");
    },

    maxHeldByteLength: 256 * 2 ** 20, // it stays committed: others cannot have it

    get files() {
      return files();
    },

    get named() {
      return named();
    },

    get mirrors() {
      return mirrors();
    },

    get regions() {
      return regions();
    },

    get copying() {
      return copying();
    },

    get waiting() {
      return waiting();
    },

    get residency() {
      return residency ??= windowsResidency(
        native,
        pageSize,
        failed,
        (syscall, osError) => failure(syscall, osError, codes),
      );
    },
  };
}
