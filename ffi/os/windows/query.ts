/**
 * Queries about memory on Windows: `VirtualQuery` and `QueryWorkingSetEx`.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import { type Failure, isFailure } from "../contract/memory.ts";
import { KERNEL32 } from "./calls.ts";
import { CURRENT_PROCESS } from "./constants.ts";
import type { WindowsLibrary } from "./library.ts";

/**
 * A `MEMORY_BASIC_INFORMATION`, about a run of pages that are alike:
 * {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information}
 */
export class MemoryInformation {
  /** The bytes that the call fills. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(48);
  readonly byteLength = 48n;
  readonly #fields: DataView = new DataView(this.bytes.buffer);

  /** `AllocationBase`: undefined if the state is `MEM_FREE`. */
  get allocationBase(): bigint {
    return this.#fields.getBigUint64(8, true);
  }

  /** `AllocationProtect` */
  get allocationProtect(): number {
    return this.#fields.getUint32(16, true);
  }

  /** The end of the pages: `BaseAddress + RegionSize`. */
  get end(): bigint {
    return this.#fields.getBigUint64(0, true) + this.#fields.getBigUint64(24, true);
  }

  /** `State` */
  get state(): number {
    return this.#fields.getUint32(32, true);
  }

  /** `Protect` */
  get protect(): number {
    return this.#fields.getUint32(36, true);
  }

  /** `Type` */
  get type(): number {
    return this.#fields.getUint32(40, true);
  }
}

/** The address and the length of a range. */
export type Range = readonly [address: bigint, byteLength: bigint];

/** Calls for ranges of several views. */
export interface Runs {
  /** Lists the runs of pages that are alike. */
  list(address: bigint, byteLength: bigint): readonly Range[] | Failure;

  /**
   * Makes a call for a range. Most calls refuse a range of several views: then it makes them for
   * each run of pages that are alike.
   */
  forEach(
    address: bigint,
    byteLength: bigint,
    call: (address: bigint, byteLength: bigint) => Failure | undefined,
  ): Failure | undefined;
}

/** Opens the calls for ranges of several views. */
export function windowsRuns({ open, failed }: WindowsLibrary): Runs {
  const opened = lazily(() => open(KERNEL32, "VirtualQuery"));
  const list: Runs["list"] = (address, byteLength) => {
    const { VirtualQuery } = opened();
    const info = new MemoryInformation();
    const end = address + byteLength;
    const runs = new Set<Range>();
    for (let start = address; start < end;) {
      if (VirtualQuery(start, info.bytes, info.byteLength) === 0n) return failed("VirtualQuery");
      const stop = info.end < end ? info.end : end;
      runs.add([start, stop - start]);
      start = stop;
    }
    return [...runs];
  };
  return {
    list,
    forEach(address, byteLength, call) {
      let failure = call(address, byteLength);
      if (failure === undefined) return undefined;
      const runs = list(address, byteLength);
      if (isFailure(runs)) return runs;
      if (runs.length === 1) return failure;
      failure = undefined;
      for (const { 0: start, 1: length } of runs) failure ??= call(start, length);
      return failure;
    },
  };
}

/**
 * The most pages for one call, which takes a `PSAPI_WORKING_SET_EX_INFORMATION` of 16 bytes for
 * each.
 */
const STRETCH_PAGES = 4096;

/**
 * Opens the function that counts the pages of committed memory in the working set:
 * {@link https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex}
 */
export function windowsWorkingSet(
  { open, pageSize, failed }: WindowsLibrary,
): (start: bigint, end: bigint) => number | Failure {
  const { K32QueryWorkingSetEx } = open(KERNEL32, "K32QueryWorkingSetEx");
  const step = BigInt(pageSize);
  return (start, end) => {
    const most = Math.min(STRETCH_PAGES, Number((end - start) / step));
    const entries = new BigUint64Array(2 * most);
    const bytes = new Uint8Array(entries.buffer);
    let count = 0;
    for (let address = start; address < end;) {
      let pages = 0;
      for (; pages < most && address < end; pages++, address += step) {
        entries[2 * pages] = address; // VirtualAddress
      }
      if (K32QueryWorkingSetEx(CURRENT_PROCESS, bytes, 16 * pages) === 0) {
        return failed("K32QueryWorkingSetEx");
      }
      for (let page = 0; page < pages; page++) {
        if ((entries[2 * page + 1]! & 1n) !== 0n) count++; // VirtualAttributes.Valid
      }
    }
    return count;
  };
}
