/**
 * The state of a mapping's pages: their access, their history, and the views over them.
 *
 * A buffer lies within one run of equal access, and covers no page that a plain load or store may
 * not touch.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import { overlap, type PageRange } from "../checks/ranges.ts";
import type { Allocation } from "../lifetime/allocation.ts";
import type { Access, MappingInfo, PageSnapshot } from "../lifetime/mapping_info.ts";
import {
  type History,
  isReadable,
  isViewable,
  pastOf,
  wasNotViewed,
  wasViewed,
  WRITABLE,
} from "./access.ts";
import type { ViewMaker } from "./view_type.ts";
import { pageEnd } from "./extent.ts";
import { LostPages } from "./lost_pages.ts";
import { PageMemory } from "./page_memory.ts";
import { RangeMap, type Run } from "./range_map.ts";
import type { ViewRange } from "./view_range.ts";
import { type ViewedPages, ViewSet } from "./view_set.ts";
import { EngineViews } from "./engine_views.ts";

/** The pages of one mapping. */
export class PageState extends PageMemory implements ViewedPages {
  readonly access: RangeMap<Access>;
  readonly history: RangeMap<History>;
  /** The buffers over the pages. */
  readonly views: ViewSet;
  /**
   * The mapping. Buffers refer to these pages, so the mapping lives as long as a buffer; and after a
   * resize that moved, the old range does.
   */
  readonly #owner: object;
  /** The length of the pages in bytes, with those that they can grow into. */
  readonly #extent: number;
  /** The pages that a file has lost, for memory of a file. */
  readonly #lost: LostPages | undefined;
  /** The views of memory of the engine, which has buffers of its own. */
  readonly #engine: EngineViews | undefined;
  /** Whether the system refused a call because of a lost page. */
  #wasRefused = false;

