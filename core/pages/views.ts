/**
 * The buffers over one mapping: made, found again, and detached.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { BufferGrid } from "../../ffi/runtime/runtime.ts";
import { define } from "../../ffi/own.ts";
import { detach, isDetached } from "../checks/buffers.ts";
import type { Allocation } from "../lifetime/allocations.ts";

/** A typed array constructor or `DataView`, as far as making a view goes. */
export type ViewMaker<V> = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => V;

/** As `Buffer.from()` does. */
type ViewFrom<V> = (buffer: ArrayBuffer, byteOffset: number, length: number) => V;

/** What makes the same views: Node.js warns of a `new Buffer()`. */
export function withoutWarning<V>(type: ViewMaker<V>): ViewMaker<V> {
  if (!Object.hasOwn(type, "isBuffer")) return type;
  return function (buffer: ArrayBuffer, start: number, length: number) {
    return (type as unknown as { from: ViewFrom<V> }).from(buffer, start, length);
  } as unknown as ViewMaker<V>;
}

/** The buffers over one mapping. */
export interface Views {
  /**
   * All bytes, of a mirror those of the first copy, as one array: the same one each
   * time, as long as it is in use. Throws a `RangeError` if one view cannot be that long.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;

  /** Makes a view. `length` is in elements, `byteLength` the same in bytes. */
  make<V>(
    type: ViewMaker<V>,
    byteOffset: number,
    length: number,
    byteLength: number,
  ): V;

  /** Whether a buffer is known to have been transferred away. */
  readonly isTransferred: boolean;

  /** The buffers that are still reachable. */
  readonly buffers: readonly ArrayBuffer[];

  /**
   * Detaches every buffer; throws a `TypeError` where one was transferred
   * away or does not let itself be detached.
   */
  detach(): void;
}

// Taken once, so that a buffer's own property of that name cannot stand in for them.
const { transfer, transferToFixedLength } = ArrayBuffer.prototype;
const { apply } = Reflect;

// A constructor that returns an object gives it the fields of the class that
// extends it: private ones, which nobody else sees.
const Itself = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** The memory that a buffer is over. */
export interface Covered {
  /** The pages of the mapping, and so its handle. */
  readonly owner: object;
  /** The address of the first byte. */
  readonly address: bigint;
}

/** Gives a buffer a field that keeps the handle alive: cheaper than a `WeakMap` for the collector. */
class Owned extends Itself {
  readonly #covered: Covered;

  constructor(buffer: ArrayBuffer, covered: Covered) {
    super(buffer);
    this.#covered = covered;
  }

  static of(buffer: object): Covered | undefined {
    return #covered in buffer ? (buffer as Owned).#covered : undefined;
  }
}

/** What a buffer is over, where that is a mapping. */
export function coveredBy(buffer: ArrayBufferLike): Covered | undefined {
  return Owned.of(buffer);
}

/** What {@linkcode viewsOf} makes views of. */
export interface Stretch extends Covered {
  /** The length in bytes. */
  readonly byteLength: number;
  /** The distance in bytes after which the same bytes follow again; without a mirror, the length. */
  readonly period: number;
  /** Where {@linkcode Views.bytes} starts, in bytes. */
  readonly pageOffset: number;
}

/** Makes the views of a stretch of memory. */
export function viewsOf(allocation: Allocation, stretch: Stretch): Views {
  const { maxSharedByteLength, longMappings } = currentRuntime();
  const { byteLength, period } = stretch;
  const isLong = byteLength > maxSharedByteLength;
  if (isLong && longMappings === "windows") return new WindowViews(allocation, stretch);
  if (period < byteLength) return new CoveredViews(stretch, mirrorCover(stretch));
  return isLong
    ? new CoveredViews(stretch, gridCover(stretch, longMappings as readonly BufferGrid[]))
    : new SharedViews(stretch);
}

/** Makes an array of all bytes from `skip` on. */
function allBytes(views: Views, { period, pageOffset }: Stretch): Uint8Array<ArrayBuffer> {
  const { maxViewByteLength } = currentRuntime();
  const length = period - pageOffset;
  if (length <= maxViewByteLength) {
    return views.make(Uint8Array<ArrayBuffer>, pageOffset, length, length);
  }
  throw new RangeError(
    `This mapping of ${length} bytes is longer than the longest view in this runtime, ` +
      `${maxViewByteLength} bytes: use view() for a part of it`,
  );
}

