/**
 * Memory that is mapped twice in a row, on Windows 10 from version 1803 on.
 *
 * @module
 */
import { type Failure, type Mapper, type MirrorRequest, UNSUPPORTED } from "../contract/memory.ts";
import { KERNEL32, KERNELBASE } from "./calls.ts";
import {
  CURRENT_PROCESS,
  INVALID_HANDLE_VALUE,
  MEM_PRESERVE_PLACEHOLDER,
  MEM_RELEASE,
  MEM_REPLACE_PLACEHOLDER,
  MEM_RESERVE,
  MEM_RESERVE_PLACEHOLDER,
  PAGE_NOACCESS,
  PAGE_READWRITE,
} from "./constants.ts";
import { high, low, type WindowsLibrary } from "./library.ts";

/** Opens the calls of placeholders. Two views of one section replace two placeholders. */
export function windowsMirrors(
  { native, open, failed }: WindowsLibrary,
  protect: Mapper<MirrorRequest>["protect"],
): Mapper<MirrorRequest> {
  const c = open(KERNEL32, "CreateFileMappingW", "CloseHandle", "UnmapViewOfFile", "VirtualFree");
  const { VirtualAlloc2, MapViewOfFile3 } = native.open("kernelbase.dll", KERNELBASE);

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

  /** Replaces both placeholders with views, or frees both. */
  const fill = (address: bigint, half: bigint): Failure | undefined => {
    const halves = [address, address + half];
    const section = c.CreateFileMappingW(
      INVALID_HANDLE_VALUE,
      0n,
      PAGE_READWRITE,
      high(half),
      low(half),
      0n,
    );
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
    if (section !== 0n) c.CloseHandle(section); // the views keep the section open
    return failure;
  };

  return {
    map({ hint, byteLength, strict }) {
      const half = byteLength / 2n;
      let address = reserve(hint, byteLength);
      // If the address is taken, Windows does not choose another one.
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
      // The second half first: if Windows refuses, both halves stay mapped, and the call can be
      // tried again.
      if (c.UnmapViewOfFile(address + byteLength / 2n) === 0) return failed("UnmapViewOfFile");
      // A failure from here on is ignored: other memory may already be mapped in place of the
      // second half.
      if (c.UnmapViewOfFile(address) === 0) c.UnmapViewOfFile(address);
      return undefined;
    },

    // Replacing a view would leave a moment in which a load ends the process, so the views stay
    // until they are unmapped.
    vacate: () => undefined,

    discard: () => UNSUPPORTED,

    protect,
  };
}
