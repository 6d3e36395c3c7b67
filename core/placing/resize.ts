/**
 * Resizing: its checks, and mappings that become shorter.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { refusal } from "../../ffi/os/contract/memory.ts";
import { checkStack } from "../checks/call_stack.ts";
import { MmapError } from "../checks/errors.ts";
import { roundUp } from "../../ffi/bigints.ts";
import type { Access } from "../lifetime/mapping_info.ts";
import { refusePins } from "../lifetime/pins.ts";
import { leaveRoom } from "../lifetime/room.ts";
import { refuseWaits } from "../lifetime/waiters.ts";
import type { Mapping } from "../pages/mapping.ts";
import { resizeInPlace } from "./capacity.ts";
import { presentByteLength } from "./file_length.ts";
import { grow, growFile } from "./grow.ts";
import { holdOld, partOf, resizeError, type Resizing, setLength } from "./old_range.ts";

/**
 * Resizes a mapping, by default to the present end of its file. If the system refuses, all is as
 * before.
 */
export function resize(mapping: Mapping, wanted: number | undefined): void {
  const { allocation, pages } = mapping;
  mapping.refuseEngine("resize");
  const byteLength = wanted ?? presentByteLength(mapping);
  if (mapping.capacity > 0) return resizeInPlace(mapping, byteLength);
  checkResizable(mapping, byteLength);
  refusePins(allocation, "resized");
  refuseWaits(allocation, "resized");
  mapping.checkAlone("resize");
  leaveRoom(host().os, Math.max(0, byteLength - mapping.byteLength));
  checkStack();
  if (pages !== undefined) mapping.detachMapped(pages.all);
  const info = {
    ...mapping.info,
    access: mapping.access as Access,
    isReserved: pages?.areReserved ?? mapping.info.isReserved,
  };
  const { address, backing } = allocation;
  const isGuarded = backing?.guard !== undefined;
  try {
    resizeAllocation({ host: host(), allocation, pages, info, byteLength });
  } finally {
    mapping.info = info;
    if (allocation.address !== address) mapping.pages = undefined;
  }
  mapping.byteLength = byteLength;
  mapping.info = { ...info, byteLength };
  mapping.pages = mapping.pages?.resized(mapping.info);
  if (isGuarded) mapping.track().guard(); // at its new place
}

/** Refuses a mapping that cannot have the length. */
function checkResizable({ allocation, info, pages }: Mapping, byteLength: number): void {
  const fixed = allocation.layout !== undefined
    ? "A mapping with guard pages or huge pages"
    : info.source === "mirror"
    ? "Memory of mapMirrored()"
    : undefined;
  if (fixed !== undefined) {
    throw new MmapError(`${fixed} cannot be resized: make a new mapping, and copy`, {
      code: "ENOTSUP",
    });
  }
  if (pages !== undefined && !pages.isUniform) {
    throw new MmapError(
      "A mapping with mixed access or decommitted pages cannot be resized: use protect() or " +
        "commit() first",
      { code: "EACCES" },
    );
  }
  pages?.checkNotLost();
  if (byteLength <= info.byteLength || info.source === "memory") return;
  const { backing } = allocation;
  const reason = info.source !== "shared file"
    ? "Memory of map(), mapRead() and mapExec() cannot become longer: use mapMut(), or map the " +
      "file again"
    : backing?.name !== undefined
    ? "Memory of mapShared() cannot become longer: create new memory with another name"
    : backing?.file === undefined
    ? "This mapping cannot become longer, because its file could not be opened again: map the " +
      "file by its path, or map it again"
    : undefined;
  if (reason !== undefined) throw new MmapError(reason, { code: "ENOTSUP" });
}

/** Resizes the allocation. If its address changes, the mapping has left the old range. */
export function resizeAllocation(resizing: Resizing): void {
  const { host: { os }, info: { pageOffset, byteLength, source } } = resizing;
  const pageSize = BigInt(os.pageSize);
  const from = roundUp(BigInt(pageOffset + byteLength), pageSize);
  const to = roundUp(BigInt(pageOffset + resizing.byteLength), pageSize);
  if (resizing.byteLength > byteLength && source === "shared file") {
    return growFile(resizing, from, to);
  }
  if (to < from) shrink(resizing, from, to);
  if (to > from) return grow(resizing, from, to);
  setLength(resizing);
}

/** The advice if the truncation guard has no entry for the part that is cut off. */
const NO_ENTRY =
  "the truncation guard has no memory for one more range: unmap what is no longer used";

/** Cuts off the end of an allocation. */
function shrink({ host: { os }, allocation, info, pages }: Resizing, from: bigint, to: bigint) {
  const address = allocation.address + to;
  const byteLength = from - to;
  const mapper = info.source === "memory" ? os : os.files;
  const guard = allocation.backing?.guard;
  if (pages?.wereViewed) {
    // A pending call of the runtime may still use the pages.
    if (!os.unmapsNeighbours) mapper.vacate(address, byteLength);
    else {
      const rest = partOf(allocation, address, byteLength, undefined);
      if (guard !== undefined) {
        rest.backing!.guard = os.guard!()!.add(address, byteLength);
        if (rest.backing!.guard === undefined) {
          throw resizeError(allocation, refusal("ENOMEM", NO_ENTRY));
        }
        guard.endAt(address);
      }
      holdOld(rest, pages);
    }
    return;
  }
  guard?.endAt(address); // first: another mapping may get the addresses next
  const failure = os.unmapsNeighbours
    ? mapper.unmap(address, byteLength)
    : info.source === "memory"
    ? os.decommit(address, byteLength)
    : undefined;
  if (failure === undefined) return;
  guard?.endAt(address + byteLength);
  throw resizeError(allocation, failure);
}
