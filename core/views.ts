/**
 * The buffers over one mapping: made, found again, and detached.
 *
 * @module
 */
import { currentRuntime } from "../ffi/host.ts";
import type { BufferGrid } from "../ffi/runtime/runtime.ts";
import type { Allocation } from "./lifetime.ts";

/** A typed array constructor or `DataView`, as far as making a view goes. */
export type ViewMaker<V> = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => V;

/** The buffers over one mapping. */
export interface Views {
  /**
   * All bytes as one array: the same one each time, as long as it is in use.
   * Throws a `RangeError` where one view cannot be that long.
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

  /**
   * Detaches every buffer; throws a `TypeError` where one was transferred
   * away or does not let itself be detached.
   */
  detach(): void;
}

// Taken once, so that a buffer's own property of that name cannot stand in for them.
const { transfer, transferToFixedLength } = ArrayBuffer.prototype;
const detached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get;
const unsharedByteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")
  ?.get;
const { apply } = Reflect;

/** Whether a buffer, of any realm, is no `SharedArrayBuffer`. */
export function isUnshared(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  try {
    apply(unsharedByteLength!, buffer, []); // only an ArrayBuffer has one by this getter
    return true;
  } catch {
    return false;
  }
}

/** Whether a buffer is detached, whatever own properties it has. */
export function isDetached(buffer: ArrayBuffer): boolean {
  return apply(detached!, buffer, []);
}

/** Detaches a buffer; throws a `TypeError` if it was detached before or the engine pins it. */
export function detach(buffer: ArrayBuffer): void {
  apply(transfer, buffer, [0]);
  // Bun does not throw where it uses the buffer: it leaves it attached.
  if (!isDetached(buffer)) throw new TypeError("The buffer is in use");
}

// A constructor that returns an object gives it the fields of the class that
// extends it: private ones, which nobody else sees.
const Itself = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** Gives a buffer a field that keeps the handle alive: cheaper than a `WeakMap` for the collector. */
class Owned extends Itself {
  readonly #owner: object;

  constructor(buffer: ArrayBuffer, owner: object) {
    super(buffer);
    this.#owner = owner;
  }

  static has(buffer: object): boolean {
    return #owner in buffer;
  }
}

/** Whether a buffer is over a mapping. */
export function isOfMapping(buffer: ArrayBufferLike): boolean {
  return Owned.has(buffer);
}

/** What {@linkcode viewsOf} makes views of. */
export interface Stretch {
  /** The address of the first byte. */
  readonly address: bigint;
  /** The length in bytes. */
  readonly byteLength: number;
  /** Where {@linkcode Views.bytes} starts, in bytes. */
  readonly skip: number;
  /** The handle of the mapping. */
  readonly owner: object;
}

/** Makes the views of a stretch of memory. */
export function viewsOf(allocation: Allocation, stretch: Stretch): Views {
  const { maxSharedByteLength, longMappings } = currentRuntime();
  if (stretch.byteLength <= maxSharedByteLength) return new SharedViews(stretch);
  return longMappings === "windows"
    ? new WindowViews(allocation, stretch)
    : new GridViews(stretch, longMappings);
}

/** Makes an array of all bytes from `skip` on. */
function allBytes(views: Views, { byteLength, skip }: Stretch): Uint8Array<ArrayBuffer> {
  const { maxViewByteLength } = currentRuntime();
  const length = byteLength - skip;
  if (length <= maxViewByteLength) {
    return views.make(Uint8Array<ArrayBuffer>, skip, length, length);
  }
  throw new RangeError(
    `This mapping of ${length} bytes is longer than the longest view in this runtime, ` +
      `${maxViewByteLength} bytes: use view() for a part of it`,
  );
}

function makeBuffer(
  address: bigint,
  byteLength: number,
  owner: object,
): ArrayBuffer {
  const runtime = currentRuntime();
  const buffer = runtime.view(address, byteLength);
  runtime.refuseTransfer?.(buffer);
  new Owned(buffer, owner);
  return buffer;
}

/** One buffer, held strongly, that all views share. */
class SharedViews implements Views {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #buffer: ArrayBuffer;

