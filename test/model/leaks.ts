/**
 * Memory that the library maps and does not unmap, by its own calls of the system.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { PAGE } from "./world.ts";

interface Mapper {
  map(request: { readonly byteLength: bigint }): bigint | Failure;
  unmap(address: bigint, byteLength: bigint): Failure | undefined;
}

/** Watches from now on. */
export class Leaks {
  /** The addresses of the pages that are mapped. */
  readonly #pages: Set<bigint> = new Set();

  constructor() {
    const { os } = host();
    releaseHeldRanges(); // of before
    this.#watch(os as unknown as Mapper);
    this.#watch(os.files as unknown as Mapper);
    this.#watch(os.mirrors as unknown as Mapper);
    const { remap } = os;
    if (remap === undefined) return;
    const { grow, leave, moveOver } = remap;
    Object.assign(remap, {
      grow: (address: bigint, from: bigint, to: bigint) => {
        const result = grow(address, from, to);
        if (typeof result !== "bigint") return result;
        this.#remove(address, from);
        this.#add(result, to);
        return result;
      },
      leave: (address: bigint, byteLength: bigint) => {
        const result = leave(address, byteLength);
        if (typeof result === "bigint") this.#add(result, byteLength);
        return result;
      },
      moveOver: (address: bigint, byteLength: bigint, target: bigint) => {
        const failure = moveOver(address, byteLength, target);
        if (failure === undefined) this.#remove(address, byteLength);
        return failure;
      },
    });
  }

  #watch(mapper: Mapper): void {
    const { map, unmap } = mapper;
    Object.assign(mapper, {
      map: (request: { readonly byteLength: bigint }) => {
        const result = map(request);
        if (typeof result === "bigint") this.#add(result, request.byteLength);
        return result;
      },
      unmap: (address: bigint, byteLength: bigint) => {
        const failure = unmap(address, byteLength);
        if (failure === undefined) this.#remove(address, byteLength);
        return failure;
      },
    });
  }

  #add(address: bigint, byteLength: bigint): void {
    for (let at = 0n; at < byteLength; at += BigInt(PAGE)) this.#pages.add(address + at);
  }

  #remove(address: bigint, byteLength: bigint): void {
    for (let at = 0n; at < byteLength; at += BigInt(PAGE)) this.#pages.delete(address + at);
  }

  /** The number of mapped bytes, without held ranges. */
  byteLength(): number {
    releaseHeldRanges();
    return this.#pages.size * PAGE;
  }
}
