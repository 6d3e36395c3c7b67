/**
 * The buffers over a mapping's memory, and the views that share one.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { detach, isDetached } from "../checks/buffers.ts";

/** A typed array constructor or `DataView`, reduced to the call that makes a view. */
export type ViewMaker<V> = new (
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => V;

type ViewFrom<V> = (buffer: ArrayBuffer, byteOffset: number, length: number) => V;

/** A constructor of the same views without the warning of Node.js for `new Buffer()`. */
export function withoutWarning<V>(type: ViewMaker<V>): ViewMaker<V> {
  if (!Object.hasOwn(type, "isBuffer")) return type;
  return function (buffer: ArrayBuffer, start: number, length: number) {
    return (type as unknown as { from: ViewFrom<V> }).from(buffer, start, length);
  } as unknown as ViewMaker<V>;
}

/** The buffers over one mapping. */
export interface Views {
  /**
   * All bytes (of a mirror, the first copy) as one array. Returns the same array while it is
   * reachable. Throws a `RangeError` if it is longer than the longest view.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;

  /** Makes a view of `length` elements, which are `byteLength` bytes. */
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

  /** Detaches every buffer. Throws a `TypeError` if a buffer was transferred away, or is in use. */
  detach(): void;
}

// The constructor returns the given object, so a subclass adds its private fields to that object.
const ReturnedObject = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** The memory that a buffer covers. */
export interface Covered {
  /** The pages of the mapping, which refer to its handle. */
  readonly owner: object;
  /** The address of the first byte. */
  readonly address: bigint;
}

/**
 * Adds a private field to a buffer, which keeps the handle alive. A `WeakMap` would slow the
 * collector.
 */
class Owned extends ReturnedObject {
  readonly #covered: Covered;

  constructor(buffer: ArrayBuffer, covered: Covered) {
    super(buffer);
    this.#covered = covered;
  }

  static of(buffer: object): Covered | undefined {
    return #covered in buffer ? (buffer as Owned).#covered : undefined;
  }
}

/** The memory that a buffer covers, if it is a buffer of a mapping. */
export function coveredBy(buffer: ArrayBufferLike): Covered | undefined {
  return Owned.of(buffer);
}

/** A run of pages that views are made of. */
export interface Stretch extends Covered {
  /** The length in bytes. */
  readonly byteLength: number;
  /**
   * The distance in bytes after which the content repeats: one copy of a mirror, else the length.
   */
  readonly period: number;
  /** The start of {@linkcode Views.bytes}, in bytes. */
  readonly pageOffset: number;
}

/** Makes the array of {@linkcode Views.bytes}. */
export function allBytes(views: Views, { period, pageOffset }: Stretch): Uint8Array<ArrayBuffer> {
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

/** Makes a buffer over memory, which keeps its owner alive. */
export function makeBuffer(covered: Covered, byteLength: number): ArrayBuffer {
  const runtime = currentRuntime();
  const buffer = runtime.view(covered.address, byteLength);
  runtime.refuseTransfer?.(buffer);
  new Owned(buffer, covered);
  return buffer;
}

/** One buffer that all views share, held strongly. */
export class SharedViews implements Views {
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

/** The alignment of buffers that atomic operations need on some processors. */
export const ALIGNMENT = 8;
