/**
 * Memory of files in pieces, each a view that replaces a placeholder.
 *
 * @module
 */
import { roundUp } from "../../bigints.ts";
import type { FilePieces, Files } from "../contract/files.ts";
import { type Failure, UNSUPPORTED } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import { MEM_COMMIT } from "./constants.ts";
import type { WindowsLibrary } from "./library.ts";
import { windowsPlaceholders } from "./placeholders.ts";
import { MemoryInformation } from "./query.ts";
import { SECTIONS, type WithSection } from "./sections.ts";

/** Opens the calls of pieces. */
export function windowsPieces(
  library: WindowsLibrary,
  withSection: WithSection,
  { protect, vacate }: Pick<Files, "protect" | "vacate">,
): FilePieces {
  const { open, failed } = library;
  const { VirtualQuery } = open(KERNEL32, "VirtualQuery");
  const { reserve, split, replace, restore, join, free } = windowsPlaceholders(library);
  const info = new MemoryInformation();
  const query = (address: bigint) =>
    VirtualQuery(address, info.bytes, info.byteLength) !== 0n ? undefined : failed("VirtualQuery");

  return {
    map: reserve,
    protect,
    vacate,
    discard: () => UNSUPPORTED,

    fill({ hint, byteLength, offset, protection, ...request }) {
      const unknown = protection === undefined ? query(hint - 1n) : undefined;
      if (unknown !== undefined) return unknown;
      const pages = protection === undefined ? info.allocationProtect : SECTIONS[protection]!;
      const end = hint + byteLength;
      const pageEnd = roundUp(end, BigInt(library.pageSize));
      return withSection(request, pages, (section) => {
        let base = 0n;
        let stop = 0n;
        let refused: Failure | undefined;
        for (let address = hint; address < end;) {
          const unknown = query(address);
          if (unknown !== undefined) return unknown;
          if (info.state === MEM_COMMIT) {
            address = info.end;
            continue;
          }
          // Another thread may have cut or replaced the placeholder first. If not, Windows refuses.
          if (refused !== undefined && info.allocationBase === base && info.end === stop) {
            return refused;
          }
          base = info.allocationBase;
          stop = info.end;
          refused = undefined;
          if (base !== address || stop > pageEnd) {
            const last = stop < pageEnd ? stop : pageEnd;
            refused = split(address, last - address);
            if (refused === undefined) {
              base = address;
              stop = last;
            }
          }
          const viewEnd = stop < end ? stop : end;
          refused ??= replace(section, offset + address - hint, address, viewEnd - address, pages);
          if (refused === undefined) address = stop;
        }
        return undefined;
      });
    },

    // The range stays reserved until all of it is freed by the last call. Once a view is gone, the
    // memory cannot stay in use, so a call that Windows refuses is tried again, and addresses that
    // it refuses twice are given up.
    unmap(address, byteLength) {
      let isChanged = false;
      const attempt = (call: () => Failure | undefined) => {
        const failure = call();
        return failure !== undefined && isChanged ? call() : failure;
      };
      let count = 0;
      let failure: Failure | undefined;
      for (let start = address; start < address + byteLength && failure === undefined;) {
        failure = attempt(() =>
          query(start) ?? (info.state === MEM_COMMIT ? restore(info.allocationBase) : undefined)
        );
        if (info.state === MEM_COMMIT) isChanged ||= failure === undefined;
        else {
          start = info.end;
          count++;
        }
      }
      failure ??= (count > 1 ? attempt(() => join(address, byteLength)) : undefined) ??
        attempt(() => free(address));
      return isChanged ? undefined : failure;
    },
  };
}
