/**
 * The end of a mapping whose length changes in its place.
 *
 * @module
 */
import { roundUp } from "../../ffi/bigints.ts";
import { host } from "../../ffi/host.ts";
import type { Extent, PageRange } from "../checks/ranges.ts";
import type { Access } from "../lifetime/mapping_info.ts";
import { committed, type History } from "./access.ts";
import type { RangeMap } from "./range_map.ts";

/** The pages of a mapping, with those that it can grow into. */
interface Pages {
  readonly all: PageRange;
  readonly info: Extent;
  readonly access: RangeMap<Access>;
  readonly history: RangeMap<History>;
}

/** Rounds the end of a range up to the end of its last page. */
export function pageEnd(end: number): number {
  return Number(roundUp(BigInt(end), BigInt(host().os.pageSize)));
}

/** The whole pages that a change of the length adds or takes away. */
export function pagesBetween(pages: Pages, byteLength: number): PageRange {
  const before = pageEnd(pages.all.end);
  const after = pageEnd(pages.info.pageOffset + byteLength);
  return { start: Math.min(before, after), end: Math.max(before, after) };
}

/** Gives the rest of the last page the access and the history of the last byte. */
export function completeLastPage({ access, history, all: { end } }: Pages): void {
  const past = pageEnd(end);
  if (end === past) return;
  access.set(end, past, access.runAt(end - 1).value);
  history.set(end, past, history.runAt(end - 1).value);
}

/** Notes the access and the history of bytes that are added. Their access is that of the last byte. */
export function noteAdded(pages: Pages, byteLength: number): void {
  completeLastPage(pages);
  const { access, history, all } = pages;
  const { start, end } = pagesBetween(pages, byteLength);
  const { value } = access.runAt(all.end - 1);
  if (start === end) return;
  access.set(start, end, value);
  if (value === "none") return;
  for (const run of history.runsIn(start, end)) {
    history.set(run.start, run.end, committed(run.value));
  }
}
