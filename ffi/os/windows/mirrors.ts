/**
 * Memory that is mapped twice in a row, on Windows 10 from version 1803 on.
 *
 * @module
 */
import { type Failure, type Mapper, type MirrorRequest, UNSUPPORTED } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import { INVALID_HANDLE_VALUE, PAGE_READWRITE } from "./constants.ts";
import { high, low, type WindowsLibrary } from "./library.ts";
import { windowsPlaceholders } from "./placeholders.ts";

/** Opens the calls. Two views of one section replace two placeholders. */
export function windowsMirrors(
  library: WindowsLibrary,
  protect: Mapper<MirrorRequest>["protect"],
): Mapper<MirrorRequest> {
  const { open, failed } = library;
  const c = open(KERNEL32, "CreateFileMappingW", "CloseHandle", "UnmapViewOfFile");
  const { reserve, split, replace, free } = windowsPlaceholders(library);

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
      failure ??= replace(section, 0n, base, half, PAGE_READWRITE);
      if (failure === undefined) filled++;
    }
    if (failure !== undefined) {
      for (const base of halves.slice(0, filled)) c.UnmapViewOfFile(base);
      for (const base of halves.slice(filled)) free(base);
    }
    if (section !== 0n) c.CloseHandle(section); // the views keep the section open
    return failure;
  };

  return {
    map(request) {
      const half = request.byteLength / 2n;
      const address = reserve(request);
      if (typeof address !== "bigint") return address;
      const failure = split(address, half);
      if (failure === undefined) return fill(address, half) ?? address;
      free(address);
      return failure;
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
