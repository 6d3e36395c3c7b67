/**
 * Mappings that become longer or shorter: in place where that can be, else
 * moved without a copy where the system can do that, else copied.
 *
 * @module
 */
import type { Host } from "../../ffi/host.ts";
import {
  type Failure,
  type Mapper,
  type MapRequest,
  refusal,
} from "../../ffi/os/contract/memory.ts";
import type { GuardEntry } from "../../ffi/os/contract/truncation_guard.ts";
import { hex, MmapError, systemError } from "../checks/errors.ts";
import {
  type Allocation,
  holdRange,
  plainAllocation,
  unmapAllocation,
  unmapStray,
  unmapWithOwner,
} from "../lifetime/allocations.ts";
import { roundUp } from "../checks/rounding.ts";
import { STRETCH_BYTE_LENGTH } from "../pages/touch.ts";
import type { MappingInfo } from "../lifetime/mapping_info.ts";
import type { PageState } from "../pages/page_state.ts";
import { discarded, mapWithRoom } from "./placement.ts";
import { detach } from "../checks/buffers.ts";

/** A mapping that is resized. */
export interface Resizing {
  readonly host: Host;
  readonly allocation: Allocation;
  /** As it is now: with the access that all pages have. */
  readonly mapped: MappingInfo;
  /** Where there are any: their buffers are detached. */
  readonly pages: PageState | undefined;
  /** The new length in bytes. */
  readonly byteLength: number;
}

/** Why there is no entry for what is cut off of a guarded mapping. */
const NO_ENTRY =
  "the guard has no memory to keep count of one more range: unmap what is no longer used";

/** Refuses what cannot be resized, before anything is detached. */
export function checkResizable(
  { allocation, mapped, pages, byteLength }: Omit<Resizing, "host">,
): void {
  if (allocation.layout !== undefined) {
    throw new MmapError(
      "A mapping with guard pages or of huge ones cannot be resized: map anew, and copy",
      { code: "ENOTSUP" },
    );
  }
  if (mapped.source === "mirror") {
    throw new MmapError(
      "Memory of mapMirrored() cannot be resized: map anew, and copy",
      { code: "ENOTSUP" },
    );
  }
  if (pages !== undefined && !pages.isUniform) {
    throw new MmapError(
      "A mapping can be resized only while its access is the same throughout, and nothing of it " +
        "is decommitted: it is not, so use protect() before",
      { code: "EACCES" },
    );
  }
  pages?.checkNotLost();
  if (byteLength <= mapped.byteLength || mapped.source === "memory") return;
  if (mapped.source === "private file") {
    throw new MmapError(
      "Only memory of mapMut() can become longer with its file: map the file again",
      { code: "ENOTSUP" },
    );
  }
  if (allocation.backing?.name !== undefined) {
    throw new MmapError(
      "Memory of mapShared() keeps the length that it was made with: make other memory, by " +
        "another name",
      { code: "ENOTSUP" },
    );
  }
  if (allocation.backing?.file === undefined) {
    throw new MmapError(
      "The file of this mapping could not be opened once more, which its growth needs: " +
        "map it by its path, or map it again",
      { code: "ENOTSUP" },
    );
  }
}

/**
 * Resizes, and changes the allocation. Where its address changes, nothing of the
 * old range is of this mapping any more. Where it throws, all is as before.
 */
