/**
 * The views over the pages of one mapping, and the detached buffers that are not yet collected.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { detach, isDetached } from "../checks/buffers.ts";
import { describeRange, MmapError } from "../checks/errors.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Allocation } from "../lifetime/allocation.ts";
import { BufferIndex } from "./buffer_index.ts";
import {
  ALIGNMENT,
  CHANGING_SPACING,
  heldPlace,
  mirrorPlace,
  SPACING,
  weakPlace,
} from "./buffer_place.ts";
import { makeBuffer, noteTransferBy, PageBuffer } from "./buffers.ts";
import type { ViewMaker } from "./view_type.ts";
import type { ViewRange } from "./view_range.ts";

/** The longest buffer that short views share, in bytes. */
const MAX_SHORT = 131_072;

/** The pages that views are made of. Their buffers refer to them. */
export interface ViewedPages {
  /** The distance in bytes at which the same bytes repeat. */
  readonly period: number;
  /** The address of a byte. */
  addressOf(offset: number): bigint;
  /** Notes that a buffer may cover pages. */
  noteViewed(range: PageRange): void;
}

/**
 * The buffers of one mapping. A buffer covers pages of one run that can be viewed, and is detached
 * before one of them changes.
 *
 * The set holds the buffers, so that a transfer is always noticed. An engine that counts a buffer's
 * length as heap can refuse transfers, and there only the caller holds the buffers of long mappings.
 */
export class ViewSet {
  readonly #allocation: Allocation;
  readonly #isHeld: boolean;
  readonly #buffers: BufferIndex = new BufferIndex();
  /** The buffers that were detached while their memory stays mapped, until they are collected. */
  #detached: BufferIndex | undefined;
  /** The buffer that was used last: mostly it covers the next view too. */
  #last: PageBuffer | undefined;
  #lastBuffer: ArrayBuffer | undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #weakBytes: WeakRef<Uint8Array<ArrayBuffer>> | undefined;

  /** `before` is the set of the pages before they were resized, which has no views. */
  constructor(allocation: Allocation, byteLength: number, before?: ViewSet) {
    this.#allocation = allocation;
    this.#isHeld = byteLength <= currentRuntime().maxHeldByteLength;
    if (before !== undefined) this.#detached = before.#detached;
  }

