/**
 * What is mapped, on Windows: `VirtualQuery`, `GetMappedFileNameW` and
 * `QueryWorkingSetEx`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { type Failure, isFailure } from "../contract/memory.ts";
import {
  protectionOf,
  type RegionFacts,
  type RegionProtection,
  type Regions,
} from "../contract/regions.ts";
import {
  MEM_COMMIT,
  MEM_FREE,
  MEM_MAPPED,
  MEM_PRIVATE,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from "./constants.ts";
import { MemoryInformation, windowsWorkingSet } from "./query.ts";

const ERROR_INVALID_PARAMETER = 87;

/** Which protections let memory be read, written, executed. */
const READABLE = PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READ |
  PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
const WRITABLE = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE |
  PAGE_EXECUTE_WRITECOPY;
const EXECUTABLE = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |
  PAGE_EXECUTE_WRITECOPY;
const COPIED = PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY;

/** The longest path that Windows has, in UTF-16 code units. */
const MAX_PATH_LENGTH = 32_768;
/** More than the name of a device has, in UTF-16 code units. */
const MAX_DEVICE_LENGTH = 1024;
/** The folder of the drives among the objects of the system: what is in it is a path already. Wine has such. */
const DOS_DEVICES = "\\??\\";

const FUNCTIONS = {
  // HANDLE GetCurrentProcess(void)
  GetCurrentProcess: { parameters: [], result: "usize" },
  // SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength)
  VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  // DWORD K32GetMappedFileNameW(HANDLE hProcess, LPVOID lpv, LPWSTR lpFilename, DWORD nSize)
  K32GetMappedFileNameW: { parameters: ["usize", "usize", "buffer", "u32"], result: "u32" },
  // DWORD GetLogicalDrives(void)
  GetLogicalDrives: { parameters: [], result: "u32" },
  // DWORD QueryDosDeviceW(LPCWSTR lpDeviceName, LPWSTR lpTargetPath, DWORD ucchMax)
  QueryDosDeviceW: { parameters: ["buffer", "buffer", "u32"], result: "u32" },
} as const satisfies SymbolTable;

/** One answer of `VirtualQuery`. */
interface Found {
  readonly end: bigint;
  readonly allocation: bigint;
  readonly isFree: boolean;
  readonly isCommitted: boolean;
  readonly isPrivate: boolean;
  readonly isShared: boolean;
  readonly access: RegionProtection;
}

/**
 * Opens {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery | VirtualQuery},
 * {@link https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-getmappedfilenamew | GetMappedFileNameW} and
 * {@link https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex | QueryWorkingSetEx}.
 */
export function windowsRegions(
  native: Native,
  pageSize: number,
  addressesEnd: bigint,
  failed: (syscall: string) => Failure,
): Regions {
  const c = native.open("kernel32.dll", FUNCTIONS);
  const thisProcess = c.GetCurrentProcess();
  const countResident = windowsWorkingSet(native, pageSize, failed);
  const info = new MemoryInformation();

  const query = (address: bigint): Found | Failure => {
    if (c.VirtualQuery(address, info.bytes, info.byteLength) === 0n) return failed("VirtualQuery");
    const { state, type, protect } = info;
    const isCommitted = state === MEM_COMMIT;
    // Once it was stored to, a page that is copied on writing is PAGE_READWRITE.
    const isCopied = ((info.allocationProtect | protect) & COPIED) !== 0;
    const isPrivate = type === MEM_PRIVATE;
    // The next access of a guard page is an exception.
    const usable = isCommitted && (protect & PAGE_GUARD) === 0 ? protect : 0;
    return {
      end: info.end,
      allocation: info.allocationBase,
      isFree: state === MEM_FREE,
      isCommitted,
      isPrivate,
      isShared: type === MEM_MAPPED && !isCopied,
      access: protectionOf(
        (usable & READABLE) !== 0,
        (usable & WRITABLE) !== 0,
        (usable & EXECUTABLE) !== 0,
        isCopied,
      ),
    };
  };

  /** The devices of the drives, each with the drive's name: paths of mapped files start with a device. */
  const devices = (): readonly (readonly [device: string, drive: string])[] => {
    const target = new Uint8Array(2 * MAX_DEVICE_LENGTH);
    const drives = c.GetLogicalDrives();
    return [...Array(26).keys()].flatMap((index) => {
      if ((drives & 1 << index) === 0) return [];
      const letter = 65 + index;
      const name = new Uint8Array([letter, 0, 58, 0, 0, 0]); // "C:"
      const length = c.QueryDosDeviceW(name, target, MAX_DEVICE_LENGTH);
      if (length === 0) return [];
      // The first of several strings.
      const device = textOf(target, length).split("\0", 1)[0]!;
      return device === "" ? [] : [[`${device}\\`, `${String.fromCharCode(letter)}:\\`]] as const;
    });
  };

  const path = new Uint8Array(2 * MAX_PATH_LENGTH);
  /** The path of the file that is mapped at an address. A section of the paging file has none. */
  const pathAt = (address: bigint, drives: ReturnType<typeof devices>): string | undefined => {
    const length = c.K32GetMappedFileNameW(thisProcess, address, path, MAX_PATH_LENGTH);
    if (length === 0) return undefined;
    const found = textOf(path, length);
    if (found.startsWith(DOS_DEVICES)) return found.slice(DOS_DEVICES.length);
    const named = drives.find((drive) => found.startsWith(drive[0]));
    return named === undefined ? found : named[1] + found.slice(named[0].length);
  };

  return {
    fileOf: undefined,

    list({ resident }) {
      const regions = new Set<RegionFacts>();
      let before: RegionFacts | undefined;
      const drives = devices();
      let last: (Found & { readonly path: string | undefined }) | undefined;
      for (let address = 0n; address < addressesEnd;) {
        const found = query(address);
        if (isFailure(found)) {
          if (found.osError === ERROR_INVALID_PARAMETER) break; // the system's own part of the addresses
          return found;
        }
        const { end, isFree } = found;
        if (end <= address) break; // it tells of nothing above
        const start = address;
        address = end;
        if (isFree) {
          last = undefined;
          continue;
        }
        const isSame = last?.allocation === found.allocation;
        const path = isSame ? last?.path : found.isPrivate ? undefined : pathAt(start, drives);
        const count = resident && found.isCommitted ? countResident(start, end) : 0;
        if (typeof count !== "number") return count;
        let region: RegionFacts = {
          address: start,
          byteLength: Number(end - start),
          access: found.access,
          isShared: found.isShared,
          path,
          isDeleted: false,
          name: undefined,
          residentByteLength: resident ? count * pageSize : undefined,
        };
        if (isSame && before?.access === region.access && before.isShared === region.isShared) {
          regions.delete(before);
          region = joined(before, region);
        }
        regions.add(region);
        before = region;
        last = { ...found, path };
      }
      return [...regions];
    },
  };
}

/** One region of two neighbours that differ in nothing that is told. */
function joined(first: RegionFacts, second: RegionFacts): RegionFacts {
  const { residentByteLength: resident } = first;
  return {
    ...first,
    byteLength: first.byteLength + second.byteLength,
    residentByteLength: resident === undefined ? undefined : resident + second.residentByteLength!,
  };
}

/** Reads UTF-16 code units. */
function textOf(bytes: Uint8Array, length: number): string {
  const view = new DataView(bytes.buffer);
  let text = "";
  for (let index = 0; index < length; index++) {
    text += String.fromCharCode(view.getUint16(2 * index, true));
  }
  return text;
}
