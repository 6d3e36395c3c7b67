/**
 * Copies between a mapping and a view: `read()` and `write()`.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { byteCount, describe } from "../checks/arguments.ts";
import { mayBeMappedOver } from "../lifetime/engine_memory.ts";
import { isUnshared } from "../checks/buffers.ts";
import { describeRange } from "../checks/errors.ts";
import type { Extent, PageRange } from "../checks/ranges.ts";
import { hadEngineMapping } from "../lifetime/process_table.ts";
import { coveredBy } from "./buffers.ts";
import {
  type CopyOrder,
  copyOrder,
  inPieces,
  PIECE_BYTE_LENGTH,
  type Place,
} from "./copy_order.ts";
import type { PageState } from "./page_state.ts";

const { apply } = Reflect;
const { isView } = ArrayBuffer;

/**
 * Reads a property of a view with the engine's getter, which own properties of the view cannot
 * hide.
 */
type Getter<T> = (view: ArrayBufferView) => T;

/** The getters of a kind of views. */
interface ViewGetters {
  readonly buffer: Getter<ArrayBufferLike>;
  readonly byteOffset: Getter<number>;
  readonly byteLength: Getter<number>;
}

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
const typedArray: ViewGetters = viewGetters(typedArrayPrototype);
const dataView: ViewGetters = viewGetters(DataView.prototype);
/** Throws for a typed array that is detached or out of bounds, whose getters return 0. */
const { keys } = typedArrayPrototype as Uint8Array;
/** Reads the name of a typed array's type; `undefined` for other objects. */
const typeName = getter<string | undefined>(typedArrayPrototype, Symbol.toStringTag);

/**
 * Returns the bytes of a typed array or `DataView` of any realm, as an array of fixed length. (A
 * view of a growable buffer could change its length between the check and the use.)
 */
export function bytesOf(view: ArrayBufferView, what: string): Uint8Array {
  if (!isView(view)) {
    throw new TypeError(`${what} must be a typed array or a DataView, got ${describe(view)}`);
  }
  const { buffer, byteOffset, byteLength } = typeName(view) === undefined ? dataView : typedArray;
  try {
    const length = byteLength(view);
    if (length === 0 && byteLength === typedArray.byteLength) apply(keys, view, []);
    return new Uint8Array(buffer(view), byteOffset(view), length);
  } catch (cause) {
    if ((cause as Error).name !== "TypeError") throw cause; // the stack is exhausted
    throw new TypeError(
      `${what} is detached or out of bounds: its buffer was transferred or made shorter, or its ` +
        "mapping was unmapped, resized or protected",
      { cause },
    );
  }
}

function viewGetters(prototype: object): ViewGetters {
  return {
    buffer: getter(prototype, "buffer"),
    byteOffset: getter(prototype, "byteOffset"),
    byteLength: getter(prototype, "byteLength"),
  };
}

function getter<T>(prototype: object, name: string | symbol): Getter<T> {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name)!;
  return (view) => apply(get!, view, []);
}

/** The range of a copy; `undefined` if the view is empty. */
export function copyRange(
  { pageOffset, byteLength: mappedByteLength }: Extent,
  { byteLength }: Uint8Array,
  byteOffset: number | bigint,
): PageRange | undefined {
  const offset = byteCount(byteOffset, "The byteOffset");
  if (byteLength > mappedByteLength - offset) {
    throw new RangeError(
      `The ${byteLength} bytes from byteOffset ${offset} reach past the end of the mapping, ` +
        `which is ${mappedByteLength} bytes long`,
    );
  }
  if (byteLength === 0) return undefined;
  return { start: pageOffset + offset, end: pageOffset + offset + byteLength };
}

/**
 * Copies between a range of a mapping and `bytes`, which have the same length: `"read"` fills the
 * bytes, and `"write"` the range.
 */
export function copy(
  verb: "read" | "write",
  pages: PageState,
  range: PageRange,
  bytes: Uint8Array,
): void {
  const done = verb === "read" ? "read" : "written";
  if (!pages.allows(done, range)) throw pages.accessError(done, range);
  pages.checkNotLost(range);
  const address = pages.addressOf(range.start);
  const { byteLength } = bytes;
  const canFault = !pages.areAnonymous;
  const { copying } = host().os;
  const order = orderOf(verb, pages, address, bytes);
  const failure = order === "any"
    ? copying[verb](address, bytes, canFault)
    : inPieces(byteLength, order, (piece, start) => {
      if (verb === "write") piece.set(bytes.subarray(start, start + piece.byteLength));
      const failure = copying[verb](address + BigInt(start), piece, canFault);
      if (verb === "read" && failure === undefined) bytes.set(piece, start);
      return failure;
    });
  if (failure !== undefined) {
    throw pages.systemError(`to ${verb} ${describeRange({ address, byteLength })}`, failure);
  }
  pages.checkNotLost(range); // a fault in another thread may have replaced a page during the copy
}

/**
 * The order of a copy. With `"any"`, the bytes themselves are passed to the system. This is not
 * possible for a `SharedArrayBuffer` in some runtimes, nor if the bytes belong to another mapping
 * of the same file, name or mirror: `memmove()` does not see an overlap at other addresses, and the
 * kernel's copies allow no overlap.
 */
function orderOf(
  verb: "read" | "write",
  pages: PageState,
  address: bigint,
  bytes: Uint8Array,
): CopyOrder {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength <= PIECE_BYTE_LENGTH && !isUnshared(buffer)) return "forward"; // in one piece
  const covered = pages.canOverlap ? coveredBy(buffer) : undefined;
  if (covered === undefined && isOverEngine(pages, bytes)) return "whole";
  if (!isUnshared(buffer)) return "forward";
  const owner = covered?.owner as PageState | undefined;
  if (owner === undefined || !owner.canOverlap) return "any";
  const place = placeOf(pages, address);
  const other = placeOf(owner, covered!.address + BigInt(byteOffset));
  return verb === "read"
    ? copyOrder(place, other, byteLength)
    : copyOrder(other, place, byteLength);
}

/** Whether bytes in memory of the engine can be those of the mapping, at any distance. */
function isOverEngine(pages: PageState, bytes: Uint8Array): boolean {
  // The system does not tell anonymous memory of a shared buffer from the engine's other memory.
  if (pages.allocation.engine !== undefined && !isUnshared(bytes.buffer)) return true;
  return pages.canOverlap && hadEngineMapping(host().os) && mayBeMappedOver(bytes);
}

/** The place of an address in memory that can be mapped at several addresses. */
function placeOf(pages: PageState, address: bigint): Place {
  const first = pages.addressOf(0);
  const offset = Number(address - first);
  if (pages.areMirrored) {
    const { period } = pages;
    return { mirror: first, offset: offset % period, period };
  }
  return { mirror: 0n, offset: pages.allocation.backing!.offset + offset, period: Infinity };
}
