/**
 * The pages of one mapping: what may be done with them, and the views over
 * them. A view lies within one run of equal access, and no buffer covers a page
 * that a plain load or store may not touch.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { type Failure, UNSUPPORTED } from "../../ffi/os/contract/memory.ts";
import type { Word } from "../../ffi/os/contract/waiting.ts";
import type { Place } from "./copy_order.ts";
import { hex, MmapError, systemError } from "../checks/errors.ts";
import { type Allocation, mapperOf } from "../lifetime/allocations.ts";
import { LostPages } from "./lost_pages.ts";
import type { Access, MappingInfo, PageSnapshot, Source } from "../lifetime/mapping_info.ts";
import type { PageRange } from "../checks/ranges.ts";
import { type ViewedRun, ViewSet } from "./view_set.ts";
import { RangeMap, type Run } from "./range_map.ts";
import { type ViewMaker, viewsOf, withoutWarning } from "./views.ts";
import type { ViewRange } from "./view_range.ts";

/** The access that lets memory be stored to, by what it is of. */
const WRITABLE: Readonly<Record<Source, Access>> = {
  "memory": "read-write",
  "mirror": "read-write",
  "private file": "copy-on-write",
  "shared file": "read-write",
};

/**
 * What has been of pages. Those that never were memory, or are none any more, are
 * `"reserved"`; buffers may still cover those that were viewed, which the
 * runtime's own calls can have, and those that were decommitted after that.
 */
type History = "reserved" | "never viewed" | "viewed" | "decommitted";

/** A buffer that covered these pages; a pending call of the runtime may still use it. */
interface Detached extends PageRange {
  readonly buffer: WeakRef<ArrayBuffer>;
}

const NONE: readonly never[] = [];

/** The pages of one mapping, whose handle is `owner`. */
export class PageState {
  readonly #allocation: Allocation;
  readonly #mapped: MappingInfo;
  readonly #owner: object;
  readonly #address: bigint;
  /** The length of the pages in bytes. */
  readonly #byteLength: number;
  readonly #access: RangeMap<Access>;
  readonly #history: RangeMap<History>;
  readonly #parts: ViewSet = new ViewSet();
  /** Buffers that were detached while the memory stays mapped, until they are collected. */
  #detached: readonly Detached[] = NONE;
  /** What their file has lost, where they are of one. */
  readonly #lost: LostPages | undefined;
  /** Whether a call was refused because of that. */
  #wasRefused = false;
  /** The word that was asked for last. */
  #lastWord: { readonly offset: number; readonly word: Word } | undefined;

