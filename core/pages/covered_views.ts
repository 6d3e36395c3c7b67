/**
 * Views of long mappings and mirrors in runtimes that can hold buffers strongly. The place of a
 * view determines which buffer covers it.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import type { BufferGrid } from "../../ffi/runtime/runtime.ts";
import {
  ALIGNMENT,
  allBytes,
  SharedViews,
  type Stretch,
  type ViewMaker,
  type Views,
} from "./buffers.ts";

/** The place of a buffer that covers a view. The key identifies it. */
interface Cover {
  readonly key: number;
  readonly start: number;
  readonly byteLength: number;
}

/** Chooses the buffer for a view. */
type Covering = (byteOffset: number, byteLength: number) => Cover;

/** Covers a mapping by grids of buffers, in the order of their lengths. */
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

/**
 * Covers a mirror with buffers no longer than one copy: engines rely on the bytes of a buffer being
 * distinct, and `sort()` of a view with repeated bytes runs out of bounds. Buffers for short views
 * start far apart, so that many views share a buffer.
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

/** Buffers that cover views, made when first needed and held strongly. */
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
    let isOne = false; // makes no list, because this runs before each view is made
    for (const part of this.#parts.values()) isOne ||= part.isTransferred;
    return isOne;
  }

  get buffers(): readonly ArrayBuffer[] {
    return [...this.#parts.values()].flatMap((part) => part.buffers);
  }

  detach(): void {
    for (const { 0: key, 1: part } of this.#parts) {
      part.detach();
      this.#parts.delete(key); // if the next detach fails, this buffer must not count as transferred
    }
  }
}