function makeBuffer(covered: Covered, byteLength: number): ArrayBuffer {
  const runtime = currentRuntime();
  const buffer = runtime.view(covered.address, byteLength);
  runtime.refuseTransfer?.(buffer);
  new Owned(buffer, covered);
  return buffer;
}

/** One buffer, held strongly, that all views share. */
class SharedViews implements Views {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;

  constructor(stretch: Stretch) {
    this.#buffer = makeBuffer(stretch, stretch.byteLength);
    this.bytes = new Uint8Array(this.#buffer, stretch.pageOffset);
  }

  make<V>(type: ViewMaker<V>, byteOffset: number, length: number): V {
    return new type(this.#buffer, byteOffset, length);
  }

  get isTransferred(): boolean {
    return isDetached(this.#buffer);
  }

  get buffers(): readonly ArrayBuffer[] {
    return [this.#buffer];
  }

  detach(): void {
    detach(this.#buffer);
  }
}

/** A buffer that a view can lie in. All are told apart by their keys. */
interface Cover {
  readonly key: number;
  readonly start: number;
  readonly byteLength: number;
}

/** Chooses the buffer for a view. */
type Covering = (byteOffset: number, byteLength: number) => Cover;

/** Covers a mapping by grids of buffers, those of short ones first. */
export function gridCover(
  { byteLength: mappedByteLength }: Pick<Stretch, "byteLength">,
  grids: readonly BufferGrid[],
): Covering {
  return (byteOffset, byteLength) => {
    const index = grids.findIndex(({ stride }) => byteLength <= stride);
    const grid = grids[index]!;
    const start = byteOffset - byteOffset % grid.stride;
    return {
      key: start + index, // starts are far apart
      start,
      byteLength: Math.min(grid.byteLength, mappedByteLength - start),
    };
  };
}

/** Atomic operations need such an alignment, on some processors. */
const ALIGNMENT = 8;

/**
 * Covers a mirror by buffers no longer than one copy: engines rely on the bytes of a
 * buffer being distinct, and sort() of a view that holds some twice runs out of bounds.
 * The shorter a view is, the further apart its buffers can start, so that many views
 * share a few of them.
 */
export function mirrorCover(
  { byteLength: mappedByteLength, period }: Pick<Stretch, "byteLength" | "period">,
): Covering {
  const maxByteLength = Math.min(period, currentRuntime().maxViewByteLength);
  return (byteOffset, byteLength) => {
    const slack = maxByteLength - byteLength;
    const isAligned = byteOffset % ALIGNMENT <= slack;
    const stride = Math.max(2 ** Math.floor(Math.log2(slack + 1)), isAligned ? ALIGNMENT : 1);
    const start = Math.min(byteOffset - byteOffset % stride, mappedByteLength - maxByteLength);
    return { key: start, start, byteLength: maxByteLength };
  };
}

/** The buffers that views fall into, each held strongly once one has. */
export class CoveredViews implements Views {
  readonly #stretch: Stretch;
  readonly #covering: Covering;
  readonly #parts: Map<number, SharedViews> = new Map();
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(stretch: Stretch, covering: Covering) {
    this.#stretch = stretch;
    this.#covering = covering;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= allBytes(this, this.#stretch);
  }

  make<V>(type: ViewMaker<V>, byteOffset: number, length: number, byteLength: number): V {
    const { key, start, ...cover } = this.#covering(byteOffset, byteLength);
    let part = this.#parts.get(key);
    if (part === undefined) {
      const { address, owner } = this.#stretch;
      part = new SharedViews({
        address: address + BigInt(start),
        byteLength: cover.byteLength,
        period: cover.byteLength,
        pageOffset: 0,
        owner,
      });
      this.#parts.set(key, part);
    }
    return part.make(type, byteOffset - start, length);
  }

  get isTransferred(): boolean {
    let isOne = false; // looked for without a list, as this is asked before each view is made
    for (const part of this.#parts.values()) isOne ||= part.isTransferred;
    return isOne;
  }

  get buffers(): readonly ArrayBuffer[] {
    return [...this.#parts.values()].flatMap((part) => part.buffers);
  }

  detach(): void {
    for (const { 0: key, 1: part } of this.#parts) {
      part.detach();
      this.#parts.delete(key); // where the next one fails, this one was not transferred
    }
  }
}

/** Views up to this length share the buffers that start at its multiples, twice as long, in bytes. */
const SHARED_WINDOW = 65_536;

/**
 * Buffers for just the windows that are asked for, held weakly: the engine counts
 * their lengths as its heap, so the caller decides how long each is kept. Short views
 * that are near each other share one, which takes a tenth of the time.
 */
class WindowViews implements Views {
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