  /** `facts` tell what the pages are, where they are not all alike. */
  constructor(
    allocation: Allocation,
    mapped: MappingInfo,
    owner: object,
    facts: readonly PageSnapshot[] = [],
  ) {
    allocation.isReusable = false;
    this.#allocation = allocation;
    this.#mapped = mapped;
    this.#owner = owner;
    this.#address = allocation.address + BigInt(mapped.guardByteLength);
    this.#byteLength = mapped.pageOffset + mapped.byteLength;
    const { backing } = allocation;
    this.#lost = backing && new LostPages(backing, this.#address, this.#byteLength);
    this.#access = new RangeMap(this.#byteLength, mapped.access);
    this.#history = new RangeMap<History>(
      this.#byteLength,
      mapped.isReserved ? "reserved" : "never viewed",
    );
    for (const { start, end, access, past } of facts) {
      this.#access.set(start, end, access);
      this.#history.set(start, end, past === "memory" ? "never viewed" : past);
    }
    this.guard();
  }

  /** Guards memory of a file from truncation, where it is not yet. */
  guard(): void {
    const { backing, share } = this.#allocation;
    if (backing === undefined || !this.#mapped.isGuarded || backing.guard !== undefined) return;
    // All handles have one entry; where the first one got none, there is none.
    backing.guard = share === undefined
      ? host().os.guard?.()?.add(this.#address, BigInt(this.#byteLength))
      : share.guard;
  }

  /** Whether a page that the file has lost is replaced by zeros. */
  get areGuarded(): boolean {
    return this.#allocation.backing?.guard !== undefined &&
      host().os.guard?.()?.isInPlace === true;
  }

  /** How many bytes were found lost, of whole pages up to the mapping's end. */
  get lostByteLength(): number {
    return this.#lost?.byteLengthFrom(this.#mapped.pageOffset) ?? 0;
  }

  /** Whether bytes were found lost because the file is shorter. */
  get areTruncated(): boolean {
    return (this.#wasRefused || this.lostByteLength > 0) && this.#lost!.areTruncated;
  }

  /** The error for a call that the system refused for these pages; says why a file has lost one. */
  systemError(asked: string, failure: Failure, advice?: string): MmapError {
    const lost = failure.code === "EFAULT" ? this.#lost : undefined;
    this.#wasRefused ||= lost !== undefined;
    return systemError(asked, failure, undefined, lost?.why ?? advice);
  }

  /** Refuses bytes that were found lost. */
  checkNotLost(range: PageRange = { start: 0, end: this.#byteLength }): void {
    this.#lost?.check(range);
  }

  /** Whether a buffer was ever made. */
  get wereViewed(): boolean {
    return !this.#history.areAll(0, this.#byteLength, wasNotViewed);
  }

  /** Whether no page is memory, or ever was since it was mapped. */
  get areReserved(): boolean {
    const { end, value } = this.#history.runAt(0);
    return value === "reserved" && end >= this.#byteLength;
  }

  /** Whether all pages are alike: none of another access, none decommitted. */
  get isUniform(): boolean {
    const all = { start: 0, end: this.#byteLength };
    const runs = this.#history.runsIn(all.start, all.end);
    return this.accessOf(all) !== "mixed" && runs.every(({ value }) => value !== "decommitted");
  }

  /** These pages, which are uniform and have no buffers, when their length has changed in place. */
  resized(mapped: MappingInfo): PageState {
    const pages = new PageState(this.#allocation, mapped, this.#owner);
    pages.#detached = this.#detached;
    const { pageSize } = host().os;
    for (const { start, end, value } of this.#history.runsIn(0, pages.#byteLength)) {
      const pageEnd = Math.ceil(end / pageSize) * pageSize;
      pages.#history.set(start, Math.min(pageEnd, pages.#byteLength), value);
    }
    return pages;
  }

  /** What another handle of this memory has to know of its pages, as runs that differ. */
  get facts(): PageSnapshot[] {
    const all = new RangeMap<string>(this.#byteLength, "");
    for (const { start, end, value: access } of this.#access.runsIn(0, this.#byteLength)) {
      for (const run of this.#history.runsIn(start, end)) {
        // What this handle has viewed, that one has not.
        const past = run.value === "viewed" || run.value === "never viewed" ? "memory" : run.value;
        all.set(run.start, run.end, `${access} ${past}`);
      }
    }
    return all.runsIn(0, this.#byteLength).map(({ start, end, value }) => {
      const { 0: access, 1: past } = value.split(" ") as [Access, PageSnapshot["past"]];
      return { start, end, access, past };
    });
  }

  /** The access of a range of at least one byte. */
  accessOf({ start, end }: PageRange): Access | "mixed" {
    const run = this.#access.runAt(start);
    return run.end >= end ? run.value : "mixed";
  }

  /** The runs of equal access in a range, in order. */
  runsIn({ start, end }: PageRange): Run<Access>[] {
    return this.#access.runsIn(start, end);
  }

  /** All bytes as one array. */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.checkNotLost();
    return this.#viewsIn(0, this.#byteLength).views.bytes;
  }

  /** Makes a view. */
  view<V>(type: ViewMaker<V>, { byteOffset, length, byteLength }: ViewRange): V {
    this.checkNotLost({ start: byteOffset, end: byteOffset + byteLength });
    const { start, views } = this.#viewsIn(byteOffset, byteOffset + byteLength);
    return views.make(withoutWarning(type), byteOffset - start, length, byteLength);
  }

  /** Whether a buffer is known to have been transferred away. */
  get areTransferred(): boolean {
    return this.#parts.some(isTransferred);
  }

  /** Detaches every buffer that covers one of these bytes; throws where one does not let itself be detached. */
  detach({ start, end }: PageRange): void {
    for (const part of this.#parts.all) {
      if (part.start >= end || part.end <= start) continue;
      part.views.detach();
      this.#parts.delete(part); // where the next one fails, this one was not transferred
    }
  }

  /** Detaches them likewise, and remembers them: the memory stays mapped. */
  detachMapped(range: PageRange): void {
    const { start, end } = range;
    const found = this.#parts.all
      .filter((part) => part.start < end && part.end > start)
      .flatMap((part) =>
        part.views.buffers.map((buffer) => ({
          start: part.start,
          end: part.end,
          buffer: new WeakRef(buffer),
        }))
      );
    if (found.length > 0) this.#detached = [...this.#detached.filter(isReachable), ...found];
    this.detach(range);
  }

  /** Refuses to take loads or stores away from pages whose buffers are not all collected. */
  checkUnused({ start, end }: PageRange): void {
    if (this.#detached.length === 0) return;
    this.#detached = this.#detached.filter(isReachable);
    if (this.#detached.every((one) => one.start >= end || one.end <= start)) return;
    throw new MmapError(
      "A pending call of the runtime may still use a buffer of these pages, which are detached now: " +
        "await such calls, and try again when the buffers are collected, or use unsafeProtect(); " +
        "write() and read() make no buffer",
      { code: "EBUSY" },
    );
  }

  /** Whether a copy can read (or write) all these bytes. */
  allows(use: "read" | "written", { start, end }: PageRange): boolean {
    return this.#access.areAll(start, end, use === "read" ? isReadable : isViewable);
  }

  /** Refuses what the memory can never be, before anything is detached. */
  checkProtect(access: Access): void {
    const { source } = this.#mapped;
    this.#checkNotMirrored("protect");
    if (!isViewable(access) || access === WRITABLE[source]) return;
    throw new RangeError(
      `The access of a ${source === "memory" ? "mapping of anonymous memory" : source} ` +
        `cannot be "${access}": "${WRITABLE[source]}" is what can be stored to`,
    );
  }

  /** Changes the access of whole pages whose buffers are detached. */
  protect(range: PageRange, access: Access): void {
    this.#change(range, access, (run) => run.value !== access);
  }

  /** Refuses memory of files, which has no other place for its pages, before anything is detached. */
  checkAnonymous(verb: string): void {
    this.#refuseHuge(`${verb}ted`);
    this.#checkNotMirrored(verb);
    if (this.areAnonymous) return;
    throw new MmapError(
      `Memory of a file cannot be ${verb}ted: use protect(), or unmap it`,
      { code: "ENOTSUP" },
    );
  }

  #refuseHuge(done: string): void {
    if (this.#allocation.layout?.hugePage === undefined) return;
    throw new MmapError(
      `Memory of huge pages cannot be ${done}: use protect(), or unmap it`,
      { code: "ENOTSUP" },
    );
  }

  /** Refuses memory that is mapped twice in a row: what goes for one half would have to go for the other. */
  #checkNotMirrored(verb: string): void {
    if (this.#mapped.source !== "mirror") return;
    throw new MmapError(
      `Memory of mapMirrored() stays as it is: ${verb}() is for other memory`,
      { code: "ENOTSUP" },
    );
  }

  /** Makes pages readable and writable with which nothing could be done. */
  commit(range: PageRange): void {
    this.#change(range, "read-write", (run) => run.value === "none");
  }

  #change(range: PageRange, access: Access, isMeant: (run: Run<Access>) => boolean): void {
    const runs = this.#access.runsIn(range.start, range.end).filter(isMeant);
    // Until all is done: where the stack is exhausted on the way, no view is
    // made of pages that may not be what they were.
    for (const { start, end } of runs) this.#access.set(start, end, "none");
    for (const run of runs) {
      const failure = this.#clear(run) ?? this.#protect(run, access);
      if (failure === undefined) continue;
      // As before: what was done is undone.
      for (const { start, end, value } of runs.slice(0, runs.indexOf(run) + 1)) {
        for (const part of this.#history.runsIn(start, end)) {
          if (part.value === "reserved") this.#release(part);
          // A late call of the runtime may be at what was viewed before.
          else this.#protect(part, part.value === "decommitted" ? "read-write" : value);
        }
      }
      for (const { start, end, value } of runs) this.#access.set(start, end, value);
      throw systemError(`to make ${this.#words(run)} ${access}`, failure);
    }
    for (const { start, end } of runs) {
      for (const part of this.#history.runsIn(start, end)) {
        const { start, end, value } = part;
        if (value === "decommitted") this.#history.set(start, end, "viewed");
        else if (value === "reserved") this.#history.set(start, end, "never viewed");
      }
      this.#access.set(start, end, access);
    }
  }

  #protect(range: PageRange, access: Access): Failure | undefined {
    this.noteSplit();
    const { address, byteLength } = this.#addresses(range);
    return mapperOf(this.#allocation).protect(address, byteLength, access);
  }

  /** Makes what was decommitted without leaving the address space zero: late stores can have come. */
  #clear({ start, end }: PageRange): Failure | undefined {
    const { os } = host();
    let failure: Failure | undefined;
    for (const run of this.#history.runsIn(start, end)) {
      if (failure !== undefined || run.value !== "decommitted") continue;
      const { address, byteLength } = this.#addresses(run);
      failure = os.discard(address, byteLength);
    }
    return failure;
  }

  /**
   * Gives the memory of whole pages back, whose buffers are detached. Those
   * that were viewed stay readable and writable to the system: a call of the
   * runtime may still be at them.
   */
  decommit(range: PageRange): void {
    const { os } = host();
    const runs = this.#history.runsIn(range.start, range.end);
    const before = this.#access.runsIn(range.start, range.end);
    this.#access.set(range.start, range.end, "none"); // first, as in #change()
    const undo = (from: number) => {
      for (const { end, value, ...run } of before) {
        const start = Math.max(run.start, from);
        if (start >= end) continue;
        this.#access.set(start, end, value);
        for (const part of this.#history.runsIn(start, end)) {
          if (part.value === "viewed") this.#protect(part, value);
        }
      }
    };
    // First what can be undone: content is gone once its memory is.
    for (const run of runs) {
      const failure = run.value === "viewed" ? this.#protect(run, "read-write") : undefined;
      if (failure === undefined) continue;
      undo(range.start);
      throw systemError(`to decommit ${this.#words(run)}`, failure);
    }
    for (const run of runs) {
      const { start, end, value } = run;
      const { address, byteLength } = this.#addresses(run);
      // The mapping stays in the pieces that it is in.
      const failure = wasViewed(value) ? os.vacate(address, byteLength, true) : this.#release(run);
      if (failure !== undefined) {
        undo(start);
        throw systemError(`to decommit ${this.#words(run)}`, failure);
      }
      this.#history.set(start, end, wasViewed(value) ? "decommitted" : "reserved");
    }
  }

  /** Gives the memory of anonymous pages back that were never viewed: addresses are left. */
  #release(range: PageRange): Failure | undefined {
    this.noteSplit();
    const { address, byteLength } = this.#addresses(range);
    return host().os.decommit(address, byteLength);
  }

  /** Makes pages as they were before anything was stored to them, and gives their memory back. */
  discard(range: PageRange): void {
    this.#checkNotMirrored("discard");
    if (this.#mapped.source === "shared file") {
      throw new MmapError(
        "What was stored to a file, or to memory of a name, cannot be discarded: others have it, too",
        { code: "ENOTSUP" },
      );
    }
    this.#refuseHuge("discarded");
    this.checkNotLost(range);
    if (!isViewable(this.accessOf(range))) throw this.noAccess("discarded", range);
    const { address, byteLength } = this.#addresses(range);
    const failure = mapperOf(this.#allocation).discard(address, byteLength);
    if (failure === UNSUPPORTED) {
      throw new MmapError(
        "This system cannot discard what was stored to memory of a file: unmap it, and map it again",
        { code: "ENOTSUP" },
      );
    }
    if (failure !== undefined) throw this.systemError(`to discard ${this.#words(range)}`, failure);
  }

  /** Writes what was stored to memory of a shared file back. */
  flush(range: PageRange, waits: boolean): void {
    if (this.#mapped.source !== "shared file") return;
    const { address, byteLength } = this.#addresses(range);
    const { backing } = this.#allocation;
    const file = backing?.name !== undefined ? undefined : backing?.file; // it is on no disk
    const failure = host().os.files.flush(file, address, byteLength, waits);
    if (failure !== undefined) throw this.systemError(`to flush ${this.#words(range)}`, failure);
    this.checkNotLost(range); // last: the other bytes are written
  }

  /** Notes that a part is to be changed, so that the system can keep the pages in pieces from now on. */
  noteSplit(): void {
    this.#allocation.isSplit = true;
  }

  /** Whether they are of no file. */
  get areAnonymous(): boolean {
    const { source } = this.#mapped;
    return source === "memory" || source === "mirror";
  }

  /** Whether they are of no disk: what they hold takes memory until it is given back. */
  get areInMemory(): boolean {
    return this.areAnonymous || this.#allocation.backing?.name !== undefined;
  }

  /** Whether they are mapped twice in a row. */
  get areMirrored(): boolean {
    return this.#mapped.source === "mirror";
  }

  /** After how many bytes the same ones follow again. */
  get period(): number {
    return this.areMirrored ? this.#mapped.byteLength / 2 : Infinity;
  }

  /** Whether the same bytes can be mapped at other addresses, too. */
  get canOverlap(): boolean {
    return this.#mapped.source !== "memory";
  }

  /** Where a byte is, by its address, in what {@linkcode PageState.canOverlap | can be mapped elsewhere, too}. */
  placeOf(address: bigint): Place {
    const offset = Number(address - this.#address);
    if (this.areMirrored) {
      const { period } = this;
      return { mirror: this.#address, offset: offset % period, period };
    }
    return { mirror: 0n, offset: this.#allocation.backing!.offset + offset, period: Infinity };
  }

  /** Whether they are a private copy of a file: what is stored elsewhere does not show in a page that was copied. */
  get areOfPrivateFile(): boolean {
    return this.#mapped.source === "private file";
  }

  /** The address of a byte of a page. */
  addressOf(offset: number): bigint {
    return this.#address + BigInt(offset);
  }

  /** What the system knows the 32-bit word by that starts at a byte. */
  wordAt(offset: number): Word {
    // Who waits for a word mostly waits for it again: it is where it was.
    if (this.#lastWord?.offset !== offset) {
      this.#lastWord = { offset, word: this.#makeWord(offset) };
    }
    return this.#lastWord.word;
  }

  #makeWord(offset: number): Word {
    const { source, byteLength } = this.#mapped;
    const { backing } = this.#allocation;
    // What is mapped twice is one word in both halves.
    const at = source === "mirror" ? offset % (byteLength / 2) : offset;
    const place = source === "shared file" && backing !== undefined
      ? { memory: backing, offset: BigInt(backing.offset + at) }
      : undefined;
    return { address: this.addressOf(at), place };
  }

  /** The views of the run that holds all these bytes. */
  #viewsIn(start: number, end: number): ViewedRun {
    const run = this.#access.runAt(start);
    if (!isViewable(run.value) || run.end < end) throw this.noAccess("viewed", { start, end });
    const made = this.#parts.startingAt(run.start);
    if (made?.end === run.end) return made;
    const views = viewsOf(this.#allocation, {
      address: run.start === 0 ? this.#address : this.#address + BigInt(run.start),
      byteLength: run.end - run.start,
      period: this.areMirrored ? this.#byteLength / 2 : run.end - run.start,
      pageOffset: run.start === 0 ? this.#mapped.pageOffset : 0,
      owner: this, // and so the handle; after a resize that moved, the old range goes with these
    });
    const part = { start: run.start, end: run.end, views };
    this.#history.set(run.start, run.end, "viewed");
    this.#parts.add(part);
    return part;
  }

  #addresses({ start, end }: PageRange): { address: bigint; byteLength: bigint } {
    return {
      address: this.#address + BigInt(start),
      byteLength: BigInt(end - start),
    };
  }

  #words({ start, end }: PageRange): string {
    const { address, byteLength } = this.#addresses({ start, end });
    return `${byteLength} bytes at ${hex(address)}`;
  }

  /** The error for bytes with which that cannot be done. */
  noAccess(done: string, { start, end }: PageRange): MmapError {
    const { pageOffset, source } = this.#mapped;
    const first = Math.max(start, pageOffset);
    const forStores = ["viewed", "written", "discarded", "waited for", "notified"].includes(done);
    const needed = forStores ? `"${WRITABLE[source]}"` : 'not "none"';
    return new MmapError(
      `The ${end - first} bytes from byteOffset ${
        first - pageOffset
      } cannot be ${done}: their access ` +
        `is "${this.accessOf({ start, end })}", and must be ${needed} throughout`,
      { code: "EACCES" },
    );
  }
}

/** Whether plain loads and stores may be done. */
export function isViewable(access: Access | "mixed"): boolean {
  return access === "read-write" || access === "copy-on-write";
}

/** Whether plain loads may be done. */
function isReadable(access: Access): boolean {
  return access !== "none";
}

/** Whether buffers may still cover pages. */
function wasViewed(history: History): boolean {
  return history === "viewed" || history === "decommitted";
}

function wasNotViewed(history: History): boolean {
  return !wasViewed(history);
}

function isTransferred({ views }: ViewedRun): boolean {
  return views.isTransferred;
}

function isReachable({ buffer }: Detached): boolean {
  return buffer.deref() !== undefined;
}
