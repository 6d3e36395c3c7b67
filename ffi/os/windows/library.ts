/**
 * The system libraries of Windows.
 *
 * @module
 */
import { type OpenFunctions, openLibrary } from "../../library.ts";
import type { Native } from "../../symbols.ts";
import { type Failure, failure } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import { windowsErrors } from "./errors.ts";

/** The system libraries, as the parts of Windows share them. */
export interface WindowsLibrary {
  readonly native: Native;
  /** Opens functions of kernel32. */
  readonly open: OpenFunctions;
  /** The page size in bytes. */
  readonly pageSize: number;
  /** The allocation granularity in bytes. */
  readonly granularity: number;
  /** The end of the address space of a process. */
  readonly addressesEnd: bigint;
  /** Makes the failure of a call. Without `osError`, it reads the error of the last call. */
  readonly failed: (syscall: string, osError?: number) => Failure;
}

/** `sizeof(SYSTEM_INFO)`: {@link https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-system_info} */
const SYSTEM_INFO_BYTE_LENGTH = 48;
/** `offsetof(SYSTEM_INFO, dwPageSize)` */
const DW_PAGE_SIZE = 4;
/** `offsetof(SYSTEM_INFO, lpMaximumApplicationAddress)` */
const LP_MAXIMUM_APPLICATION_ADDRESS = 16;
/** `offsetof(SYSTEM_INFO, dwAllocationGranularity)` */
const DW_ALLOCATION_GRANULARITY = 40;

/** Opens kernel32 and the functions that every program needs. */
export function openWindowsLibrary(native: Native): WindowsLibrary {
  const open = openLibrary(native, "kernel32.dll");
  const { GetLastError, GetSystemInfo } = open(
    KERNEL32,
    "VirtualAlloc",
    "VirtualFree",
    "VirtualProtect",
    "DiscardVirtualMemory",
    "GetLastError",
    "GetSystemInfo",
  );
  const info = new Uint8Array(SYSTEM_INFO_BYTE_LENGTH);
  GetSystemInfo(info);
  const fields = new DataView(info.buffer);
  const codes = windowsErrors();
  return {
    native,
    open,
    pageSize: fields.getUint32(DW_PAGE_SIZE, true),
    granularity: fields.getUint32(DW_ALLOCATION_GRANULARITY, true),
    addressesEnd: fields.getBigUint64(LP_MAXIMUM_APPLICATION_ADDRESS, true) + 1n,
    failed: (syscall, osError = GetLastError()) => failure(syscall, osError, codes),
  };
}

/**
 * Returns the upper 32 bits of 64. Most calls of Windows take the two halves as separate arguments.
 */
export function high(value: bigint): number {
  return Number(value >> 32n);
}

/** Returns the lower 32 bits. */
export function low(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}

/** Returns the UTF-16 code units of a text, terminated by a NUL. */
export function wide(text: string): Uint8Array {
  const units = new Uint8Array(2 * (text.length + 1));
  const view = new DataView(units.buffer);
  for (let index = 0; index < text.length; index++) {
    view.setUint16(2 * index, text.charCodeAt(index), true);
  }
  return units;
}

/** Returns the text of UTF-16 code units. */
export function textOf(bytes: Uint8Array, length: number): string {
  const view = new DataView(bytes.buffer);
  let text = "";
  for (let index = 0; index < length; index++) {
    text += String.fromCharCode(view.getUint16(2 * index, true));
  }
  return text;
}
