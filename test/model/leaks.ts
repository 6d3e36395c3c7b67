/**
 * What the library maps and does not unmap, by its own calls of the system.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure, Os } from "../../ffi/os/os.ts";
import { releaseHeldRanges } from "../../core/lifetime.ts";
import { PAGE } from "./world.ts";

interface Mapper {
  map(request: { readonly byteLength: bigint }): bigint | Failure;
  unmap(address: bigint, byteLength: bigint): Failure | undefined;
}

/** Watches from now on. */
export class Leaks {
  /** The mapped ranges, by address. */
  readonly #mapped: Map<bigint, number> = new Map();

  constructor() {
    const { os } = host();
    releaseHeldRanges(); // of before
    this.#watch(os as unknown as Mapper, os);
    this.#watch(os.files as unknown as Mapper, os);
  }

  #watch(mapper: Mapper, _os: Os): void {
    const { map, unmap } = mapper;
    Object.assign(mapper, {
      map: (request: { readonly byteLength: bigint }) => {
        const result = map(request);
        if (typeof result === "bigint") {
          this.#mapped.set(result, pagesOf(request.byteLength));
        }
        return result;
      },
      unmap: (address: bigint, byteLength: bigint) => {
        const failure = unmap(address, byteLength);
        if (failure === undefined) this.#forget(address, byteLength);
        return failure;
      },
    });
  }

  #forget(address: bigint, byteLength: bigint): void {
    const end = address + byteLength;
    while (address < end) {
      const pages = this.#mapped.get(address);
      this.#mapped.delete(address);
      // What was mapped before there was a watch is passed page by page.
      address += BigInt(PAGE * (pages ?? 1));
    }
  }

  /** How many bytes are mapped, what is held included until nothing reaches it. */
  byteLength(): number {
    releaseHeldRanges();
    let pages = 0;
    for (const count of this.#mapped.values()) pages += count;
    return pages * PAGE;
  }
}

function pagesOf(byteLength: bigint): number {
  return Math.ceil(Number(byteLength) / PAGE);
}
