/**
 * What Windows tells of memory: `VirtualQuery` and `QueryWorkingSetEx`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Failure } from "../contract/memory.ts";

/**
 * A `MEMORY_BASIC_INFORMATION`, of pages that are alike:
 * {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information}
 */
export class MemoryInformation {
  /** What the call fills. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(48);
  readonly byteLength = 48n;
  readonly #fields: DataView = new DataView(this.bytes.buffer);

  /** `AllocationBase`: not defined where the state is `MEM_FREE`. */
  get allocationBase(): bigint {
    return this.#fields.getBigUint64(8, true);
  }

  /** `AllocationProtect` */
  get allocationProtect(): number {
    return this.#fields.getUint32(16, true);
  }

  /** Where the pages end: `BaseAddress + RegionSize`. */
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

const WORKING_SET_FUNCTIONS = {
  // HANDLE GetCurrentProcess(void)
  GetCurrentProcess: { parameters: [], result: "usize" },
  // BOOL K32QueryWorkingSetEx(HANDLE hProcess, PVOID pv, DWORD cb)
  K32QueryWorkingSetEx: { parameters: ["usize", "buffer", "u32"], result: "i32" },
} as const satisfies SymbolTable;

/** How many pages one call tells of, in a `PSAPI_WORKING_SET_EX_INFORMATION` of 16 bytes each. */
const STRETCH_PAGES = 4096;

/**
 * Opens what counts the pages of committed memory that are in the working set:
 * {@link https://learn.microsoft.com/windows/win32/api/psapi/nf-psapi-queryworkingsetex}
 */
export function windowsWorkingSet(
  native: Native,
  pageSize: number,
  failed: (syscall: string) => Failure,
): (start: bigint, end: bigint) => number | Failure {
  const c = native.open("kernel32.dll", WORKING_SET_FUNCTIONS);
  const thisProcess = c.GetCurrentProcess();
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
      if (c.K32QueryWorkingSetEx(thisProcess, bytes, 16 * pages) === 0) {
        return failed("K32QueryWorkingSetEx");
      }
      for (let page = 0; page < pages; page++) {
        if ((entries[2 * page + 1]! & 1n) !== 0n) count++; // VirtualAttributes.Valid
      }
    }
    return count;
  };
}
