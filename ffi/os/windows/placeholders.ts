/**
 * Placeholders, on Windows 10 from version 1803 on: reserved addresses that views replace, and that
 * remain when the views go.
 *
 * @module
 */
import type { Failure, MapRequest } from "../contract/memory.ts";
import { KERNEL32, KERNELBASE } from "./calls.ts";
import {
  CURRENT_PROCESS,
  MEM_COALESCE_PLACEHOLDERS,
  MEM_PRESERVE_PLACEHOLDER,
  MEM_RELEASE,
  MEM_REPLACE_PLACEHOLDER,
  MEM_RESERVE,
  MEM_RESERVE_PLACEHOLDER,
  PAGE_NOACCESS,
} from "./constants.ts";
import type { WindowsLibrary } from "./library.ts";

/** The calls of placeholders. */
export interface Placeholders {
  /** Reserves addresses. */
  reserve(request: Pick<MapRequest, "hint" | "byteLength" | "strict">): bigint | Failure;

  /** Cuts whole pages out of a longer placeholder. */
  split(address: bigint, byteLength: bigint): Failure | undefined;

  /**
   * Replaces a placeholder with a view, whose last page may reach past the end of the section.
   * Alone among the calls that map, it needs offsets and addresses of whole pages only.
   */
  replace(
    section: bigint,
    offset: bigint,
    address: bigint,
    byteLength: bigint,
    protection: number,
  ): Failure | undefined;

  /** Replaces a view with a placeholder again. */
  restore(view: bigint): Failure | undefined;

  /** Joins all placeholders of a range. */
  join(address: bigint, byteLength: bigint): Failure | undefined;

  /** Frees the addresses of a placeholder. */
  free(address: bigint): Failure | undefined;
}

/** Opens {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2 | VirtualAlloc2} and the calls that go with it. */
export function windowsPlaceholders({ native, open, failed }: WindowsLibrary): Placeholders {
  const { VirtualFree } = open(KERNEL32, "VirtualFree");
  const c = native.open("kernelbase.dll", KERNELBASE);
  const reserveAt = (address: bigint, byteLength: bigint) =>
    c.VirtualAlloc2(
      CURRENT_PROCESS,
      address,
      byteLength,
      MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
      PAGE_NOACCESS,
      0n,
      0,
    );
  const free = (address: bigint, byteLength: bigint, type: number) =>
    VirtualFree(address, byteLength, type) !== 0 ? undefined : failed("VirtualFree");

  return {
    reserve({ hint, byteLength, strict }) {
      let address = reserveAt(hint, byteLength);
      // If the address is taken, Windows does not choose another one.
      if (address === 0n && hint !== 0n && !strict) address = reserveAt(0n, byteLength);
      return address !== 0n ? address : failed("VirtualAlloc2");
    },

    split: (address, byteLength) =>
      free(address, byteLength, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER),

    replace(section, offset, address, byteLength, protection) {
      const view = c.MapViewOfFile3(
        section,
        CURRENT_PROCESS,
        address,
        offset,
        byteLength,
        MEM_REPLACE_PLACEHOLDER,
        protection,
        0n,
        0,
      );
      return view !== 0n ? undefined : failed("MapViewOfFile3");
    },

    restore: (view) =>
      c.UnmapViewOfFile2(CURRENT_PROCESS, view, MEM_PRESERVE_PLACEHOLDER) !== 0
        ? undefined
        : failed("UnmapViewOfFile2"),

    join: (address, byteLength) =>
      free(address, byteLength, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS),

    free: (address) => free(address, 0n, MEM_RELEASE),
  };
}
