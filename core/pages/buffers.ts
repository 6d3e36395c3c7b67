/**
 * The buffers over a mapping's memory.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { define } from "../../ffi/own.ts";
import { isDetached } from "../checks/buffers.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Allocation } from "../lifetime/allocation.ts";

// Taken once: a buffer can have own properties of these names.
const { transfer, transferToFixedLength } = ArrayBuffer.prototype;
const { apply } = Reflect;

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

/** Makes a buffer over memory, which keeps its owner alive. */
export function makeBuffer(covered: Covered, byteLength: number): ArrayBuffer {
  const runtime = currentRuntime();
  const buffer = runtime.view(covered.address, byteLength);
  runtime.refuseTransfer?.(buffer);
  new Owned(buffer, covered);
  return buffer;
}

/**
 * Makes a buffer record its transfer. A buffer that only callers hold cannot be checked once it is
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

/** A buffer and the pages that it covers. */
export class PageBuffer implements PageRange {
  readonly start: number;
  readonly end: number;
  /** The buffers before and after it in a chain of {@linkcode BufferIndex}. */
  before: PageBuffer | undefined;
  next: PageBuffer | undefined;
  /** Whether the library has detached the buffer. */
  isEnded: boolean = false;
  readonly #held: ArrayBuffer | undefined;
  readonly #weak: WeakRef<ArrayBuffer> | undefined;

  constructor({ start, end }: PageRange, buffer: ArrayBuffer, isHeld: boolean) {
    this.start = start;
    this.end = end;
    if (isHeld) this.#held = buffer;
    else this.#weak = new WeakRef(buffer);
  }

  /** The buffer, until it is collected or the library has detached it. */
  get buffer(): ArrayBuffer | undefined {
    return this.isEnded ? undefined : this.#held ?? this.#weak!.deref();
  }
}
