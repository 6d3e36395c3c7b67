/**
 * The choice of buffers for a run of pages.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { BufferGrid } from "../../ffi/runtime/runtime.ts";
import type { Allocation } from "../lifetime/allocation.ts";
import { SharedViews, type Stretch, type Views } from "./buffers.ts";
import { CoveredViews, gridCover, mirrorCover } from "./covered_views.ts";
import { WindowViews } from "./window_views.ts";

/** Makes the views of a run of pages. */
export function viewsOf(allocation: Allocation, stretch: Stretch): Views {
  const { maxSharedByteLength, longMappings } = currentRuntime();
  const { byteLength, period } = stretch;
  const isLong = byteLength > maxSharedByteLength;
  if (isLong && longMappings === "windows") return new WindowViews(allocation, stretch);
  if (period < byteLength) return new CoveredViews(stretch, mirrorCover(stretch));
  return isLong
    ? new CoveredViews(stretch, gridCover(stretch, longMappings as readonly BufferGrid[]))
    : new SharedViews(stretch);
}