  /**
   * Makes a view over the buffer that was used last, if it covers the view and is little longer. Its
   * pages can be viewed, because a buffer is detached before they change.
   */
  makeOverLast<V>(
    type: ViewMaker<V>,
    { byteOffset, length, byteLength }: ViewRange,
  ): V | undefined {
    const last = this.#last;
    if (
      last === undefined || byteOffset < last.start || byteOffset + byteLength > last.end ||
      last.end - last.start > 2 * byteLength + MAX_SHORT
    ) return undefined;
    try {
      return new type(this.#lastBuffer!, byteOffset - last.start, length);
    } catch (error) {
      // A constructor of the caller may have closed or changed the mapping.
      if (this.#lastBuffer !== undefined) this.#check(this.#lastBuffer);
      throw error;
    }
  }

  /** Makes a view of pages of a run. */
  make<V>(
    type: ViewMaker<V>,
    { byteOffset, length, byteLength }: ViewRange,
    run: PageRange,
    pages: ViewedPages,
  ): V {
    // A view of nothing can start at the end of the run.
    const start = byteLength === 0 ? Math.min(byteOffset, run.end - 1) : byteOffset;
    const place = this.#placeOf({ start, end: start + Math.max(1, byteLength) }, run, pages);
    return new type(this.window(place, run, pages), byteOffset - place.start, length);
  }

  /** Returns the buffer of exactly a range of a run: the same one while it is reachable. */
  window(range: PageRange, run: PageRange, pages: ViewedPages): ArrayBuffer {
    const buffer = this.#bufferAt(range, run, pages);
    this.#check(buffer);
    return buffer;
  }

  /** Throws if a buffer was transferred away. */
  #check(buffer: ArrayBuffer): void {
    if (!isDetached(buffer)) return;
    this.#allocation.isTransferred = true;
    this.refuseTransferred();
  }

  #placeOf(view: PageRange, run: PageRange, { period }: ViewedPages): PageRange {
    if (period !== Infinity && this.#isHeld) return mirrorPlace(view, run, period);
    const spacing = this.#detached === undefined ? SPACING : CHANGING_SPACING;
    return this.#isHeld
      ? heldPlace(view, run, spacing, this.#buffers.size)
      : weakPlace(view, run, spacing, period);
  }

  #bufferAt(place: PageRange, run: PageRange, pages: ViewedPages): ArrayBuffer {
    let entry = this.#buffers.at(place);
    let buffer = entry?.buffer;
    if (entry === undefined || buffer === undefined) {
      if (entry !== undefined) this.#buffers.delete(entry);
      pages.noteViewed(run);
      const { start, end } = place;
      buffer = makeBuffer({ owner: pages, address: pages.addressOf(start) }, end - start);
      if (!this.#isHeld) noteTransferBy(buffer, this.#allocation);
      entry = new PageBuffer(place, buffer, this.#isHeld);
      this.#buffers.add(entry);
    }
    // A long buffer that is held for the next view would count as heap, and an array of long elements
    // cannot be made over one that starts anywhere.
    const isShared = this.#isHeld || entry.end - entry.start <= MAX_SHORT;
    if (isShared && entry.start % ALIGNMENT === 0) {
      this.#last = entry;
      this.#lastBuffer = buffer;
    }
    return buffer;
  }

  /**
   * All bytes from an offset (of a mirror, of the first copy) as one array. Returns the same array
   * while it is reachable.
   */
  bytes(pageOffset: number, run: PageRange, pages: ViewedPages): Uint8Array<ArrayBuffer> {
    const length = Math.min(pages.period, run.end) - pageOffset;
    const kept = this.#bytes ?? this.#weakBytes?.deref();
    if (kept?.length === length) return kept; // neither detached nor of before the mapping grew
    const { maxViewByteLength } = currentRuntime();
    if (length > maxViewByteLength) {
      throw new RangeError(
        `This mapping of ${length} bytes is longer than the longest view in this runtime, ` +
          `${maxViewByteLength} bytes: use view() for a part of it`,
      );
    }
    const range = { byteOffset: pageOffset, length, byteLength: length };
    const bytes = this.make(Uint8Array<ArrayBuffer>, range, run, pages);
    if (this.#isHeld) this.#bytes = bytes;
    else this.#weakBytes = new WeakRef(bytes);
    return bytes;
  }

  /** Throws if a buffer was transferred away: over a range, or any that was found before. */
  refuseTransferred(range?: PageRange): void {
    if (range !== undefined) {
      this.#buffers.forEachOver(range, ({ buffer }) => {
        if (buffer !== undefined && isDetached(buffer)) this.#allocation.isTransferred = true;
      });
    }
    const { isTransferred, address, byteLength } = this.#allocation;
    if (!isTransferred) return;
    throw new MmapError(
      `A buffer of this mapping was transferred away: its ${
        describeRange({ address, byteLength })
      } stay mapped for the new owner; copy data before transferring it`,
      { code: "EBUSY" },
    );
  }

  /** Detaches every buffer over a range. Throws if a buffer cannot be detached. */
  detach(range: PageRange): void {
    this.#detach(range, () => {});
  }

  /** Detaches every buffer over a range and remembers it, because the memory stays mapped. */
  detachMapped(range: PageRange): void {
    this.#detach(range, (entry, buffer) => {
      this.#detached ??= new BufferIndex();
      this.#detached.add(new PageBuffer(entry, buffer, false));
    });
  }

  #detach(range: PageRange, remember: (entry: PageBuffer, buffer: ArrayBuffer) => void): void {
    this.refuseTransferred(range);
    this.#last = this.#lastBuffer = this.#bytes = undefined;
    this.#buffers.forEachOver(range, (entry) => {
      const { buffer } = entry;
      if (buffer !== undefined) {
        remember(entry, buffer);
        detach(buffer);
        entry.isEnded = true; // without a call: if the stack is exhausted next, nobody transferred it
      }
      this.#buffers.delete(entry); // if the next one fails, this one was not transferred
    });
  }

  /**
   * Throws while a detached buffer of the range is not collected, because a pending call may use
   * it.
   */
  checkUnused(range: PageRange): void {
    let isUsed = false;
    this.#detached?.forEachOver(range, ({ buffer }) => isUsed ||= buffer !== undefined);
    if (!isUsed) return;
    throw new MmapError(
      "A pending call of the runtime may still use a buffer of these pages, whose views are " +
        "detached now: await such calls and try again when the buffers are collected, or use " +
        "unsafeProtect(); write() and read() make no buffer",
      { code: "EBUSY" },
    );
  }
}
