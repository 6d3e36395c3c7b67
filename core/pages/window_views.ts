/**
 * Long mappings in Bun, which counts the length of a buffer as its heap: each view has a buffer of
 * just its window.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { define } from "../../ffi/own.ts";
import { detach, isDetached } from "../checks/buffers.ts";
import type { Allocation } from "../lifetime/allocation.ts";
import {
  ALIGNMENT,
  allBytes,
  makeBuffer,
  type Stretch,
  type ViewMaker,
  type Views,
} from "./buffers.ts";

// Taken once, so that a buffer's own property of that name cannot stand in for them.
const { transfer, transferToFixedLength } = ArrayBuffer.prototype;
const { apply } = Reflect;

/** Views up to this length share the buffers that start at its multiples, twice as long, in bytes. */
const SHARED_WINDOW = 65_536;

/**
 * Buffers for just the windows that are asked for, held weakly: the engine counts
 * their lengths as its heap, so the caller decides how long each is kept. Short views
 * that are near each other share one, which takes a tenth of the time.
 */
export class WindowViews implements Views {
  readonly #allocation: Allocation;
  readonly #stretch: Stretch;
  #bytes: WeakRef<Uint8Array<ArrayBuffer>> | undefined;
  #buffers: Set<WeakRef<ArrayBuffer>> = new Set();
  /** Those that short views share, by where they start. */
  #shared: Map<number, WeakRef<ArrayBuffer>> = new Map();
  /** The one that was used last. The next view is mostly of the same. */
  #last: { readonly start: number; readonly buffer: ArrayBuffer } | undefined;
  #pruneAt = 64;

  constructor(allocation: Allocation, stretch: Stretch) {
    this.#allocation = allocation;
    this.#stretch = stretch;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    const kept = this.#bytes?.deref();
    if (kept) return kept;
    const made = allBytes(this, this.#stretch);
    this.#bytes = new WeakRef(made);
    return made;
  }

  make<V>(
    type: ViewMaker<V>,
    byteOffset: number,
    length: number,
    byteLength: number,
  ): V {
    if (byteLength <= SHARED_WINDOW) {
      const start = byteOffset - byteOffset % SHARED_WINDOW;
      const buffer = this.#last?.start === start ? this.#last.buffer : this.#sharedAt(start);
      if (!isDetached(buffer)) return new type(buffer, byteOffset - start, length);
      this.#allocation.isTransferred = true; // by the prototype's method: see noteTransferBy()
    }
    const { period } = this.#stretch;
    // From an aligned address on, unless that is too long, or holds bytes of a mirror twice.
    const before = byteOffset % ALIGNMENT;
    const { maxViewByteLength } = currentRuntime();
    const pageOffset = before + byteLength <= Math.min(period, maxViewByteLength) ? before : 0;
    const buffer = this.#make(byteOffset - pageOffset, pageOffset + byteLength).deref()!;
    return new type(buffer, pageOffset, length);
  }

  /** The buffer that short views share from there on. */
  #sharedAt(start: number): ArrayBuffer {
    let buffer = this.#shared.get(start)?.deref();
    if (buffer === undefined) {
      const byteLength = Math.min(2 * SHARED_WINDOW, this.#stretch.byteLength - start);
      const weak = this.#make(start, byteLength);
      this.#shared.set(start, weak);
      buffer = weak.deref()!;
    }
    this.#last = { start, buffer };
    return buffer;
  }

  #make(start: number, byteLength: number): WeakRef<ArrayBuffer> {
    const { address, owner } = this.#stretch;
    const buffer = makeBuffer({ owner, address: address + BigInt(start) }, byteLength);
    noteTransferBy(buffer, this.#allocation);
    if (this.#buffers.size >= this.#pruneAt) this.#prune();
    const weak = new WeakRef(buffer);
    this.#buffers.add(weak);
    return weak;
  }

  /** Forgets buffers that were collected. */
  #prune(): void {
    this.#buffers = new Set([...this.#buffers].filter((weak) => weak.deref()));
    this.#shared = new Map([...this.#shared].filter((entry) => this.#buffers.has(entry[1])));
    this.#pruneAt = Math.max(64, 2 * this.#buffers.size);
  }

  get isTransferred(): boolean {
    return this.#allocation.isTransferred;
  }

  get buffers(): readonly ArrayBuffer[] {
    return [...this.#buffers].map((weak) => weak.deref()).filter((buffer) => buffer !== undefined);
  }

  detach(): void {
    if (this.buffers.some(isDetached)) {
      this.#allocation.isTransferred = true;
      throw new TypeError("A buffer was transferred away");
    }
    // Taken off one by one, and shared no more: where one fails, those detached here are
    // not mistaken for transferred ones next time.
    this.#shared.clear();
    this.#last = undefined;
    for (const weak of this.#buffers) {
      const buffer = weak.deref();
      if (buffer) detach(buffer);
      this.#buffers.delete(weak);
    }
  }
}

/** Makes a buffer that is held weakly tell of its transfer: it can be gone when asked. */
function noteTransferBy(buffer: ArrayBuffer, allocation: Allocation): void {
  for (const method of [transfer, transferToFixedLength]) {
    define(buffer, method.name, {
      value(this: ArrayBuffer, ...lengths: number[]): ArrayBuffer {
        const moved = apply(method, this, lengths);
        if (isDetached(buffer)) allocation.isTransferred = true;
        return moved;
      },
    });
  }
}
