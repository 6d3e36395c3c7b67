/**
 * Growth of mappings: in place if possible, else by a move without a copy if the system supports
 * that, else by a copy.
 *
 * @module
 */
import type { Host } from "../../ffi/host.ts";
import type { Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import { MmapError, systemError, unmapError } from "../checks/errors.ts";
import type { Access } from "../lifetime/mapping_info.ts";
import { unmapStray } from "../lifetime/release.ts";
import { anonymousRequest } from "../lifetime/requests.ts";
import { forEachPiece } from "../pages/touch.ts";
import { allocateFile } from "./file_length.ts";
import { releaseOld, replace, resizeError, type Resizing, setLength } from "./old_range.ts";
import { mapWithRoom, undoMap } from "./placement.ts";

/** Grows anonymous memory. */
export function grow(resizing: Resizing, from: bigint, to: bigint): void {
  const { host, allocation, info } = resizing;
  // mremap() would take addresses that the stack or heap of the process grows into.
  const isStuck = host.os.growsInto?.(allocation.address + from, to - from) ?? false;
  if (!isStuck && extend(resizing, from, to)) {
    return setLength(resizing);
  }
  const exactByteLength = BigInt(info.pageOffset + resizing.byteLength);
  const moved = isStuck ? undefined : remapPages(resizing, from, to);
  if (moved !== undefined) {
    return replace(resizing, moved.address, exactByteLength, moved.leaves);
  }
  const { access, isReserved, noReserve } = info;
  if (access === "none" && !isReserved) {
    throw new MmapError(
      'Memory with the access "none" cannot be copied to a longer mapping: use protect() first',
      { code: "EACCES" },
    );
  }
  const isCopied = access !== "none";
  const protection = isCopied ? "read-write" : access;
  const request = anonymousRequest(exactByteLength, { protection, noReserve });
  const address = mapWithRoom(host, request);
  try {
    if (isCopied) {
      copyPages(host, allocation.address, address, info.pageOffset + info.byteLength);
    }
  } catch (error) {
    throw undoMap(host.os, address, exactByteLength, error);
  }
  switchTo(resizing, address, exactByteLength, host.os, protection);
}

/** Switches the mapping to new memory, which has the content and the access `current`. */
function switchTo(
  resizing: Resizing,
  address: bigint,
  byteLength: bigint,
  mapper: Mapper<MapRequest>,
  current: Access,
): void {
  const { allocation, info: { access } } = resizing;
  const undo = (reason: unknown) => undoMap(mapper, address, byteLength, reason);
  const failure = access === current ? undefined : mapper.protect(address, byteLength, access);
  if (failure !== undefined) throw undo(resizeError(allocation, failure));
  releaseOld(resizing, undo);
  replace(resizing, address, byteLength, false);
}

/** Grows in place, or maps the missing pages right behind. Returns whether that was possible. */
function extend({ host: { os }, allocation, info }: Resizing, from: bigint, to: bigint): boolean {
  if (!os.unmapsNeighbours) return false;
  const { remap } = os;
  if (remap !== undefined && remap.extend(allocation.address, from, to) === undefined) return true;
  const hint = allocation.address + from;
  const byteLength = to - from;
  const { access: protection, noReserve } = info;
  const fields = { protection, noReserve, hint, strict: true };
  const address = os.map(anonymousRequest(byteLength, fields));
  if (address === hint) return true;
  if (typeof address !== "bigint") return false;
  const failure = unmapStray(os, address, byteLength);
  if (failure === undefined) return false;
  throw unmapError({ address, byteLength }, failure);
}

/** Moves pages without copying them, if the system can. With `leaves`, the old range stays mapped. */
function remapPages(
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
  // Nothing is lost: the mapping has moved, with its old length.
  replace({ pages, allocation }, left, allocation.byteLength, true);
  throw resizeError(allocation, failure);
}

/** Grows a file and maps it again: the content is in the file. */
export function growFile(resizing: Resizing, from: bigint, to: bigint): void {
  const { host, allocation, info, byteLength } = resizing;
  const { pageOffset } = info;
  const { files } = host.os;
  const { file, offset, isAllocated } = allocation.backing!;
  const before = files.byteLength(file!);
  if (typeof before !== "number") throw systemError("to get the length of the file", before);
  const needed = offset + pageOffset + byteLength;
  const end = offset + pageOffset + info.byteLength;
  const failure = isAllocated
    ? allocateFile(files, file!, end, needed - end)
    : before < needed
    ? files.resize(file!, needed)
    : undefined;
  if (failure !== undefined) {
    throw systemError(`to make the file ${needed} bytes long`, failure);
  }
  if (to === from) {
    return setLength(resizing);
  }
  const exactByteLength = BigInt(pageOffset + byteLength);
  try {
    const address = mapWithRoom(host, {
      ...anonymousRequest(exactByteLength, { noReserve: info.noReserve }),
      kind: "file",
      file: file!,
      isShared: true,
      name: "the file",
      isNamed: false,
      offset: BigInt(offset),
    });
    switchTo(resizing, address, exactByteLength, files as Mapper<MapRequest>, "read-write");
  } catch (error) {
    if (before < needed) files.resize(file!, before);
    throw error;
  }
}

function copyPages({ runtime, os }: Host, from: bigint, to: bigint, byteLength: number): void {
  forEachPiece(runtime, to, byteLength, (target, start) => {
    const failure = os.copying.read(from + BigInt(start), target, false);
    if (failure !== undefined) {
      throw systemError(`to copy ${target.byteLength} bytes`, failure);
    }
  });
}