export function resize(resizing: Resizing): void {
  const { host: { os }, mapped: { pageOffset, byteLength, source } } = resizing;
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

/** Notes the length of what is to be unmapped, where a part can be. */
function setLength(
  { host: { os }, allocation, mapped: { pageOffset }, byteLength }: Resizing,
): void {
  if (os.unmapsNeighbours) allocation.byteLength = BigInt(pageOffset + byteLength);
}

function shrink({ host: { os }, allocation, mapped, pages }: Resizing, from: bigint, to: bigint) {
  const address = allocation.address + to;
  const byteLength = from - to;
  const mapper = mapped.source === "memory" ? os : os.files;
  const guard = allocation.backing?.guard;
  if (pages?.wereViewed) {
    // A call of the runtime may still be at it.
    if (!os.unmapsNeighbours) mapper.vacate(address, byteLength);
    else {
      const rest = part(allocation, address, byteLength, undefined);
      if (guard !== undefined) {
        rest.backing!.guard = os.guard!()!.add(address, byteLength);
        if (rest.backing!.guard === undefined) {
          throw refusedToResize(allocation, refusal("ENOMEM", NO_ENTRY));
        }
        guard.endAt(address);
      }
      hold(rest, pages);
    }
    return;
  }
  guard?.endAt(address); // first: something else can be mapped there right after
  const failure = os.unmapsNeighbours
    ? mapper.unmap(address, byteLength)
    : mapped.source === "memory"
    ? os.decommit(address, byteLength)
    : undefined;
  if (failure === undefined) return;
  guard?.endAt(address + byteLength);
  throw refusedToResize(allocation, failure);
}

/** Makes anonymous memory longer. */
function grow(resizing: Resizing, from: bigint, to: bigint): void {
  const { host, allocation, mapped } = resizing;
  // What the process's stack or heap grows into must not be taken, as mremap() can, too.
  const isStuck = host.os.growsInto?.(allocation.address + from, to - from) ?? false;
  if (!isStuck && extend(resizing, from, to)) {
    return setLength(resizing);
  }
  const exactByteLength = BigInt(mapped.pageOffset + resizing.byteLength);
  const moved = isStuck ? undefined : remap(resizing, from, to);
  if (moved !== undefined) {
    return replace(resizing, moved.address, exactByteLength, moved.leaves);
  }
  const { access, isReserved } = mapped;
  if (access === "none" && !isReserved) {
    throw new MmapError(
      "What may not be read cannot be copied to a longer mapping: use protect() before",
      { code: "EACCES" },
    );
  }
  const isCopied = access !== "none";
  const request = requestOf(
    isCopied ? { ...mapped, access: "read-write" } : mapped,
    exactByteLength,
  );
  const address = mapWithRoom(host, request);
  const unmapNew = (reason: unknown) => discarded(host.os, address, exactByteLength, reason);
  try {
    if (isCopied) copy(host, allocation.address, address, mapped.pageOffset + mapped.byteLength);
  } catch (error) {
    throw unmapNew(error);
  }
  const failure = access === request.protection
    ? undefined
    : host.os.protect(address, exactByteLength, access);
  if (failure !== undefined) throw unmapNew(refusedToResize(allocation, failure));
  releaseOld(resizing, unmapNew);
  replace(resizing, address, exactByteLength, false);
}

/** Makes it longer where it is, or maps what is lacking right after, where nothing is. */
function extend({ host: { os }, allocation, mapped }: Resizing, from: bigint, to: bigint): boolean {
  if (!os.unmapsNeighbours) return false;
  const { remap } = os;
  if (remap !== undefined && remap.extend(allocation.address, from, to) === undefined) return true;
  const hint = allocation.address + from;
  const byteLength = to - from;
  const address = os.map({ ...requestOf(mapped, byteLength), hint, strict: true });
  if (address === hint) return true;
  if (typeof address !== "bigint") return false;
  const failure = unmapStray(os, address, byteLength);
  if (failure === undefined) return false;
  throw systemError(`to unmap ${byteLength} bytes at ${hex(address)}`, failure);
}

/** Moves pages without copying them, where the system can; `leaves` is whether the old range is still mapped. */
function remap(
  { host: { os }, allocation, pages }: Resizing,
  from: bigint,
  to: bigint,
): { readonly address: bigint; readonly leaves: boolean } | undefined {
  const { remap } = os;
  if (remap === undefined) return undefined;
  const leaves = pages?.wereViewed ?? false;
  const { address } = allocation;
  if (!leaves) {
    const grown = remap.grow(address, from, to);
    return typeof grown === "bigint" ? { address: grown, leaves } : undefined;
  }
  const left = remap.leave(address, from);
  if (typeof left !== "bigint") return undefined;
  const grown = remap.grow(left, from, to);
  if (typeof grown === "bigint") return { address: grown, leaves };
  const failure = remap.moveOver(left, from, address);
  if (failure === undefined) return undefined;
  // Nothing is lost: it is at its new place, of its old length.
  replace({ pages, allocation }, left, allocation.byteLength, true);
  throw refusedToResize(allocation, failure);
}

/** Makes the file longer, and maps it anew: what was stored is in the file. */
function growFile(resizing: Resizing, from: bigint, to: bigint): void {
  const { host, allocation, mapped, byteLength } = resizing;
  const { pageOffset } = mapped;
  const { files } = host.os;
  const { file, offset } = allocation.backing!;
  const before = files.byteLength(file!);
  if (typeof before !== "number") throw systemError("to tell the length of the file", before);
  const needed = offset + pageOffset + byteLength;
  const failure = before < needed ? files.resize(file!, needed) : undefined;
  if (failure !== undefined) {
    throw systemError(`to make the file ${needed} bytes long`, failure);
  }
  if (to === from) {
    return setLength(resizing);
  }
  const exactByteLength = BigInt(pageOffset + byteLength);
  try {
    const address = mapWithRoom(host, {
      ...requestOf({ ...mapped, access: "read-write" }, exactByteLength),
      kind: "file",
      file: file!,
      name: "the file",
      isNamed: false,
      offset: BigInt(offset),
    });
    const undo = (reason: unknown) => {
      const failure = unmapStray(files as Mapper<MapRequest>, address, exactByteLength);
      return failure === undefined ? reason : systemError("to unmap what was mapped anew", failure);
    };
    const failure = mapped.access === "read-write"
      ? undefined
      : files.protect(address, exactByteLength, mapped.access);
    if (failure !== undefined) throw undo(refusedToResize(allocation, failure));
    releaseOld(resizing, undo);
    replace(resizing, address, exactByteLength, false);
  } catch (error) {
    if (before < needed) files.resize(file!, before);
    throw error;
  }
}

/** Unmaps the old range, or holds it; where that is refused, throws what `undo` makes of the reason. */
function releaseOld({ allocation, pages }: Resizing, undo: (reason: unknown) => unknown): void {
  const old = whole(allocation);
  if (pages?.wereViewed) return hold(old, pages);
  const failure = unmapAllocation(old);
  if (failure !== undefined) throw undo(refusedToResize(allocation, failure));
}

/** Has the allocation be another range; holds the old one, where it is still mapped. */
function replace(
  { allocation, pages }: Pick<Resizing, "allocation" | "pages">,
  address: bigint,
  byteLength: bigint,
  leaves: boolean,
): void {
  const old = whole(allocation);
  allocation.address = address;
  allocation.byteLength = byteLength;
  if (allocation.backing !== undefined) allocation.backing.guard = undefined; // it is the old range's
  if (leaves) hold(old, pages!);
}

/** Holds a range until no buffer that the pages had is reachable. */
function hold(allocation: Allocation, pages: PageState): void {
  unmapWithOwner(pages, allocation);
  holdRange(allocation);
}

/** All of an allocation, as one of its own: what it is before it becomes another range. */
function whole(allocation: Allocation): Allocation {
  const { address, byteLength, backing } = allocation;
  return part(allocation, address, byteLength, backing?.guard);
}

/** A part of an allocation, as one of its own, whose file is not its own. */
function part(
  { backing, isSplit }: Allocation,
  address: bigint,
  byteLength: bigint,
  guard: GuardEntry | undefined,
): Allocation {
  return {
    ...plainAllocation(address, byteLength),
    isSplit,
    backing: backing && { ...backing, file: undefined, guard },
  };
}

function copy({ runtime, os }: Host, from: bigint, to: bigint, byteLength: number): void {
  for (let start = 0; start < byteLength; start += STRETCH_BYTE_LENGTH) {
    const length = Math.min(STRETCH_BYTE_LENGTH, byteLength - start);
    const target = new Uint8Array(runtime.view(to + BigInt(start), length));
    const failure = os.copying.read(from + BigInt(start), target, false);
    detach(target.buffer);
    if (failure !== undefined) throw systemError(`to copy ${length} bytes`, failure);
  }
}

function requestOf(
  { access, noReserve }: MappingInfo,
  byteLength: bigint,
): MapRequest {
  return {
    kind: "memory",
    byteLength,
    protection: access,
    hint: 0n,
    strict: false,
    populate: false,
    noReserve,
    stack: false,
  };
}

function refusedToResize({ address }: Allocation, failure: Failure): MmapError {
  return systemError(`to resize the mapping at ${hex(address)}`, failure);
}
