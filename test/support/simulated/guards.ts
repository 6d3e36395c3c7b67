/**
 * Account of what is guarded from truncation.
 *
 * @module
 */
import type { GuardEntry, TruncationGuard } from "../../../ffi/os/contract/truncation_guard.ts";
import { type AddressSpace, pagesUp } from "./address_space.ts";

/** Watches a system's guard: each guarded range must be mapped as long as it is guarded. */
export class Guards {
  /** The guarded ranges, by the addresses of their entries. */
  readonly #guarded: Map<bigint, { readonly start: bigint; readonly end: bigint }> = new Map();
  readonly #space: AddressSpace;

  constructor(space: AddressSpace) {
    this.#space = space;
  }

  /** The number of ranges that are guarded. */
  get size(): number {
    return this.#guarded.size;
  }

  /** Throws where a guard would take what is mapped in a range next for ours. */
  checkUnmapping(address: bigint, byteLength: bigint): void {
    for (const { start, end } of this.#guarded.values()) {
      if (start >= address + byteLength || end <= address) continue;
      throw new Error(`0x${start.toString(16)} is unmapped and still guarded`);
    }
  }

  watch(guard: TruncationGuard): TruncationGuard {
    return {
      get isInPlace() {
        return guard.isInPlace;
      },
      lossesIn: (address, byteLength) => guard.lossesIn(address, byteLength),
      endRanges: (address, byteLength) => guard.endRanges(address, byteLength),
      add: (address, byteLength) => {
        const entry = guard.add(address, byteLength);
        if (entry === undefined) return undefined;
        this.#guarded.set(entry.address, { start: address, end: pagesUp(address + byteLength) });
        return this.watchEntry(entry);
      },
    };
  }

  /** Watches one guarded mapping, in whichever thread's hands. */
  watchEntry(entry: GuardEntry): GuardEntry {
    let range = this.#guarded.get(entry.address)!;
    return {
      address: entry.address,
      get faults() {
        return entry.faults;
      },
      get settledFaults() {
        return entry.settledFaults;
      },
      get isEnded() {
        return entry.isEnded;
      },
      endAt: (address) => {
        range = { ...range, end: address };
        this.#guarded.set(entry.address, range);
        entry.endAt(address);
      },
      growTo: (address) => {
        if (address > range.end) range = { ...range, end: address };
        this.#guarded.set(entry.address, range);
        entry.growTo(address);
      },
      vacate: () => entry.vacate(),
      suspend: () => {
        this.#guarded.delete(entry.address);
        entry.suspend();
      },
      resume: () => {
        this.#guarded.set(entry.address, range);
        entry.resume();
      },
      release: () => {
        this.#guarded.delete(entry.address);
        const { start, end } = range;
        if (!this.#space.isFree(start, end - start) && !this.#space.isEngines(start, end)) {
          throw new Error(`A fault at 0x${range.start.toString(16)} would find no guard`);
        }
        entry.release();
      },
    };
  }

  /** The guarded ranges, as text. */
  toString(): string {
    return [...this.#guarded.values()].map(({ start, end }) =>
      `${end - start} bytes are guarded at ${start.toString(16)}`
    ).sort().join("\n");
  }
}
