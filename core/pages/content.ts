/**
 * Calls that drop or write back the content of pages: `discard()` and `flush()`.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { OpenFile } from "../../ffi/os/contract/files.ts";
import { type Failure, UNSUPPORTED } from "../../ffi/os/contract/memory.ts";
import { MmapError } from "../checks/errors.ts";
import { isEmpty, type PageRange } from "../checks/ranges.ts";
import { mapperOf } from "../lifetime/allocation.ts";
import { isViewable } from "./access.ts";
import { addresses, describePages, refuseHuge, refuseMirror } from "./access_changes.ts";
import type { PageState } from "./page_state.ts";

/** Frees the memory of pages that stay accessible. Their content is lost. */
export function discard(pages: PageState, range: PageRange): void {
  if (isEmpty(range)) return;
  refuseMirror(pages, "discard");
  if (pages.info.source === "shared file") {
    throw new MmapError(
      "Memory of mapMut() and mapShared() cannot be discarded, because others share it",
      { code: "ENOTSUP" },
    );
  }
  refuseHuge(pages, "discarded");
  pages.checkNotLost(range);
  if (!isViewable(pages.accessOf(range))) throw pages.accessError("discarded", range);
  const { address, byteLength } = addresses(pages, range);
  const failure = mapperOf(pages.allocation).discard(address, byteLength);
  if (failure === UNSUPPORTED) {
    throw new MmapError(
      "This system cannot discard memory of a file: unmap it, and map it again",
      { code: "ENOTSUP" },
    );
  }
  if (failure !== undefined) {
    throw pages.systemError(`to discard ${describePages(pages, range)}`, failure);
  }
}

/** The memory to write back, and its file. */
interface FlushTarget {
  readonly file: OpenFile | undefined;
  readonly address: bigint;
  readonly byteLength: bigint;
}

/** Returns what a flush of a range writes back; `undefined` if there is nothing to write. */
export function flushTarget(pages: PageState, range: PageRange): FlushTarget | undefined {
  if (isEmpty(range) || pages.info.source !== "shared file") return undefined;
  const { backing } = pages.allocation;
  const file = backing?.name !== undefined ? undefined : backing?.file; // named memory is on no disk
  return { file, ...addresses(pages, range) };
}

/** The error for a range that the system could not write back. */
export function flushError(pages: PageState, range: PageRange, failure: Failure): MmapError {
  return pages.systemError(`to flush ${describePages(pages, range)}`, failure);
}

/** Writes the content of a shared file back. */
export function flush(pages: PageState, range: PageRange, waits: boolean): void {
  const target = flushTarget(pages, range);
  if (target === undefined) return;
  const { file, address, byteLength } = target;
  const failure = host().os.files.flush(file, address, byteLength, waits);
  if (failure !== undefined) throw flushError(pages, range, failure);
  pages.checkNotLost(range); // last: the other bytes are written
}
