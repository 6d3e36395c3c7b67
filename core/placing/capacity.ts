/**
 * Resizing within a capacity: the mapping stays in its place, and only whole pages at its end
 * change.
 *
 * Several threads may make shared memory longer at the same time. So growth consists of steps that
 * lose nothing if another thread has taken them before: pages become accessible by a change of
 * their protection, pages that are mapped are not mapped anew, a file is only ever extended, and the
 * record of shared memory keeps the greatest length.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { FileRequest } from "../../ffi/os/contract/files.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { checkFewFrames, checkStack } from "../checks/call_stack.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import { mapperOf } from "../lifetime/allocation.ts";
import { anonymousRequest } from "../lifetime/requests.ts";
import { refusePins } from "../lifetime/pins.ts";
import { leaveRoom } from "../lifetime/room.ts";
import { refuseWaits } from "../lifetime/waiters.ts";
import { isViewable, wasNotViewed, WRITABLE } from "../pages/access.ts";
import { addresses, clear, decommit } from "../pages/access_changes.ts";
import { completeLastPage, pagesBetween } from "../pages/extent.ts";
import type { Mapping } from "../pages/mapping.ts";
import type { PageState } from "../pages/page_state.ts";
import { allocateFile, extendFile } from "./file_length.ts";
import { resizeError } from "./old_range.ts";

/** Resizes a mapping with a capacity. If the system refuses, all is as before. */
export function resizeInPlace(mapping: Mapping, byteLength: number): void {
  const { capacity } = mapping;
  if (byteLength > capacity) {
    throw new RangeError(
      `The length must be at most ${capacity}, the capacity of the mapping, got ${byteLength}: ` +
        "map again with a greater capacity()",
    );
  }
  // The caller does not want to make the memory shorter, but another thread has made it longer.
  const isOvertaken = mapping.allocation.share !== undefined &&
    byteLength >= mapping.knownByteLength;
  const pages = mapping.track();
  const stays = mapping.info.pageOffset + Math.min(byteLength, mapping.byteLength);
  pages.checkNotLost({ start: 0, end: stays });
  leaveRoom(host().os, 0);
  if (byteLength >= mapping.byteLength) lengthen(mapping, pages, byteLength);
  else if (!isOvertaken) shorten(mapping, pages, byteLength);
}

function shorten(mapping: Mapping, pages: PageState, byteLength: number): void {
  const { allocation } = mapping;
  const range = { start: mapping.info.pageOffset + byteLength, end: pages.all.end };
  refusePins(allocation, "made shorter");
  refuseWaits(allocation, "made shorter", range);
  checkStack(); // all of the steps or none
  mapping.checkAlone("resize");
  mapping.detachMapped(range);
  completeLastPage(pages);
  const changed = pagesBetween(pages, byteLength);
  if (changed.start < changed.end) (pages.areAnonymous ? decommit : close)(pages, changed);
  mapping.setLength(byteLength);
}

/**
 * Makes pages of a file inaccessible. Those that were viewed stay accessible, because a pending
 * call of the runtime may still use them; it reaches the bytes of the file that it was given.
 */
function close(pages: PageState, range: PageRange): void {
  const { allocation, history, info: { source } } = pages;
  const { address, byteLength } = addresses(pages, range);
  const isUnused = history.areAll(range.start, range.end, wasNotViewed);
  const access = isUnused ? "none" : WRITABLE[source]!; // what cannot be stored to has no views
  const { file, guard } = allocation.backing!;
  const { files } = host().os;
  // If the memory grows again, it shows the file, and neither copies of pages nor lost ones. (A
  // system that cannot map over pages keeps copies, and loses no pages.)
  const isStale = file !== undefined && files.mapOver !== undefined &&
    (pages.areOfPrivateFile || pages.areLost(range));
  if (!isStale && !isUnused) return;
  const failure = isStale
    ? files.mapOver({ ...fileRequest(pages, range.start, byteLength), protection: access })
    : files.protect(address, byteLength, access);
  if (failure !== undefined) throw resizeError(allocation, failure);
  pages.access.set(range.start, range.end, access);
  if (isUnused) guard?.endAt(address);
}

/** A request for pages of the mapping's file. */
function fileRequest(pages: PageState, start: number, byteLength: bigint): FileRequest {
  const { allocation: { backing }, info: { source } } = pages;
  const { file, name, offset } = backing!;
  return {
    ...anonymousRequest(byteLength, { hint: pages.addressOf(start) }),
    kind: "file",
    file: file!,
    isShared: source !== "private file",
    name: "the file",
    isNamed: name !== undefined,
    offset: BigInt(offset + start),
  };
}

