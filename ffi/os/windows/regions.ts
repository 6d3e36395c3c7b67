/**
 * The mappings of the process on Windows, by `VirtualQuery`, `GetMappedFileNameW` and `QueryWorkingSetEx`.
 *
 * @module
 */
import { type Failure, isFailure } from "../contract/memory.ts";
import {
  protectionOf,
  type RegionFacts,
  type RegionProtection,
  type Regions,
} from "../contract/regions.ts";
import { KERNEL32 } from "./calls.ts";
import {
  CURRENT_PROCESS,
  ERROR_INVALID_PARAMETER,
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
import { textOf, type WindowsLibrary } from "./library.ts";
import { MemoryInformation, windowsWorkingSet } from "./query.ts";

/** The protections of memory that can be read, written, executed. */
const READABLE = PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READ |
  PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
const WRITABLE = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE |
  PAGE_EXECUTE_WRITECOPY;
const EXECUTABLE = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |
  PAGE_EXECUTE_WRITECOPY;
const COPIED = PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY;

/** The length of the longest path of Windows, in UTF-16 code units. */
const MAX_PATH_LENGTH = 32_768;
/** A length that exceeds every device name, in UTF-16 code units. */
const MAX_DEVICE_LENGTH = 1024;
/**
 * The folder of the drives in the object namespace. The rest of such a name is a normal path. Wine
 * returns names of this form.
 */
const DOS_DEVICES = "\\??\\";

/** The result of one call of `VirtualQuery`. */
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
export function windowsRegions(library: WindowsLibrary): Regions {
  const { open, failed, pageSize, addressesEnd } = library;
  const c = open(
    KERNEL32,
    "VirtualQuery",
    "K32GetMappedFileNameW",
    "GetLogicalDrives",
    "QueryDosDeviceW",
  );
  const countResident = windowsWorkingSet(library);
  const info = new MemoryInformation();

  const query = (address: bigint): Found | Failure => {
    if (c.VirtualQuery(address, info.bytes, info.byteLength) === 0n) return failed("VirtualQuery");
    const { state, type, protect } = info;
    const isCommitted = state === MEM_COMMIT;
    // A copy-on-write page becomes PAGE_READWRITE after a store.
    const isCopied = ((info.allocationProtect | protect) & COPIED) !== 0;
    const isPrivate = type === MEM_PRIVATE;
    // The next access to a guard page raises an exception.
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

  /**
   * Lists the device of each drive and the name of the drive. The paths of mapped files start with
   * the device.
   */
  const devices = (): readonly (readonly [device: string, drive: string])[] => {
    const target = new Uint8Array(2 * MAX_DEVICE_LENGTH);
    const drives = c.GetLogicalDrives();
    return [...Array(26).keys()].flatMap((index) => {
      if ((drives & 1 << index) === 0) return [];
      const letter = 65 + index;
      const name = new Uint8Array([letter, 0, 58, 0, 0, 0]); // "C:"
      const length = c.QueryDosDeviceW(name, target, MAX_DEVICE_LENGTH);
      if (length === 0) return [];
      // Of several strings, the first one is the current mapping.
      const device = textOf(target, length).split("\0", 1)[0]!;
      return device === "" ? [] : [[`${device}\\`, `${String.fromCharCode(letter)}:\\`]] as const;
    });
  };

  const path = new Uint8Array(2 * MAX_PATH_LENGTH);
  /**
   * Returns the path of the file mapped at an address; `undefined` for a section of the paging
   * file.
   */
  const pathAt = (address: bigint, drives: ReturnType<typeof devices>): string | undefined => {
    const length = c.K32GetMappedFileNameW(CURRENT_PROCESS, address, path, MAX_PATH_LENGTH);
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
          if (found.osError === ERROR_INVALID_PARAMETER) break; // an address of the system itself
          return found;
        }
        const { end, isFree } = found;
        if (end <= address) break; // nothing is mapped above
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

/** Merges two neighbours that differ in nothing else. */
function joined(first: RegionFacts, second: RegionFacts): RegionFacts {
  const { residentByteLength: resident } = first;
  return {
    ...first,
    byteLength: first.byteLength + second.byteLength,
    residentByteLength: resident === undefined ? undefined : resident + second.residentByteLength!,
  };
}
