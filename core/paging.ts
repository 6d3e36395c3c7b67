/**
 * The pages of one mapping: what may be done with them, and the views over
 * them. A view lies within one run of equal access, and no buffer covers a page
 * that a plain load or store may not touch.
 *
 * @module
 */
import { host } from "../ffi/host.ts";
import type { Failure } from "../ffi/os/os.ts";
import { hex, MmapError, refused } from "./errors.ts";
import type { Allocation } from "./lifetime.ts";
import type { PageRange } from "./page_range.ts";
import { RangeMap, type Run } from "./range_map.ts";
import { type ViewMaker, type Views, viewsOf } from "./views.ts";
import type { ViewRange } from "./view_range.ts";

/**
 * What may be done with memory: `"none"` is nothing, `"read"` loads,
 * `"read-write"` loads and stores, `"read-execute"` loads and jumps.
 */
export type Access = "none" | "read" | "read-write" | "read-execute";

/** The views over one run of pages. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly views: Views;
}

/** What has been of pages that buffers may cover still: the runtime's own calls can have one. */
type History = "never viewed" | "viewed" | "decommitted";

/** The pages of one mapping, whose handle is `owner`. */
export class Pages {
  readonly #allocation: Allocation;
  readonly #byteLength: number;
  readonly #owner: object;
  readonly #access: RangeMap<Access>;
  readonly #history: RangeMap<History>;
  readonly #parts: Set<Part> = new Set();
  /** Of the parts that start together the last one that was made. */
  readonly #partsByStart: Map<number, Part> = new Map();

  constructor(allocation: Allocation, byteLength: number, access: Access, owner: object) {
    this.#allocation = allocation;
    this.#byteLength = byteLength;
    this.#owner = owner;
    this.#access = new RangeMap(byteLength, access);
    this.#history = new RangeMap<History>(byteLength, "never viewed");
  }

  /** Whether a buffer was ever made. */
  get wereViewed(): boolean {
    const { end, value } = this.#history.runAt(0);
    return value !== "never viewed" || end < this.#byteLength;
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
    return this.#viewsIn(0, this.#byteLength).views.bytes;
  }

  /** Makes a view. */
  view<V>(type: ViewMaker<V>, { byteOffset, length, byteLength }: ViewRange): V {
    const { start, views } = this.#viewsIn(byteOffset, byteOffset + byteLength);
    return views.make(type, byteOffset - start, length, byteLength);
  }

  /** Whether a buffer is known to have been transferred away. */
  get areTransferred(): boolean {
    for (const { views } of this.#parts) if (views.isTransferred) return true;
    return false;
  }

  /** Detaches every buffer that covers one of these bytes; throws where one does not let itself be detached. */
  detach({ start, end }: PageRange): void {
    for (const part of this.#parts) {
      if (part.start >= end || part.end <= start) continue;
      part.views.detach();
      this.#parts.delete(part); // where the next one fails, this one was not transferred
      if (this.#partsByStart.get(part.start) === part) this.#partsByStart.delete(part.start);
    }
  }

  /** Changes the access of whole pages whose buffers are detached. */
  protect(range: PageRange, access: Access): void {
    this.#change(range, access, (run) => run.value !== access);
  }

  /** Makes pages readable and writable with which nothing could be done. */
  commit(range: PageRange): void {
    this.#change(range, "read-write", (run) => run.value === "none");
  }

  #change(range: PageRange, access: Access, isMeant: (run: Run<Access>) => boolean): void {
    const changed: Run<Access>[] = [];
    for (const run of this.#access.runsIn(range.start, range.end).filter(isMeant)) {
      const failure = this.#clear(run) ?? this.#protect(run, access);
      changed.push(run);
      if (failure === undefined) continue;
      // As before: what was done is undone.
      for (const { start, end, value } of changed) this.#protect({ start, end }, value);
      throw refused(`to make ${this.#words(run)} ${access}`, failure);
    }
    for (const { start, end } of changed) this.#access.set(start, end, access);
  }

  #protect(range: PageRange, access: Access): Failure | undefined {
    const { address, byteLength } = this.#addresses(range);
    return host().os.protect(address, byteLength, access);
  }

  /** Makes what was decommitted without leaving the address space zero: late stores can have come. */
  #clear({ start, end }: PageRange): Failure | undefined {
    const { os } = host();
    for (const run of this.#history.runsIn(start, end)) {
      if (run.value !== "decommitted") continue;
      const { address, byteLength } = this.#addresses(run);
      const failure = os.discard(address, byteLength);
      if (failure !== undefined) return failure;
      this.#history.set(run.start, run.end, "viewed");
    }
    return undefined;
  }

  /**
   * Gives the memory of whole pages back, whose buffers are detached. Those
   * that were viewed stay readable and writable to the system: a call of the
   * runtime may still be at them.
   */
  decommit(range: PageRange): void {
    const { os } = host();
    for (const run of this.#history.runsIn(range.start, range.end)) {
      const { address, byteLength } = this.#addresses(run);
      const failure = run.value === "never viewed"
        ? os.decommit(address, byteLength)
        : os.protect(address, byteLength, "read-write") ?? os.vacate(address, byteLength);
      if (failure !== undefined) throw refused(`to decommit ${this.#words(run)}`, failure);
      this.#access.set(run.start, run.end, "none");
      if (run.value === "viewed") this.#history.set(run.start, run.end, "decommitted");
    }
  }

  /** Makes readable and writable pages zero, and gives their memory back. */
  discard(range: PageRange): void {
    const access = this.accessOf(range);
    if (access !== "read-write") throw this.#noAccess("discard", range, access);
    const { address, byteLength } = this.#addresses(range);
    const failure = host().os.discard(address, byteLength);
    if (failure !== undefined) throw refused(`to discard ${this.#words(range)}`, failure);
  }

  /** The views of the run that holds all these bytes. */
  #viewsIn(start: number, end: number): Part {
    const run = this.#access.runAt(start);
    if (run.value !== "read-write" || run.end < end) {
      throw this.#noAccess("view", { start, end }, run.end < end ? "mixed" : run.value);
    }
    const made = this.#partsByStart.get(run.start);
    if (made?.end === run.end) return made;
    const views = viewsOf(this.#allocation, run.start, run.end - run.start, this.#owner);
    const part = { start: run.start, end: run.end, views };
    this.#history.set(run.start, run.end, "viewed");
    this.#parts.add(part);
    this.#partsByStart.set(run.start, part);
    return part;
  }

  #addresses({ start, end }: PageRange): { address: bigint; byteLength: bigint } {
    return {
      address: this.#allocation.address + BigInt(start),
      byteLength: BigInt(end - start),
    };
  }

  #words({ start, end }: PageRange): string {
    const { address, byteLength } = this.#addresses({ start, end });
    return `${byteLength} bytes at ${hex(address)}`;
  }

  #noAccess(verb: string, { start, end }: PageRange, access: Access | "mixed"): MmapError {
    return new MmapError(
      `The ${end - start} bytes from byteOffset ${start} cannot be ${verb}ed: their access is ` +
        `"${access}", and must be "read-write" throughout`,
      { code: "EACCES" },
    );
  }
}
