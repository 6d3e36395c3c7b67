/**
 * A mapping while it lives: the memory, the state of its pages, and its end.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { MmapError, unmapError } from "../checks/errors.ts";
import { byteRange, isEmpty, type PageRange, pageRange, pagesAround } from "../checks/ranges.ts";
import { type Allocation, noteUnmapped, refreshShare, type Share } from "../lifetime/allocation.ts";
import { CLOSED, type CollectorToken, endToken, newToken } from "../lifetime/collector.ts";
import { holdRange } from "../lifetime/held_ranges.ts";
import type { Access, MappingInfo, PageSnapshot } from "../lifetime/mapping_info.ts";
import type { MappingPlan } from "../lifetime/mapping_plan.ts";
import { refusePins } from "../lifetime/pins.ts";
import { makeRoot } from "../lifetime/process_table.ts";
import { unmapAllocation, unmapUnused } from "../lifetime/release.ts";
import { leaveRoom } from "../lifetime/room.ts";
import { cancelWaits, endWaits, refuseWaits } from "../lifetime/waiters.ts";
import { isViewable } from "./access.ts";
import { checkAccess, checkAnonymous, commit, decommit, protect } from "./access_changes.ts";
import { noteAdded } from "./extent.ts";
import { PageState } from "./page_state.ts";

/** A mapping: memory, and the state of its pages. {@linkcode Mmap} is its handle. */
export class Mapping {
  /** The length in bytes; 0 once closed. */
  byteLength: number;
  /** The pages, as they were mapped or resized. */
  info: MappingInfo;
  /** The state of the pages, once a call needs it. */
  pages: PageState | undefined;
  /** For shared memory with a capacity: the length before the present call, as the caller knows it. */
  knownByteLength: number = 0;
  #token: CollectorToken;

  constructor(plan: MappingPlan) {
    makeRoot();
    const { map, byteLength, exactByteLength, backing, layout, source, share, engine } = plan;
    this.byteLength = byteLength;
    this.info = plan;
    this.#token = newToken({ backing, layout, isMirrored: source === "mirror", share, engine });
    const { allocation } = this.#token;
    // Last: if the stack is exhausted or the thread is terminated after map(), the memory would be
    // lost.
    allocation.address = map();
    allocation.byteLength = exactByteLength;
    if (engine !== undefined) this.track(); // a module can lose pages before a call of the handle
    if (layout?.isGrowable) this.#noteUse();
  }

  /** The memory to unmap. */
  get allocation(): Allocation {
    return this.#token.allocation;
  }

  /**
   * Closes the mapping if the engine has moved the memory that holds it, and unmapped it there, or
   * another file was mapped there after all pages of this one were lost. Takes the new length of
   * memory that another handle has made longer.
   */
  refresh(): void {
    const { allocation, byteLength } = this;
    const { engine, share } = allocation;
    if (engine === undefined && share === undefined || byteLength === 0) return;
    const { layout, backing } = allocation;
    if (share !== undefined && layout?.isGrowable) this.#follow(share);
    if (engine === undefined || engine.isInPlace && !backing?.guard?.isEnded) return;
    this.byteLength = 0;
    noteUnmapped(allocation);
    cancelWaits(allocation);
  }

