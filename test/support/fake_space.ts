/**
 * Simulated address spaces, in which a mapping can be cut: what is mapped is known
 * page by page, so that a test sees all that was left behind.
 *
 * @module
 */
import { FakeRuntime, GROWTH, OVERWRITTEN } from "./fake_runtime.ts";

const PAGE = 4096n;
const MAP_FAILED = 2n ** 64n - 1n;
const ERRNO_ADDRESS = 0x7f12_3456_789cn;

/** Which call fails, of those that have its name, and with which error. */
export interface Fault {
  readonly call: string;
  /** 1 for the first one. */
  readonly nth: number;
  readonly error: number;
}

/** A system of which every page is known. */
export interface FakeSpace {
  readonly runtime: FakeRuntime;
  /** What may be done with each page that is mapped, by its number: `PROT_*` or `PAGE_*`; -1 where reserved. */
  readonly pages: Map<bigint, number>;
}

class Space {
  readonly pages: Map<bigint, number> = new Map();
  readonly #counts: Map<string, number> = new Map();
  readonly #faults: readonly Fault[];
  error = OVERWRITTEN;

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  /** Whether this call is to fail. */
  fails(call: string): boolean {
    const nth = (this.#counts.get(call) ?? 0) + 1;
    this.#counts.set(call, nth);
    const fault = this.#faults.find((fault) => fault.call === call && fault.nth === nth);
    this.error = fault?.error ?? OVERWRITTEN;
    return fault !== undefined;
  }

  range(address: bigint, byteLength: bigint): bigint[] {
    if (address % PAGE !== 0n) throw new Error(`Not a page: ${address}`);
    const count = Number((byteLength + PAGE - 1n) / PAGE);
    return Array.from({ length: count }, (_, index) => address / PAGE + BigInt(index));
  }

  isFree(address: bigint, byteLength: bigint): boolean {
    return this.range(address, byteLength).every((page) => !this.pages.has(page));
  }

  set(address: bigint, byteLength: bigint, value: number | undefined, isOwn = false): void {
    for (const page of this.range(address, byteLength)) {
      if (isOwn && !this.pages.has(page)) throw new Error(`Another's page: ${page * PAGE}`);
      if (value === undefined) this.pages.delete(page);
      else this.pages.set(page, value);
    }
  }
}

/** Linux or macOS, which maps at `places`, in this order, where a hint is not free. */
export function fakePosixSpace(
  places: readonly bigint[],
  faults: readonly Fault[] = [],
): FakeSpace {
  const space = new Space(faults);
  const next = [...places];
  const errno = new Int32Array(1);
  const call = (name: string, body: () => bigint | 0): bigint | number => {
    const fails = space.fails(name);
    errno[0] = space.error;
    if (fails) return name === "mmap" || name === "mremap" ? MAP_FAILED : -1;
    return body();
  };
  const runtime = new FakeRuntime({
    mmap: (address: bigint, byteLength: bigint, protection: number, flags: number) =>
      call("mmap", () => {
        const isFixed = (flags & 0x10) !== 0;
        const isHint = isFixed || (address !== 0n && space.isFree(address, byteLength));
        const place = isHint ? address : next.shift()!;
        space.set(place, byteLength, protection, isFixed);
        return place;
      }),
    munmap: (address: bigint, byteLength: bigint) =>
      call("munmap", () => (space.set(address, byteLength, undefined, true), 0)),
    mprotect: (address: bigint, byteLength: bigint, protection: number) =>
      call("mprotect", () => (space.set(address, byteLength, protection, true), 0)),
    madvise: () => call("madvise", () => 0),
    munlock: () => call("munlock", () => 0),
    prctl: () => call("prctl", () => 0),
    mremap: (
      address: bigint,
      byteLength: bigint,
      newByteLength: bigint,
      flags: number,
      target: bigint,
    ) =>
      call("mremap", () => {
        const [MAYMOVE, FIXED, DONTUNMAP, ENOMEM] = [1, 2, 4, 12];
        if ((flags & MAYMOVE) === 0) {
          const behind = address + byteLength;
          if (!space.isFree(behind, newByteLength - byteLength)) {
            errno[0] = ENOMEM;
            return MAP_FAILED;
          }
          const value = space.pages.get(address / PAGE);
          space.set(behind, newByteLength - byteLength, value);
          return address;
        }
        if ((flags & DONTUNMAP) === 0) space.set(address, byteLength, undefined);
        const place = (flags & FIXED) !== 0 ? target : next.shift() ?? address;
        space.set(place, newByteLength, 3);
        return place;
      }),
    open: () => 3,
    close: () => 0,
    lseek: () => 0n,
    fstatfs: () => 0,
    ftruncate: () => call("ftruncate", () => 0),
    msync: () => 0,
    ...GROWTH,
    sysconf: () => PAGE,
    __errno_location: () => ERRNO_ADDRESS,
    __error: () => ERRNO_ADDRESS,
  }, new Map([[ERRNO_ADDRESS, errno.buffer]]));
  return { runtime, pages: space.pages };
}

/** Windows, which maps at `places`, in this order, where no address is asked for. */
export function fakeWindowsSpace(
  places: readonly bigint[],
  faults: readonly Fault[] = [],
): FakeSpace {
  const space = new Space(faults);
  const next = [...places];
  const allocations = new Map<bigint, bigint>();
  const runtime = new FakeRuntime({
    VirtualAlloc(address: bigint, byteLength: bigint, type: number, protection: number) {
      if (space.fails("VirtualAlloc")) return 0n;
      const [commits, reserves] = [(type & 0x1000) !== 0, (type & 0x2000) !== 0];
      if (reserves) {
        if (address !== 0n && !space.isFree(address, byteLength)) {
          space.error = 487;
          return 0n;
        }
        const place = address === 0n ? next.shift()! : address;
        if (place % 65_536n !== 0n) throw new Error(`Not a granule: ${place}`);
        space.set(place, byteLength, commits ? protection : -1);
        allocations.set(place, byteLength);
        return place;
      }
      space.set(address, byteLength, protection, true);
      return address;
    },
    VirtualFree(address: bigint, freed: bigint, type: number) {
      if (space.fails("VirtualFree")) return 0;
      if (type === 0x4000) {
        space.set(address, freed, -1, true);
        return 1;
      }
      const byteLength = allocations.get(address);
      if (byteLength === undefined) throw new Error(`No allocation starts at ${address}`);
      allocations.delete(address);
      space.set(address, byteLength, undefined, true);
      return 1;
    },
    VirtualProtect(address: bigint, byteLength: bigint, protection: number) {
      if (space.fails("VirtualProtect")) return 0;
      space.set(address, byteLength, protection, true);
      return 1;
    },
    RtlZeroMemory: () => {},
    DiscardVirtualMemory: () => 0,
    GetLastError: () => space.error,
    GetLargePageMinimum: () => 2n ** 21n,
    GetCurrentProcess: () => 2n ** 64n - 1n,
    OpenProcessToken: () => 1,
    LookupPrivilegeValueW: () => 1,
    AdjustTokenPrivileges: () => 1,
    CloseHandle: () => 1,
    GetSystemInfo(info: Uint8Array) {
      const fields = new DataView(info.buffer);
      fields.setUint32(4, 4096, true);
      fields.setUint32(40, 65_536, true);
    },
  });
  return { runtime, pages: space.pages };
}
