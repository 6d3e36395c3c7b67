/**
 * The choice of the buffer for a view.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { PageRange } from "../checks/ranges.ts";

/** The alignment of buffers that long elements need, and atomic operations on some processors. */
export const ALIGNMENT = 8;

/** Buffers start and end at multiples of this, in bytes, so that short views share them. */
export const SPACING = 65_536;

/**
 * The multiples where the access of pages changes. A change detaches less, and engines count the
 * length of each buffer as memory to collect.
 */
export const CHANGING_SPACING = 4096;

/** The number of buffers of a mapping after which their spacing doubles. */
const BUFFERS_OF_SPACING = 1024;

/** The longest spacing, in bytes. */
const MAX_SPACING = 2 ** 28;

/**
 * The place of a buffer among `count` that are held: little longer than the view, so that a change
 * of other pages does not detach it, and the same for views nearby, so that buffers are few.
 */
export function heldPlace(
  view: PageRange,
  run: PageRange,
  spacing: number,
  count: number,
): PageRange {
  const doublings = Math.floor(count / BUFFERS_OF_SPACING);
  return spaced(view, run, Math.min(MAX_SPACING, spacing * 2 ** doublings));
}

/**
 * The place of a buffer that only the caller holds, in an engine that counts it as heap: as long as
 * the view, except for short views.
 */
export function weakPlace(
  view: PageRange,
  run: PageRange,
  spacing: number,
  period: number,
): PageRange {
  const { start, end } = view;
  if (end - start <= spacing) return spaced(view, run, spacing);
  // Starts at an aligned address, unless that makes the buffer too long or repeats bytes of a
  // mirror.
  const aligned = start - start % ALIGNMENT;
  const maxByteLength = Math.min(period, currentRuntime().maxViewByteLength);
  return end - aligned <= maxByteLength ? { start: aligned, end } : view;
}

/** The range around a view from and to multiples of a spacing, or of an eighth of a longer view. */
function spaced({ start, end }: PageRange, run: PageRange, spacing: number): PageRange {
  let step = spacing;
  while (16 * step < end - start) step *= 2;
  return {
    start: Math.max(run.start, start - start % step),
    end: Math.min(run.end, Math.ceil(end / step) * step),
  };
}

/**
 * The place of a buffer over mirrored memory, no longer than one copy: engines rely on the bytes of
 * a buffer being distinct, and `sort()` of a view with repeated bytes runs out of bounds. Buffers
 * for short views start far apart, so that many views share a buffer.
 */
export function mirrorPlace(view: PageRange, run: PageRange, period: number): PageRange {
  const byteLength = Math.min(period, currentRuntime().maxViewByteLength);
  const slack = byteLength - (view.end - view.start);
  const isAligned = view.start % ALIGNMENT <= slack;
  const step = Math.max(2 ** Math.floor(Math.log2(slack + 1)), isAligned ? ALIGNMENT : 1);
  const start = Math.min(view.start - view.start % step, run.end - byteLength);
  return { start, end: start + byteLength };
}
