/**
 * Copies between a mapping and memory of JavaScript.
 *
 * @module
 */
import { host } from "../ffi/host.ts";
import type { Failure } from "../ffi/os/mapper.ts";
import { hex, refused } from "./errors.ts";
import type { Extent, PageRange } from "./page_range.ts";
import type { Pages } from "./paging.ts";
import { byteCount, describe } from "./validate.ts";
import { isDetached, isOfMapping } from "./views.ts";

/** The bytes of a typed array or `DataView`. */
export function bytesOf(view: ArrayBufferView, what: string): Uint8Array {
  if (!ArrayBuffer.isView(view)) {
    throw new TypeError(`${what} must be a typed array or a DataView, got ${describe(view)}`);
  }
  const { buffer } = view;
  if (buffer instanceof ArrayBuffer && isDetached(buffer)) {
    throw new TypeError(
      `${what} is detached: its buffer was transferred away, or is of a mapping that was unmapped, ` +
        "resized, or given another access",
    );
  }
  return new Uint8Array(buffer, view.byteOffset, view.byteLength);
}

/** Where a copy goes; `undefined` where it is of nothing. */
export function copyRange(
  { skip, byteLength: mappedByteLength }: Extent,
  { byteLength }: Uint8Array,
  byteOffset: number,
): PageRange | undefined {
  const offset = byteCount(byteOffset, "The byteOffset");
  if (byteLength > mappedByteLength - offset) {
    throw new RangeError(
      `The ${byteLength} bytes from byteOffset ${offset} reach past the end of the mapping, ` +
        `which is ${mappedByteLength} bytes long`,
    );
  }
  if (byteLength === 0) return undefined;
  return { start: skip + offset, end: skip + offset + byteLength };
}

/** Copies bytes of a mapping to `target`, which is as long. */
export function copyOut(pages: Pages, range: PageRange, target: Uint8Array): void {
  if (!pages.allows("read", range)) throw pages.noAccess("read", range);
  pages.checkNotTruncated();
  const bytes = isDirect(pages, target) ? target : new Uint8Array(target.byteLength);
  const address = pages.addressOf(range.start);
  check("read", address, bytes, host().os.copying.read(address, bytes, pages.canFault));
  pages.checkNotTruncated(); // a guard replaces what is lost while it is copied
  if (bytes !== target) target.set(bytes);
}

/** Copies `source` to bytes of a mapping, which are as many. */
export function copyIn(pages: Pages, range: PageRange, source: Uint8Array): void {
  if (!pages.allows("written", range)) throw pages.noAccess("written", range);
  pages.checkNotTruncated();
  const bytes = isDirect(pages, source) ? source : source.slice();
  const address = pages.addressOf(range.start);
  check("write", address, bytes, host().os.copying.write(address, bytes, pages.canFault));
  pages.checkNotTruncated();
}

/**
 * Whether the system can have these bytes themselves. Not all runtimes pass
 * shared memory on; and what the kernel copies must not overlap, nor what is
 * mapped twice, of which addresses do not tell that it does.
 */
function isDirect({ canFault, areMirrored }: Pages, { buffer }: Uint8Array): boolean {
  return buffer instanceof ArrayBuffer && !((canFault || areMirrored) && isOfMapping(buffer));
}

function check(
  verb: "read" | "write",
  address: bigint,
  { byteLength }: Uint8Array,
  failure: Failure | undefined,
): void {
  if (failure !== undefined) {
    throw refused(`to ${verb} ${byteLength} bytes at ${hex(address)}`, failure);
  }
}