  #follow(share: Share): void {
    const { byteLength } = share;
    this.knownByteLength = this.byteLength;
    if (byteLength > this.byteLength) this.lengthen(byteLength);
  }

  /** Notes that memory with a capacity is longer. */
  lengthen(byteLength: number): void {
    if (this.pages !== undefined) noteAdded(this.pages, byteLength);
    this.setLength(byteLength);
  }

  /** Changes the length of memory with a capacity. */
  setLength(byteLength: number): void {
    this.byteLength = byteLength;
    this.info = { ...this.info, byteLength };
    this.pages?.setInfo(this.info);
    this.#noteUse();
  }

  /** The length up to which the memory grows in its place, in bytes; 0 if it does not. */
  get capacity(): number {
    const { layout } = this.allocation;
    return layout?.isGrowable ? Number(layout.byteLength) - this.info.pageOffset : 0;
  }

  #noteUse(): void {
    const { allocation, info } = this;
    const used = BigInt(info.pageOffset + info.byteLength);
    if (used > allocation.usedByteLength) allocation.usedByteLength = used;
  }

  /** The address of the first byte; `0n` once closed. */
  get address(): bigint {
    if (this.byteLength === 0) return 0n;
    const { guardByteLength, pageOffset } = this.info;
    return this.allocation.address + BigInt(guardByteLength + pageOffset);
  }

  /** The access of all bytes. */
  get access(): Access | "mixed" {
    const { pages } = this;
    return pages === undefined ? this.info.access : pages.accessOf(pages.all);
  }

  /** The access of one byte. */
  accessAt(byteOffset: number | bigint): Access {
    const range = this.byteRange(byteOffset, 1);
    return this.pages?.access.runAt(range.start).value ?? this.info.access;
  }

  /** Whether a page that the file loses is replaced by zeros, now or when the guard is installed. */
  get isGuarded(): boolean {
    const { pages, info, allocation } = this;
    if (pages !== undefined) return pages.areGuarded;
    return info.isGuarded && allocation.backing !== undefined && host().os.canGuard?.() === true;
  }

  /** Returns the state of the pages. The first call creates it. */
  track(snapshot?: readonly PageSnapshot[]): PageState {
    return this.pages ??= new PageState(this.allocation, this.info, this, snapshot);
  }

  /** Returns the state of the pages for making views. Throws if it knows of a transfer. */
  trackViews(): PageState {
    const pages = this.track();
    if (this.#token.allocation.isTransferred) pages.views.refuseTransferred();
    return pages;
  }

  /** Checks a range of bytes. */
  byteRange(byteOffset: number | bigint, byteLength: number | bigint | undefined): PageRange {
    return byteRange(byteOffset, byteLength, this.info);
  }

  /** Checks a range of whole pages. */
  pageRange(byteOffset: number | bigint, byteLength: number | bigint | undefined): PageRange {
    const pageSize = this.allocation.layout?.hugePage ?? host().os.pageSize;
    return pageRange(byteOffset, byteLength, this.info, pageSize);
  }

  /** Checks a range of bytes, and rounds its start down to a page. */
  pagesAround(byteOffset: number | bigint, byteLength: number | bigint | undefined): PageRange {
    return pagesAround(byteOffset, byteLength, this.info, host().os.pageSize);
  }

  /** Changes the access of whole pages. With `isChecked`, throws if a pending call may use them. */
  protect(range: PageRange, access: Access, isChecked: boolean): void {
    if (isEmpty(range)) return;
    const pages = this.track();
    checkAccess(pages, access);
    refusePins(this.allocation, "protected");
    if (!isViewable(access)) refuseWaits(this.allocation, "protected", range);
    this.#prepareChange("protect");
    this.detachMapped(range);
    if (isChecked && !isViewable(access)) pages.views.checkUnused(range);
    protect(pages, range, access);
  }

  /** Makes whole pages that are inaccessible readable and writable. */
  commit(range: PageRange): void {
    if (isEmpty(range)) return;
    const pages = this.track();
    checkAnonymous(pages, "commit");
    this.#prepareChange("commit");
    commit(pages, range);
  }

  /** Frees the memory of whole pages and makes them inaccessible. */
  decommit(range: PageRange): void {
    if (isEmpty(range)) return;
    const pages = this.track();
    checkAnonymous(pages, "decommit");
    refusePins(this.allocation, "decommitted");
    refuseWaits(this.allocation, "decommitted", range);
    this.#prepareChange("decommit");
    this.detachMapped(range);
    decommit(pages, range);
  }

  #prepareChange(call: string): void {
    this.refuseEngine(call);
    this.checkAlone(call);
    leaveRoom(host().os, 0);
  }

  /** Refuses a call that memory of the engine does not support. */
  refuseEngine(call: string): void {
    if (this.allocation.engine === undefined) return;
    throw new MmapError(
      `Memory of a WebAssembly.Memory or a shared buffer does not support ${call}(): the engine ` +
        "relies on all of it being readable, writable, and in its place",
      { code: "ENOTSUP" },
    );
  }

  /** Refuses a call that would change the memory of other handles or of unused tickets. */
  checkAlone(call: string): void {
    if (this.endSharing()) return;
    throw new MmapError(
      `${call}() cannot change a mapping that is shared: another handle or a ticket of it is open, ` +
        "or another thread has not yet collected the views of a handle that it closed; unmap the " +
        "other handles, and call Mmap.release() for unused tickets",
      { code: "EBUSY" },
    );
  }

  /** Ends sharing if no other handle or ticket is left. Returns whether the memory has one handle. */
  endSharing(): boolean {
    const { share, layout } = this.allocation;
    if (refreshShare(this.allocation)) return false;
    if (share !== undefined && layout?.isGrowable) this.#follow(share); // the last growth of others
    return true;
  }

  /** Detaches the buffers over pages that stay mapped. */
  detachMapped(range: PageRange): void {
    this.#detach(() => this.pages?.views.detachMapped(range));
  }

  #detach(detach: () => void): void {
    this.pages?.views.refuseTransferred();
    try {
      detach();
    } catch (cause) {
      this.pages?.views.refuseTransferred();
      if ((cause as Error).name !== "TypeError") throw cause; // the stack is exhausted
      throw new MmapError(
        "The runtime is using a buffer of this mapping, which stays mapped: try again when it is done",
        { code: "EBUSY", cause },
      );
    }
  }

  /** Gives anonymous memory away. Returns its address. */
  giveAway(): bigint {
    this.refuseEngine("intoRaw");
    const { allocation } = this;
    if (this.info.source !== "memory" || allocation.layout !== undefined) {
      throw new MmapError(
        "intoRaw() supports only anonymous memory without guard pages, huge pages and capacity: " +
          "an address and a length are not enough to unmap other memory",
        { code: "ENOTSUP" },
      );
    }
    refusePins(allocation, "given away");
    this.checkAlone("intoRaw");
    const { address } = allocation;
    this.#detachAll();
    endWaits(allocation);
    allocation.byteLength = 0n;
    this.byteLength = 0;
    return address;
  }

  /** Unmaps memory that was never viewed. Frees viewed memory and holds its range. */
  unmap(): void {
    if (this.byteLength === 0) return;
    const token = this.#token;
    const { allocation } = token;
    refusePins(allocation, "unmapped");
    if (this.pages?.wereViewed && allocation.engine === undefined) {
      this.#detachAll();
      endWaits(allocation);
      this.byteLength = 0; // first: no open handle may have a held range
      unmapUnused(allocation);
      holdRange(allocation);
      return;
    }
    endWaits(allocation);
    let failure: Failure | undefined;
    try {
      failure = unmapAllocation(allocation);
    } finally {
      // Also if the stack was exhausted in the middle: no open handle may have unmapped memory.
      if (allocation.byteLength === 0n) this.byteLength = 0;
    }
    if (failure) throw unmapError(allocation, failure);
    this.#token = CLOSED; // first: another mapping can get the token next
    endToken(token);
  }

  #detachAll(): void {
    const { pages } = this;
    this.#detach(() => pages?.views.detach(pages.all));
  }
}
