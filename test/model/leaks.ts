/**
 * Memory that the library maps and does not unmap, by its own calls of the system.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Failure } from "../../ffi/os/contract/memory.ts";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { RangeMap } from "../../core/pages/range_map.ts";
import { PAGE } from "./world.ts";

interface Mapper {
  map(request: { readonly byteLength: bigint }): bigint | Failure;
  unmap(address: bigint, byteLength: bigint): Failure | undefined;
}

/** Above the addresses of every system. */
const END = 2 ** 52;

/** Watches from now on. */
export class Leaks {
  /** Whether an address is mapped. */
  readonly #isMapped: RangeMap<boolean> = new RangeMap(END, false);

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
    this.#set(address, byteLength, true);
  }

  #remove(address: bigint, byteLength: bigint): void {
    this.#set(address, byteLength, false);
  }

  #set(address: bigint, byteLength: bigint, isMapped: boolean): void {
    const start = Number(address);
    const end = start + Math.ceil(Number(byteLength) / PAGE) * PAGE;
    if (start < end) this.#isMapped.set(start, end, isMapped);
  }

  /** The number of mapped bytes, without held ranges. */
  byteLength(): number {
    releaseHeldRanges();
    return this.#isMapped.runsIn(0, END)
      .reduce((sum, { start, end, value }) => value ? sum + end - start : sum, 0);
  }
}