  /** `snapshot` lists the pages that differ from `info`. */
  constructor(
    allocation: Allocation,
    info: MappingInfo,
    owner: object,
    snapshot: readonly PageSnapshot[] = [],
    views?: ViewSet,
  ) {
    super(allocation, info);
    allocation.isReusable = false;
    this.#owner = owner;
    const { backing, engine, layout } = allocation;
    this.#extent = layout?.isGrowable ? Number(layout.byteLength) : this.#byteLength;
    this.views = new ViewSet(allocation, this.#extent, views);
    this.#engine = engine && new EngineViews(
      engine,
      Number(allocation.address - engine.address),
      this.#byteLength,
    );
    this.#lost = backing && new LostPages(backing, this.addressOf(0), this.#byteLength);
    this.access = new RangeMap(this.#extent, info.access);
    const history = info.isReserved ? "reserved" : "never viewed";
    this.history = new RangeMap<History>(this.#extent, history);
    for (const { start, end, access, past } of snapshot) {
      this.access.set(start, end, access);
      this.history.set(start, end, past === "memory" ? "never viewed" : past);
    }
    const end = pageEnd(this.#byteLength);
    if (end < this.#extent) {
      this.access.set(end, this.#extent, "none");
      this.history.set(end, this.#extent, this.areAnonymous ? "reserved" : "never viewed");
    }
    this.guard();
  }

  /** The state after the length has changed in place. The pages are uniform and have no buffers. */
  resized(info: MappingInfo): PageState {
    const pages = new PageState(this.allocation, info, this.#owner, [], this.views);
    for (const { start, end, value } of this.history.runsIn(0, pages.#byteLength)) {
      pages.history.set(start, Math.min(pageEnd(end), pages.#byteLength), value);
    }
    return pages;
  }

  /** Changes the length of memory with a capacity. */
  setInfo(info: MappingInfo): void {
    this.info = info;
    this.#lost?.setLength(this.#byteLength);
  }

  /** The length of the pages in bytes. */
  get #byteLength(): number {
    return this.info.pageOffset + this.info.byteLength;
  }

  /** All bytes of the pages. */
  get all(): PageRange {
    return { start: 0, end: this.#byteLength };
  }

  /** The runs of equal access and history, for another handle of this memory. */
  snapshot(): PageSnapshot[] {
    const { end: byteLength } = this.all;
    const runs = this.access.runsIn(0, byteLength).flatMap(({ start, end, value: access }) =>
      this.history.runsIn(start, end).map((run) => ({
        start: run.start,
        access,
        past: pastOf(run.value),
      }))
    );
    const differing = runs.filter(({ access, past }, index) => {
      const before = index === 0 ? undefined : runs.at(index - 1);
      return before?.access !== access || before.past !== past;
    });
    // Another handle may make the memory longer before a ticket is used.
    return differing.map((run, index) => ({
      ...run,
      end: differing.at(index + 1)?.start ?? this.#extent,
    }));
  }

  // Files

  /** Guards memory of a file from truncation, unless it is guarded already. */
  guard(): void {
    const { backing, share } = this.allocation;
    if (backing === undefined || !this.info.isGuarded || backing.guard !== undefined) return;
    if (share !== undefined) {
      backing.guard = share.guard; // all handles share one entry: if the first got none, there is none
      return;
    }
    backing.guard = host().os.guard?.()?.add(this.addressOf(0), BigInt(this.#byteLength));
  }

  /** Whether a page that the file loses is replaced by zeros. */
  get areGuarded(): boolean {
    return this.allocation.backing?.guard !== undefined &&
      host().os.guard?.()?.isInPlace === true;
  }

  /** The length of the pages that were found lost, up to the mapping's end, in bytes. */
  get lostByteLength(): number {
    return this.#lost?.byteLengthFrom(this.info.pageOffset) ?? 0;
  }

  /** Whether pages were found lost because the file is shorter. */
  get areTruncated(): boolean {
    return (this.#wasRefused || this.lostByteLength > 0) && this.#lost!.areTruncated;
  }

  /** Refuses pages that were found lost. */
  checkNotLost(range: PageRange = this.all): void {
    this.#lost?.check(range);
  }

  /** Whether a page of a range was found lost. */
  areLost(range: PageRange): boolean {
    return this.#lost?.ranges.some((lost) => overlap(lost, range)) ?? false;
  }

  /** The error for a call that the system refused for these pages. Says why a file has lost one. */
  systemError(action: string, failure: Failure, advice?: string): MmapError {
    const lost = failure.code === "EFAULT" ? this.#lost : undefined;
    this.#wasRefused ||= lost !== undefined;
    return systemError(action, failure, undefined, lost?.why ?? advice);
  }

  // Access and history

  /** Whether a buffer was ever made. */
  get wereViewed(): boolean {
    return !this.history.areAll(0, this.#extent, wasNotViewed);
  }

  /** Whether no page was ever committed. */
  get areReserved(): boolean {
    const { end, value } = this.history.runAt(0);
    return value === "reserved" && end >= this.#byteLength;
  }

  /** Whether all pages have the same access, and none is decommitted. */
  get isUniform(): boolean {
    const runs = this.history.runsIn(0, this.#byteLength);
    return this.accessOf(this.all) !== "mixed" &&
      runs.every(({ value }) => value !== "decommitted");
  }

  /** The access of a range of at least one byte. */
  accessOf({ start, end }: PageRange): Access | "mixed" {
    const run = this.access.runAt(start);
    return run.end >= end ? run.value : "mixed";
  }

  /** The runs of equal access in a range, in order. */
  runsIn({ start, end }: PageRange): Run<Access>[] {
    return this.access.runsIn(start, end);
  }

  /** Whether a copy can read (or write) all bytes of a range. */
  allows(use: "read" | "written", { start, end }: PageRange): boolean {
    return this.access.areAll(start, end, use === "read" ? isReadable : isViewable);
  }

  /** The error for bytes whose access does not allow a call. */
  accessError(done: string, { start, end }: PageRange): MmapError {
    const { pageOffset, source, isReserved } = this.info;
    const first = Math.max(start, pageOffset);
    const forStores = ["viewed", "written", "discarded"].includes(done) ||
      (["waited for", "notified"].includes(done) && this.useOfWords === "written");
    const writable = WRITABLE[source];
    const advice = isReserved ? "call commit() or protect() first" : "call protect() first";
    const needed = !forStores
      ? `and must be not "none" throughout: ${advice}`
      : writable === undefined
      ? "and memory of mapRead() never allows stores: copy it by read(), or use map() or mapMut()"
      : `and must be "${writable}" throughout: ${advice}`;
    return new MmapError(
      `The ${end - first} bytes from byteOffset ${first - pageOffset} cannot be ${done}: their ` +
        `access is "${this.accessOf({ start, end })}", ${needed}`,
      { code: "EACCES" },
    );
  }

  // Views

  /** All bytes as one array. */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.checkNotLost();
    const run = this.#viewableRun(0, this.#byteLength);
    return this.#engine?.bytes ?? this.views.bytes(this.info.pageOffset, run, this);
  }

  /** Makes a view. */
  view<V>(type: ViewMaker<V>, range: ViewRange): V {
    const { byteOffset, length, byteLength } = range;
    const end = byteOffset + byteLength;
    if (this.#lost !== undefined) this.checkNotLost({ start: byteOffset, end });
    const again = this.views.makeOverLast(type, range);
    if (again !== undefined) return again;
    const run = this.#viewableRun(byteOffset, end);
    return this.#engine?.make(type, byteOffset, length) ??
      this.views.make(type, range, run, this);
  }

  /** Returns the buffer of exactly these bytes. */
  arrayBuffer({ byteOffset, byteLength }: ViewRange): ArrayBuffer {
    if (this.#engine !== undefined) {
      throw new MmapError(
        "A part of a WebAssembly.Memory or a shared buffer has no buffer of its own: use view(), " +
          "or copy it by read()",
        { code: "ENOTSUP" },
      );
    }
    const range = { start: byteOffset, end: byteOffset + byteLength };
    this.checkNotLost(range);
    const run = this.#viewableRun(range.start, range.end);
    // A buffer of no bytes cannot be told from a detached one.
    return byteLength === 0 ? new ArrayBuffer(0) : this.views.window(range, run, this);
  }

  /** The run that holds all these bytes, which can be viewed. */
  #viewableRun(start: number, end: number): PageRange {
    const { start: first, end: past, value } = this.access.runAt(start);
    const run = { start: first, end: Math.min(past, this.#byteLength) };
    if (isViewable(value) && run.end >= end) return run;
    throw this.accessError("viewed", { start, end });
  }

  noteViewed({ start, end }: PageRange): void {
    if (!this.history.areAll(start, end, wasViewed)) this.history.set(start, end, "viewed");
  }
}
