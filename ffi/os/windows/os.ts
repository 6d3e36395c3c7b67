/**
 * Windows.
 *
 * @module
 */
import { roundUp } from "../../bigints.ts";
import { withLazy } from "../../lazily.ts";
import type { Native } from "../../symbols.ts";
import type { MapRequest, Protection } from "../contract/memory.ts";
import type { Os } from "../contract/os.ts";
import type { Residency } from "../contract/residency.ts";
import { KERNEL32, NTDLL } from "./calls.ts";
import {
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_EXECUTE_READ,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from "./constants.ts";
import { windowsCopying } from "./copying.ts";
import { windowsFiles } from "./files.ts";
import { windowsHuge } from "./huge.ts";
import { openWindowsLibrary } from "./library.ts";
import { windowsMirrors } from "./mirrors.ts";
import { windowsNamed } from "./named.ts";
import { windowsRegions } from "./regions.ts";
import { windowsResidency } from "./residency.ts";
import { windowsSearching } from "./searching.ts";
import { windowsWaiting } from "./waiting.ts";

const PROTECTIONS: Readonly<Record<Protection, number>> = {
  "none": PAGE_NOACCESS,
  "read": PAGE_READONLY,
  "read-write": PAGE_READWRITE,
  "copy-on-write": PAGE_WRITECOPY,
  "read-execute": PAGE_EXECUTE_READ,
};

/** Opens kernel32 and ntdll. */
export function windows(native: Native): Os {
  const library = openWindowsLibrary(native);
  const { open, pageSize, failed } = library;
  const { VirtualAlloc, VirtualFree, VirtualProtect, DiscardVirtualMemory } = open(
    KERNEL32,
    "VirtualAlloc",
    "VirtualFree",
    "VirtualProtect",
    "DiscardVirtualMemory",
  );
  const { RtlZeroMemory } = native.open("ntdll.dll", NTDLL);
  const oldProtection = new Uint8Array(4);
  let residency: Residency | undefined;

  // The content is undefined afterwards: the old bytes, or zeros.
  const vacate = (address: bigint, byteLength: bigint) => {
    const wholePages = roundUp(byteLength, BigInt(pageSize));
    residency?.unlock(address, wholePages); // otherwise locked pages would stay in RAM
    const osError = DiscardVirtualMemory(address, wholePages);
    return osError === 0 ? undefined : failed("DiscardVirtualMemory", osError);
  };
  const protect = (address: bigint, byteLength: bigint, protection: Protection) => {
    const result = VirtualProtect(address, byteLength, PROTECTIONS[protection], oldProtection);
    return result !== 0 ? undefined : failed("VirtualProtect");
  };
  const map = ({ hint, byteLength, strict, protection }: MapRequest, type: number) => {
    let address = VirtualAlloc(hint, byteLength, type, PROTECTIONS[protection]);
    // If the address is taken, Windows does not choose another one.
    if (address === 0n && hint !== 0n && !strict) {
      address = VirtualAlloc(0n, byteLength, type, PROTECTIONS[protection]);
    }
    return address === 0n ? failed("VirtualAlloc") : address;
  };
  // MEM_RELEASE requires a size of 0, and frees the whole allocation.
  const unmap = (address: bigint, _byteLength: bigint) =>
    VirtualFree(address, 0n, MEM_RELEASE) !== 0 ? undefined : failed("VirtualFree");

  return withLazy({
    pageSize,
    allocationGranularity: library.granularity,
    populates: false,
    reserves: false,
    unmapsNeighbours: false,
    maxHeldByteLength: 256 * 2 ** 20, // held ranges stay committed, which takes memory from other programs

    // VirtualAlloc always commits, so noReserve has no effect.
    map: (request: MapRequest) =>
      map(request, request.protection === "none" ? MEM_RESERVE : MEM_RESERVE | MEM_COMMIT),
    unmap,
    vacate,

    // Decommitting and committing would leave a moment in which a load ends the process.
    discard(address: bigint, byteLength: bigint) {
      RtlZeroMemory(address, byteLength);
      return vacate(address, byteLength);
    },

    protect(address: bigint, byteLength: bigint, protection: Protection) {
      // Pages that are committed already stay as they are.
      const committed = VirtualAlloc(address, byteLength, MEM_COMMIT, PROTECTIONS[protection]);
      return committed === 0n ? failed("VirtualAlloc") : protect(address, byteLength, protection);
    },

    decommit: (address: bigint, byteLength: bigint) =>
      VirtualFree(address, byteLength, MEM_DECOMMIT) !== 0 ? undefined : failed("VirtualFree"),

    growsInto: undefined,
    guard: undefined,
    canGuard: undefined,
    guardAt: undefined,
    name: undefined,
    remap: undefined,
    room: undefined,
    threadShortage: undefined,
  }, {
    copying: () => windowsCopying(library),
    files: () => windowsFiles(library, protect),
    huge: () => windowsHuge(library, map, { unmap, protect }),
    mirrors: () => windowsMirrors(library, protect),
    named: () => windowsNamed(library),
    regions: () => windowsRegions(library),
    residency: () => residency = windowsResidency(library),
    searching: () => windowsSearching(library),
    waiting: () => windowsWaiting(library),
  });
}
