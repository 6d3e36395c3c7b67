/**
 * Operating systems of paper that keep account: of every page what it is and
 * what may be done with it, of every file and handle that is open. Any one
 * native call can be made to fail.
 *
 * Their addresses are none that a processor knows: a mapping that slips out
 * of a test cannot hit memory of the process.
 *
 * @module
 */
import { darwin } from "../ffi/os/darwin.ts";
import { linux } from "../ffi/os/linux.ts";
import type { Os } from "../ffi/os/os.ts";
import { windows } from "../ffi/os/windows.ts";
import { FakeRuntime, OVERWRITTEN, type StandIns, writeSystemInfo } from "./fake_runtime.ts";

/** A system of paper, opened. */
export interface PaperSystem {
  readonly os: Os;
  readonly runtime: FakeRuntime;
  readonly account: Account;
}

const PAGE = 4096n;
const GRANULE = 65_536n;
/** How long the file is that every path and descriptor leads to, in bytes. */
export const FILE_BYTE_LENGTH: number = 5 * 65_536 + 123;

/** What a page is of, and what may be done with it. */
interface Page {
  /** Which mapping it is of, by its address. */
  readonly base: bigint;
  readonly state: string;
}

/** Keeps account. */
export class Account {
  readonly pages: Map<bigint, Page> = new Map();
  /** What is open, by descriptor or handle. */
  readonly open: Map<number, string> = new Map();
  /** The names of the calls that can fail, in order. */
  readonly calls: string[] = [];
  /** What the next calls say that they have copied, in bytes; without: 1. */
  readonly copies: bigint[] = [];
  /** Which call is to fail, counted from 0, and its error. */
  fault: { readonly index: number; readonly error: number } | undefined;
  #next = 2n ** 60n;
  #nextFile = 100;

  /** Counts a call; returns the error if it is to fail. */
  called(name: string): number | undefined {
    const index = this.calls.push(name) - 1;
    return this.fault?.index === index ? this.fault.error : undefined;
  }

  /** All that is mapped and open, as text. */
  toString(): string {
    const pages = [...this.pages].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([address, { state }]) => `${address.toString(16)} ${state}`);
    return [...pages, ...this.open.values()].join("\n");
  }

  opened(what: string): number {
    this.open.set(++this.#nextFile, what);
    return this.#nextFile;
  }

  closed(file: number): void {
    if (!this.open.delete(file)) throw new Error(`${file} is not open`);
  }

  /** Maps where nothing is; elsewhere where the address is taken or none. */
  map(address: bigint, byteLength: bigint, state: string, isFixed = false): bigint {
    let base = address;
    if (address === 0n || (!isFixed && this.#isTaken(address, byteLength))) {
      base = this.#next;
      this.#next += (byteLength / GRANULE + 2n) * GRANULE; // with space between
    }
    for (const page of pagesOf(base, byteLength)) this.pages.set(page, { base, state });
    return base;
  }

  #isTaken(address: bigint, byteLength: bigint): boolean {
    return pagesOf(address, byteLength).some((page) => this.pages.has(page));
  }

  /** Sees to it that a range is the library's own. */
  own(address: bigint, byteLength: bigint): void {
    if (pagesOf(address, byteLength).every((page) => this.pages.has(page))) return;
    throw new Error(`${byteLength} bytes at 0x${address.toString(16)} are not the library's own`);
  }

  unmap(address: bigint, byteLength: bigint): void {
    this.own(address, byteLength);
    for (const page of pagesOf(address, byteLength)) this.pages.delete(page);
  }

  /** Unmaps what was mapped by one call, as Windows does. */
  unmapWhole(address: bigint): void {
    if (this.pages.get(address)?.base !== address) throw new Error("No mapping starts there");
    for (const [page, { base }] of this.pages) if (base === address) this.pages.delete(page);
  }

  /** Changes what pages are. */
  change(address: bigint, byteLength: bigint, change: (state: string) => string): void {
    this.own(address, byteLength);
    for (const page of pagesOf(address, byteLength)) {
      const { base, state } = this.pages.get(page)!;
      this.pages.set(page, { base, state: change(state) });
    }
  }
}

