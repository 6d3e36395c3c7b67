/**
 * Buffers of exactly a window of a mapping, for `arrayBuffer()`.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { detach, isDetached } from "../checks/buffers.ts";
import { overlap, type PageRange } from "../checks/ranges.ts";
import type { Allocation } from "../lifetime/allocation.ts";
import { type Covered, makeBuffer } from "./buffers.ts";
import { noteTransferBy } from "./window_views.ts";

/** The buffer of a window. */
interface Window extends PageRange {
  /** Returns the buffer; `undefined` once it is collected. */
  readonly deref: () => ArrayBuffer | undefined;
}

/** A window whose buffer is reachable. */
interface ReachableWindow extends PageRange {
  readonly buffer: ArrayBuffer;
}

/**
 * The buffers of the windows of one mapping. A window has one buffer at a time. The buffers are held
 * weakly if the runtime can refuse to transfer them to another thread; otherwise strongly, because a
 * transfer of a buffer that is collected would not be noticed.
 */
export class ExactBuffers {
  readonly #allocation: Allocation;
  readonly #windows: Map<string, Window> = new Map();
  #pruneAt = 64;

  constructor(allocation: Allocation) {
    this.#allocation = allocation;
  }

  /** Whether a buffer is known to have been transferred away. */
  get areTransferred(): boolean {
    return this.#allocation.isTransferred;
  }

  /** Returns the buffer of a window, if there is one. */
  find({ start, end }: PageRange): ArrayBuffer | undefined {
    const buffer = this.#windows.get(keyOf(start, end))?.deref();
    if (buffer !== undefined) this.#noteTransfer(buffer);
    return buffer;
  }

  /** Makes the buffer of a window. */
  make({ start, end }: PageRange, covered: Covered): ArrayBuffer {
    const buffer = makeBuffer(covered, end - start);
    const isWeak = currentRuntime().refuseTransfer !== undefined;
    if (isWeak) noteTransferBy(buffer, this.#allocation);
    if (this.#windows.size >= this.#pruneAt) this.#prune();
    const reference = isWeak ? new WeakRef(buffer) : undefined;
    const deref = reference === undefined ? () => buffer : () => reference.deref();
    this.#windows.set(keyOf(start, end), { start, end, deref });
    return buffer;
  }

  /** The windows that overlap a range, and whose buffers are reachable. */
  windowsIn(range: PageRange): readonly ReachableWindow[] {
    return [...this.#windows.values()].filter((window) => overlap(window, range))
      .flatMap(({ start, end, deref }) => {
        const buffer = deref();
        return buffer === undefined ? [] : [{ start, end, buffer }];
      });
  }

  /**
   * Detaches the buffers over a range. Throws a `TypeError` if one is in use, or was transferred
   * away: then all are as before.
   */
  detach(range: PageRange): void {
    const windows = this.windowsIn(range);
    if (windows.some(({ buffer }) => this.#noteTransfer(buffer))) {
      throw new TypeError("A buffer was transferred away");
    }
    // One by one: if one fails, the others must not be taken for transferred ones.
    for (const { start, end, buffer } of windows) {
      detach(buffer);
      this.#windows.delete(keyOf(start, end));
    }
  }

  /** Notes that a buffer was transferred away, if it was. Returns whether it was. */
  #noteTransfer(buffer: ArrayBuffer): boolean {
    if (!isDetached(buffer)) return false;
    return this.#allocation.isTransferred = true;
  }

  /** Forgets buffers that were collected. */
  #prune(): void {
    for (const { 0: key, 1: window } of this.#windows) {
      if (window.deref() === undefined) this.#windows.delete(key);
    }
    this.#pruneAt = Math.max(64, 2 * this.#windows.size);
  }
}

function keyOf(start: number, end: number): string {
  return `${start} ${end}`;
}