  constructor({ address, byteLength, skip, owner }: Stretch) {
    this.#buffer = makeBuffer(address, byteLength, owner);
    this.bytes = new Uint8Array(this.#buffer, skip);
  }

  make<V>(type: ViewMaker<V>, byteOffset: number, length: number): V {
    return new type(this.#buffer, byteOffset, length);
  }

  get isTransferred(): boolean {
    return isDetached(this.#buffer);
  }

  detach(): void {
    detach(this.#buffer);
  }
}

/** The buffers of grids, each held strongly once a view has fallen into it. */
export class GridViews implements Views {
  readonly #stretch: Stretch;
  readonly #grids: readonly BufferGrid[];
  /** By grid and start. */
  readonly #parts: Map<number, SharedViews> = new Map();
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(stretch: Stretch, grids: readonly BufferGrid[]) {
    this.#stretch = stretch;
    this.#grids = grids;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= allBytes(this, this.#stretch);
  }

  make<V>(type: ViewMaker<V>, byteOffset: number, length: number, byteLength: number): V {
    const index = this.#grids.findIndex(({ stride }) => byteLength <= stride);
    const grid = this.#grids[index]!;
    const start = byteOffset - byteOffset % grid.stride;
    const key = start + index; // starts are far apart
    let part = this.#parts.get(key);
    if (part === undefined) {
      const { address, byteLength, owner } = this.#stretch;
      part = new SharedViews({
        address: address + BigInt(start),
        byteLength: Math.min(grid.byteLength, byteLength - start),
        skip: 0,
        owner,
      });
      this.#parts.set(key, part);
    }
    return part.make(type, byteOffset - start, length);
  }

  get isTransferred(): boolean {
    for (const part of this.#parts.values()) if (part.isTransferred) return true;
    return false;
  }

  detach(): void {
    for (const [key, part] of this.#parts) {
      part.detach();
      this.#parts.delete(key); // where the next one fails, this one was not transferred
    }
  }
}

/**
 * A buffer for each view's window, held weakly: the engine counts their
 * lengths as its heap, so the caller decides how long each is kept.
 */
class WindowViews implements Views {
  readonly #allocation: Allocation;
  readonly #stretch: Stretch;
  #bytes: WeakRef<Uint8Array<ArrayBuffer>> | undefined;
  #buffers: WeakRef<ArrayBuffer>[] = [];
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
    const { address, owner } = this.#stretch;
    const buffer = makeBuffer(address + BigInt(byteOffset), byteLength, owner);
    noteTransferBy(buffer, this.#allocation);
    if (this.#buffers.length >= this.#pruneAt) {
      this.#buffers = this.#buffers.filter((weak) => weak.deref());
      this.#pruneAt = Math.max(64, 2 * this.#buffers.length);
    }
    this.#buffers.push(new WeakRef(buffer));
    return new type(buffer, 0, length);
  }

  get isTransferred(): boolean {
    return this.#allocation.isTransferred;
  }

  detach(): void {
    const buffers = this.#buffers.map((weak) => weak.deref());
    if (buffers.some((buffer) => buffer && isDetached(buffer))) {
      this.#allocation.isTransferred = true;
      throw new TypeError("A buffer was transferred away");
    }
    // Taken off one by one: where one fails, those detached here are not
    // mistaken for transferred ones next time.
    while (this.#buffers.length > 0) {
      const buffer = this.#buffers.at(-1)?.deref();
      if (buffer) detach(buffer);
      this.#buffers.pop();
    }
  }
}

/** Makes a buffer that is held weakly tell of its transfer: it can be gone when asked. */
function noteTransferBy(buffer: ArrayBuffer, allocation: Allocation): void {
  for (const method of [transfer, transferToFixedLength]) {
    Object.defineProperty(buffer, method.name, {
      value(this: ArrayBuffer, ...lengths: number[]): ArrayBuffer {
        const moved = apply(method, this, lengths);
        if (isDetached(buffer)) allocation.isTransferred = true;
        return moved;
      },
    });
  }
}