function pagesOf(address: bigint, byteLength: bigint): bigint[] {
  if (address % PAGE !== 0n) throw new Error("The address is not that of a page");
  const pages: bigint[] = [];
  for (let page = address; page < address + byteLength; page += PAGE) pages.push(page);
  return pages;
}

/** A runtime whose foreign memory is always there, and empty. */
class PaperRuntime extends FakeRuntime {
  override view(address: bigint, byteLength: number): ArrayBuffer {
    return address === ERRNO_ADDRESS
      ? super.view(address, byteLength)
      : new ArrayBuffer(byteLength);
  }
}

const MAP_FAILED = 2n ** 64n - 1n;
const ERRNO_ADDRESS = 0x7f12_3456_789cn;

function paperPosix(account: Account, open: (runtime: FakeRuntime) => Os): PaperSystem {
  const errno = new Int32Array([OVERWRITTEN]);
  /** A call that can fail: what it returns then, and what it does otherwise. */
  const failable = <R extends number | bigint>(
    name: string,
    failed: R,
    call: (...args: never[]) => R,
  ) =>
  (...args: never[]): R => {
    const error = account.called(name);
    errno[0] = error ?? OVERWRITTEN;
    return error === undefined ? call(...args) : failed;
  };
  const functions: Record<
    string,
    [failed: number | bigint, call: (...args: never[]) => number | bigint]
  > = {
    mmap: [
      MAP_FAILED,
      (
        address: bigint,
        byteLength: bigint,
        protection: number,
        flags: number,
        file: number,
        offset: bigint,
      ) => {
        const MAP_FIXED = 0x10;
        const isFixed = (flags & MAP_FIXED) !== 0;
        if (isFixed) account.own(address, byteLength);
        const what = file === -1 ? "anonymous" : `file at ${offset}`;
        return account.map(address, byteLength, `${what} ${protection}`, isFixed);
      },
    ],
    munmap: [-1, (address: bigint, byteLength: bigint) => (account.unmap(address, byteLength), 0)],
    mprotect: [-1, (address: bigint, byteLength: bigint, protection: number) => {
      account.change(address, byteLength, (state) => state.replace(/\d+$/, String(protection)));
      return 0;
    }],
    madvise: [-1, (address: bigint, byteLength: bigint) => (account.own(address, byteLength), 0)],
    munlock: [-1, (address: bigint, byteLength: bigint) => (account.own(address, byteLength), 0)],
    msync: [-1, (address: bigint, byteLength: bigint) => (account.own(address, byteLength), 0)],
    open: [-1, () => account.opened("file")],
    lseek: [
      -1n,
      (_file: number, _offset: bigint, whence: number) =>
        whence === 2 ? BigInt(FILE_BYTE_LENGTH) : 0n,
    ],
    ftruncate: [-1, () => 0],
    process_vm_readv: [-1n, () => account.copies.shift() ?? 1n],
    process_vm_writev: [-1n, () => account.copies.shift() ?? 1n],
  };
  const standIns: StandIns = {
    ...Object.fromEntries(
      Object.entries(functions).map((
        [name, [failed, call]],
      ) => [name, failable(name, failed, call)]),
    ),
    // A descriptor is closed even where that fails.
    close(file: number) {
      errno[0] = account.called("close") ?? OVERWRITTEN;
      account.closed(file);
      return errno[0] === OVERWRITTEN ? 0 : -1;
    },
    mach_vm_read_overwrite: () => account.called("mach_vm_read_overwrite") ?? 0,
    mach_vm_write: () => account.called("mach_vm_write") ?? 0,
    task_self_trap: () => 259,
    getpid: () => 1234,
    memmove: () => 0n,
    bcopy: () => {},
    sysconf: () => PAGE,
    __errno_location: () => ERRNO_ADDRESS,
    __error: () => ERRNO_ADDRESS,
  };
  const runtime = new PaperRuntime(standIns, new Map([[ERRNO_ADDRESS, errno.buffer]]));
  return { os: open(runtime), runtime, account };
}

