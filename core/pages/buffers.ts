/**
 * The buffers over a mapping's memory, and the views that share one.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { detach, isDetached } from "../checks/buffers.ts";

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

// A constructor that returns an object gives it the fields of the class that
// extends it: private ones, which nobody else sees.
const Itself = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/** The memory that a buffer covers. */
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

/** Makes an array of all bytes from `skip` on. */
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

export function makeBuffer(covered: Covered, byteLength: number): ArrayBuffer {
  const runtime = currentRuntime();
  const buffer = runtime.view(covered.address, byteLength);
  runtime.refuseTransfer?.(buffer);
  new Owned(buffer, covered);
  return buffer;
}

/** One buffer, held strongly, that all views share. */
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

/** Atomic operations need such an alignment, on some processors. */
export const ALIGNMENT = 8;
