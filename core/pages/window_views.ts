/**
 * Views of long mappings in Bun, which counts the length of a buffer as its heap: each view has a
 * buffer of its own length.
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

// Taken once: a buffer can have own properties of these names.
const { transfer, transferToFixedLength } = ArrayBuffer.prototype;
const { apply } = Reflect;

/**
 * Views up to this length, in bytes, share buffers. These start at multiples of it and are twice as
 * long.
 */
const SHARED_WINDOW = 65_536;

/**
 * Buffers as long as their views. They are held weakly, so that each counts as heap only while the
 * caller uses it. Short views near each other share a buffer, which takes a tenth of the time.
 */
export class WindowViews implements Views {
  readonly #allocation: Allocation;
  readonly #stretch: Stretch;
  #bytes: WeakRef<Uint8Array<ArrayBuffer>> | undefined;
  #buffers: Set<WeakRef<ArrayBuffer>> = new Set();
  /** The buffers that short views share, by their start. */
  #shared: Map<number, WeakRef<ArrayBuffer>> = new Map();
  /** The shared buffer that was used last: mostly the next view needs the same. */
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
      this.#allocation.isTransferred = true; // by a method that noteTransferBy() does not replace
    }
    const { period } = this.#stretch;
    // Starts at an aligned address, unless that makes the buffer too long or repeats bytes of a
    // mirror.
    const before = byteOffset % ALIGNMENT;
    const { maxViewByteLength } = currentRuntime();
    const pageOffset = before + byteLength <= Math.min(period, maxViewByteLength) ? before : 0;
    const buffer = this.#make(byteOffset - pageOffset, pageOffset + byteLength).deref()!;
    return new type(buffer, pageOffset, length);
  }

  /** The shared buffer for short views from `start`. */
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
    // Removed one by one: if one fails, the next call must not take the buffers detached here for
    // transferred ones.
    this.#shared.clear();
    this.#last = undefined;
    for (const weak of this.#buffers) {
      const buffer = weak.deref();
      if (buffer) detach(buffer);
      this.#buffers.delete(weak);
    }
  }
}

/**
 * Makes a buffer record its transfer. The buffer is held weakly, so it cannot be checked once it is
 * collected.
 */
export function noteTransferBy(buffer: ArrayBuffer, allocation: Allocation): void {
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