function paperWindows(account: Account): PaperSystem {
  let lastError = OVERWRITTEN;
  const failable = <R extends number | bigint>(
    name: string,
    failed: R,
    call: (...args: never[]) => R,
  ) =>
  (...args: never[]): R => {
    const error = account.called(name);
    lastError = error ?? OVERWRITTEN;
    return error === undefined ? call(...args) : failed;
  };
  const functions: Record<
    string,
    [failed: number | bigint, call: (...args: never[]) => number | bigint]
  > = {
    VirtualAlloc: [0n, (address: bigint, byteLength: bigint, type: number, protection: number) => {
      const MEM_RESERVE = 0x2000;
      if ((type & MEM_RESERVE) !== 0) {
        return account.map(address, byteLength, `memory ${protection}`);
      }
      account.change(address, byteLength, (state) => state);
      return address;
    }],
    VirtualFree: [0, (address: bigint, byteLength: bigint, type: number) => {
      const MEM_DECOMMIT = 0x4000;
      if (type === MEM_DECOMMIT) account.change(address, byteLength, () => "memory 1");
      else account.unmapWhole(address);
      return 1;
    }],
    VirtualProtect: [0, (address: bigint, byteLength: bigint, protection: number) => {
      account.change(address, byteLength, (state) => state.replace(/\d+$/, String(protection)));
      return 1;
    }],
    CreateFileW: [MAP_FAILED, () => BigInt(account.opened("file"))],
    GetFileSizeEx: [0, (_file: bigint, size: Uint8Array) => {
      new DataView(size.buffer).setBigInt64(0, BigInt(FILE_BYTE_LENGTH), true);
      return 1;
    }],
    SetFilePointerEx: [0, () => 1],
    SetEndOfFile: [0, () => 1],
    CreateFileMappingW: [0n, () => BigInt(account.opened("section"))],
    MapViewOfFileEx: [
      0n,
      (
        section: bigint,
        access: number,
        high: number,
        low: number,
        byteLength: bigint,
        address: bigint,
      ) => {
        if (account.open.get(Number(section)) !== "section") throw new Error("No section");
        const FILE_MAP: Record<number, number> = { 1: 8, 2: 4, 0x24: 0x20 };
        return account.map(address, byteLength, `file at ${high} ${low} ${FILE_MAP[access]}`);
      },
    ],
    UnmapViewOfFile: [0, (address: bigint) => (account.unmapWhole(address), 1)],
    FlushViewOfFile: [
      0,
      (address: bigint, byteLength: bigint) => (account.own(address, byteLength), 1),
    ],
    FlushFileBuffers: [0, (file: bigint) => Number(account.open.has(Number(file)))],
    ReadProcessMemory: [0, () => 1],
    WriteProcessMemory: [0, () => 1],
  };
  const standIns: StandIns = {
    ...Object.fromEntries(
      Object.entries(functions).map((
        [name, [failed, call]],
      ) => [name, failable(name, failed, call)]),
    ),
    CloseHandle(handle: bigint) {
      lastError = account.called("CloseHandle") ?? OVERWRITTEN;
      account.closed(Number(handle));
      return 1;
    },
    DiscardVirtualMemory: () => account.called("DiscardVirtualMemory") ?? 0,
    RtlZeroMemory: () => {},
    GetLastError: () => lastError,
    GetSystemInfo: (info: Uint8Array) => writeSystemInfo(info, {}),
  };
  const runtime = new PaperRuntime(standIns);
  return { os: windows(runtime), runtime, account };
}

/** The systems of paper, and what is not found or not permitted on each. */
export const PAPER_SYSTEMS: Readonly<
  Record<string, { readonly open: () => PaperSystem; readonly errors: readonly number[] }>
> = {
  linux: {
    open: () => paperPosix(new Account(), (runtime) => linux(runtime, "paper")),
    errors: [13, 12],
  },
  darwin: { open: () => paperPosix(new Account(), darwin), errors: [13, 12] },
  windows: { open: () => paperWindows(new Account()), errors: [5, 8] },
};
