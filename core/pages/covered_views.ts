/**
 * Long mappings and mirrors in runtimes whose buffers may be held strongly: each view lies in one
 * of several buffers, which are chosen by its place.
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
