/**
 * The views over the pages of one mapping, and the detached buffers that are not yet collected.
 *
 * @module
 */
import { MmapError } from "../checks/errors.ts";
import { overlap, type PageRange } from "../checks/ranges.ts";
import type { Views } from "./buffers.ts";
import type { ExactBuffers } from "./exact_buffers.ts";

/** The views over one run of pages. */
export interface ViewedRun extends PageRange {
  readonly views: Views;
}

/** A detached buffer over pages that stay mapped. A pending call of the runtime may still use it. */
interface Detached extends PageRange {
  readonly buffer: WeakRef<ArrayBuffer>;
}

const NONE: readonly never[] = [];

/**
 * The viewed runs of one mapping. Most mappings have at most one, so the set and the map are made
 * only for more: they would be a third of the memory that a mapping takes.
 */
export class ViewSet {
  /** The buffers of windows, once one was asked for. */
  exact: ExactBuffers | undefined;
  #only: ViewedRun | undefined;
  #others: Set<ViewedRun> | undefined;
  /** The last run added at each start, except for the first run. */
  #byStart: Map<number, ViewedRun> | undefined;
  /** The buffers that were detached while their memory stays mapped, until they are collected. */
  #detached: readonly Detached[] = NONE;

  /** Adds a run. */
  add(run: ViewedRun): void {
    if (this.#only === undefined && this.#others === undefined) {
      this.#only = run;
      return;
    }
    (this.#others ??= new Set()).add(run);
    (this.#byStart ??= new Map()).set(run.start, run);
  }

  /** Removes a run. */
  delete(run: ViewedRun): void {
    if (this.#only === run) this.#only = undefined;
    this.#others?.delete(run);
    if (this.#byStart?.get(run.start) === run) this.#byStart.delete(run.start);
  }

  /** The last run added at a start. */
  startingAt(start: number): ViewedRun | undefined {
    return this.#byStart?.get(start) ?? (this.#only?.start === start ? this.#only : undefined);
  }

  /** Whether a run matches. Allocates nothing for one run at most. */
  some(matches: (run: ViewedRun) => boolean): boolean {
    if (this.#only !== undefined && matches(this.#only)) return true;
    return this.#others !== undefined && [...this.#others].some(matches);
  }

  /** All runs at this moment. */
  get all(): readonly ViewedRun[] {
    const only = this.#only === undefined ? [] : [this.#only];
    return this.#others === undefined ? only : [...only, ...this.#others];
  }

  /** Whether a buffer is known to have been transferred away. */
  get areTransferred(): boolean {
    return this.some(isTransferred) || this.exact?.areTransferred === true;
  }

  /** Detaches every buffer over a range. Throws if a buffer cannot be detached. */
  detach(range: PageRange): void {
    this.exact?.detach(range); // first: if one was transferred, nothing changes
    for (const run of this.all) {
      if (!overlap(run, range)) continue;
      run.views.detach();
      this.delete(run); // if the next one fails, this one was not transferred
    }
  }

  /** Detaches every buffer over a range and remembers it, because the memory stays mapped. */
  detachMapped(range: PageRange): void {
    const viewed = this.all
      .filter((run) => overlap(run, range))
      .flatMap(({ start, end, views }) => views.buffers.map((buffer) => ({ start, end, buffer })));
    const found = [...viewed, ...this.exact?.windowsIn(range) ?? []]
      .map(({ buffer, ...bounds }) => ({ ...bounds, buffer: new WeakRef(buffer) }));
    if (found.length > 0) this.#detached = [...this.#detached.filter(isReachable), ...found];
    this.detach(range);
  }

  /**
   * Throws while a detached buffer of the range is not collected, because a pending call may use
   * it.
   */
  checkUnused(range: PageRange): void {
    if (this.#detached.length === 0) return;
    this.#detached = this.#detached.filter(isReachable);
    if (!this.#detached.some((buffer) => overlap(buffer, range))) return;
    throw new MmapError(
      "A pending call of the runtime may still use a buffer of these pages, whose views are " +
        "detached now: await such calls and try again when the buffers are collected, or use " +
        "unsafeProtect(); write() and read() make no buffer",
      { code: "EBUSY" },
    );
  }
}

function isTransferred({ views }: ViewedRun): boolean {
  return views.isTransferred;
}

function isReachable({ buffer }: Detached): boolean {
  return buffer.deref() !== undefined;
}
