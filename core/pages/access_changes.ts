/**
 * `protect()`, `commit()` and `decommit()` of whole pages, and their undo. `Mapping` (`mapping.ts`)
 * checks the calls first.
 *
 * The callers have detached the buffers over the pages. Decommitted pages that were viewed stay
 * mapped, readable and writable, because a pending call of the runtime may still use them.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { describeRange, MmapError, systemError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import { mapperOf } from "../lifetime/allocation.ts";
import type { Access } from "../lifetime/mapping_info.ts";
import { committed, isViewable, wasViewed, WRITABLE } from "./access.ts";
import type { PageState } from "./page_state.ts";
import type { Run } from "./range_map.ts";

/** Refuses an access that the memory can never have. */
export function checkAccess(pages: PageState, access: Access): void {
  const { source } = pages.info;
  refuseMirror(pages, "protect");
  const writable = WRITABLE[source];
  if (!isViewable(access) || access === writable) return;
  if (writable === undefined) {
    throw new MmapError(
      `Memory of mapRead() cannot have the access "${access}", because its file is open for ` +
        "reading only: use mapMut(), or map() for a private copy",
      { code: "EACCES" },
    );
  }
  throw new RangeError(
    `A mapping of ${source === "memory" ? "anonymous memory" : `a ${source}`} cannot have the ` +
      `access "${access}": use "${writable}"`,
  );
}

/** Refuses memory other than anonymous memory of ordinary pages. */
export function checkAnonymous(pages: PageState, verb: "commit" | "decommit"): void {
  refuseHuge(pages, `${verb}ted`);
  refuseMirror(pages, verb);
  if (pages.areAnonymous) return;
  throw new MmapError(
    `Memory of a file cannot be ${verb}ted: use protect(), or unmap it`,
    { code: "ENOTSUP" },
  );
}

/** Refuses memory of huge pages. */
export function refuseHuge({ allocation }: PageState, done: string): void {
  if (allocation.layout?.hugePage === undefined) return;
  throw new MmapError(
    `Memory of huge pages cannot be ${done}: use protect(), or unmap it`,
    { code: "ENOTSUP" },
  );
}

/** Refuses memory that is mapped twice, because the other half would have to change too. */
export function refuseMirror({ areMirrored }: PageState, verb: string): void {
  if (!areMirrored) return;
  throw new MmapError(
    `Memory of mapMirrored() does not support ${verb}(): its access and content stay as they are`,
    { code: "ENOTSUP" },
  );
}

/** Changes the access of a range. */
export function protect(pages: PageState, range: PageRange, access: Access): void {
  change(pages, range, access, (run) => run.value !== access);
}

/** Makes the inaccessible pages of a range readable and writable. */
export function commit(pages: PageState, range: PageRange): void {
  change(pages, range, "read-write", (run) => run.value === "none");
}

/** Changes the access of the matching runs. If the system refuses one, all is as before. */
function change(
  pages: PageState,
  range: PageRange,
  access: Access,
  matches: (run: Run<Access>) => boolean,
): void {
  const { history } = pages;
  const runs = pages.access.runsIn(range.start, range.end).filter(matches);
  // Inaccessible until all is done: if the stack is exhausted midway, nobody can view pages whose
  // access is unknown.
  for (const { start, end } of runs) pages.access.set(start, end, "none");
  for (const run of runs) {
    const failure = clear(pages, run) ?? setAccess(pages, run, access);
    if (failure === undefined) continue;
    for (const { start, end, value } of runs.slice(0, runs.indexOf(run) + 1)) {
      for (const part of history.runsIn(start, end)) {
        if (part.value === "reserved") free(pages, part);
        // A pending call of the runtime may still use pages that were viewed.
        else setAccess(pages, part, part.value === "decommitted" ? "read-write" : value);
      }
    }
    for (const { start, end, value } of runs) pages.access.set(start, end, value);
    throw systemError(`to make ${describePages(pages, run)} ${access}`, failure);
  }
  for (const { start, end } of runs) {
    for (const { start: from, end: to, value } of history.runsIn(start, end)) {
      const next = committed(value);
      if (next !== value) history.set(from, to, next);
    }
    pages.access.set(start, end, access);
  }
}

/** Zeroes decommitted pages that stayed mapped, because a pending call may have stored to them. */
export function clear(pages: PageState, { start, end }: PageRange): Failure | undefined {
  const { os } = host();
  let failure: Failure | undefined;
  for (const run of pages.history.runsIn(start, end)) {
    if (failure !== undefined || run.value !== "decommitted") continue;
    const { address, byteLength } = addresses(pages, run);
    failure = os.discard(address, byteLength);
  }
  return failure;
}

/** Frees the memory of a range. Pages before those that the system refuses stay decommitted. */
export function decommit(pages: PageState, range: PageRange): void {
  const { os } = host();
  const { access, history } = pages;
  const runs = history.runsIn(range.start, range.end);
  const before = access.runsIn(range.start, range.end);
  access.set(range.start, range.end, "none"); // first, as in change()
  const undo = (from: number) => {
    for (const { end, value, ...run } of before) {
      const start = Math.max(run.start, from);
      if (start >= end) continue;
      access.set(start, end, value);
      for (const part of history.runsIn(start, end)) {
        if (part.value === "viewed") setAccess(pages, part, value);
      }
    }
  };
  // First the steps that can be undone: freed memory loses its content.
  for (const run of runs) {
    const failure = run.value === "viewed" ? setAccess(pages, run, "read-write") : undefined;
    if (failure === undefined) continue;
    undo(range.start);
    throw systemError(`to decommit ${describePages(pages, run)}`, failure);
  }
  for (const run of runs) {
    const { start, end, value } = run;
    const { address, byteLength } = addresses(pages, run);
    // True, for one piece: frees the pages in place instead of mapping them anew, so the mapping is
    // not split further.
    const failure = wasViewed(value) ? os.vacate(address, byteLength, true) : free(pages, run);
    if (failure !== undefined) {
      undo(start);
      throw systemError(`to decommit ${describePages(pages, run)}`, failure);
    }
    history.set(start, end, wasViewed(value) ? "decommitted" : "reserved");
  }
}

/** Frees anonymous pages that were never viewed, and keeps their addresses reserved. */
function free(pages: PageState, range: PageRange): Failure | undefined {
  pages.allocation.isSplit = true;
  const { address, byteLength } = addresses(pages, range);
  return host().os.decommit(address, byteLength);
}

function setAccess(pages: PageState, range: PageRange, access: Access): Failure | undefined {
  const { allocation } = pages;
  allocation.isSplit = true;
  const { address, byteLength } = addresses(pages, range);
  return mapperOf(allocation).protect(address, byteLength, access);
}

/** The address and the length of a range. */
export function addresses(
  pages: PageState,
  { start, end }: PageRange,
): { readonly address: bigint; readonly byteLength: bigint } {
  return { address: pages.addressOf(start), byteLength: BigInt(end - start) };
}

/** Writes a range for a message. */
export function describePages(pages: PageState, range: PageRange): string {
  return describeRange(addresses(pages, range));
}
