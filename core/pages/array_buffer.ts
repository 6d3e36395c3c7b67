/**
 * `arrayBuffer()`: the buffer of exactly a window.
 *
 * @module
 */
import { MmapError } from "../checks/errors.ts";
import { isViewable } from "./access.ts";
import { ExactBuffers } from "./exact_buffers.ts";
import type { PageState } from "./page_state.ts";
import type { ViewRange } from "./view_range.ts";

/** Returns the buffer of exactly a window: the same one each time while it is reachable. */
export function arrayBuffer(pages: PageState, { byteOffset, byteLength }: ViewRange): ArrayBuffer {
  const window = { start: byteOffset, end: byteOffset + byteLength };
  if (pages.allocation.engine !== undefined) {
    throw new MmapError(
      "A part of a WebAssembly.Memory or a shared buffer has no buffer of its own: use view(), or " +
        "copy it by read()",
      { code: "ENOTSUP" },
    );
  }
  pages.checkNotLost(window);
  const exact = pages.views.exact ??= new ExactBuffers(pages.allocation);
  const found = exact.find(window);
  if (found !== undefined) return found;
  const run = pages.access.runAt(window.start);
  if (!isViewable(run.value) || run.end < window.end) throw pages.accessError("viewed", window);
  pages.history.set(run.start, run.end, "viewed");
  return exact.make(window, { owner: pages, address: pages.addressOf(window.start) });
}