/** Makes the file or the named memory long enough. Other memory takes a file as it is. */
function extendSource({ allocation, info }: Mapping, byteLength: number, isAlone: boolean): void {
  const { files, named } = host().os;
  const { file, name, offset, isAllocated } = allocation.backing!;
  if (file === undefined) {
    throw new MmapError(
      "This mapping cannot become longer, because its file could not be opened again: map the " +
        "file by its path",
      { code: "ENOTSUP" },
    );
  }
  const first = offset + info.pageOffset;
  const needed = first + byteLength;
  if (info.source !== "shared file") {
    const found = files.byteLength(file);
    if (typeof found !== "number") throw systemError("to get the length of the file", found);
    if (found >= needed) return;
    throw new RangeError(
      `The file is ${found} bytes long: there are no ${byteLength} bytes from offset ${first}`,
    );
  }
  if (name !== undefined) checkStack(); // grow() closes the files that it opens
  const before = first + info.byteLength;
  const failure = name !== undefined
    ? named.grow!(file, needed, !info.noReserve)
    : isAllocated
    ? allocateFile(files, file, before, needed - before)
    : extendFile(files, file, needed, isAlone);
  const what = name === undefined ? "file" : "shared memory";
  if (failure !== undefined) throw systemError(`to make the ${what} ${needed} bytes long`, failure);
}

function lengthen(mapping: Mapping, pages: PageState, byteLength: number): void {
  const { allocation } = mapping;
  const isAlone = allocation.share === undefined || mapping.endSharing();
  if (byteLength <= mapping.byteLength) return;
  const range = pagesBetween(pages, byteLength);
  const { backing } = allocation;
  const end = mapping.info.pageOffset + byteLength;
  // A piece cannot be longer than its file, which is made longer first. Otherwise last, as a file
  // cannot be made shorter again.
  const isFileFirst = backing !== undefined && host().os.files.pieces !== undefined;
  try {
    if (!isFileFirst) open(pages, range, end, isAlone);
    if (backing !== undefined) extendSource(mapping, byteLength, isAlone);
    if (isFileFirst) open(pages, range, end, isAlone);
  } catch (error) {
    if (isAlone) closeAgain(pages, range);
    throw error;
  }
  checkFewFrames(); // all of the following steps or none; those before may be taken again
  backing?.guard?.growTo(pages.addressOf(range.end));
  allocation.share?.growTo(byteLength);
  mapping.lengthen(byteLength);
}

/** Gives pages behind the end the access of the last byte. The new end is `end`. */
function open(pages: PageState, range: PageRange, end: number, isAlone: boolean): void {
  const { allocation, areAnonymous } = pages;
  const access = pages.access.runAt(pages.all.end - 1).value;
  if (range.start === range.end || (areAnonymous && access === "none")) return;
  if (!isViewable(access)) pages.views.checkUnused(range);
  const { address, byteLength } = addresses(pages, range);
  // A decommitted page may hold what a pending call has stored. While the memory is shared, another
  // thread may already use it.
  const failure = (isAlone ? clear(pages, range) : undefined) ??
    fill(pages, range.start, end) ??
    mapperOf(allocation).protect(address, byteLength, access);
  if (failure !== undefined) throw resizeError(allocation, failure);
}

/** Maps bytes of the file, on a system that maps files in pieces. */
function fill(pages: PageState, start: number, end: number): Failure | undefined {
  const pieces = pages.areAnonymous ? undefined : host().os.files.pieces;
  return pieces?.fill({
    ...fileRequest(pages, start, BigInt(end - start)),
    protection: undefined,
  });
}

/** Undoes {@linkcode open} as far as the system permits: nobody can use pages behind the end. */
function closeAgain(pages: PageState, { start, end }: PageRange): void {
  const { areAnonymous, history, access } = pages;
  const { os } = host();
  if (areAnonymous) {
    for (const run of history.runsIn(start, end)) {
      const { address, byteLength } = addresses(pages, run);
      if (run.value === "reserved") os.decommit(address, byteLength);
    }
    return;
  }
  for (const run of access.runsIn(start, end)) {
    const { address, byteLength } = addresses(pages, run);
    os.files.protect(address, byteLength, run.value);
  }
}
