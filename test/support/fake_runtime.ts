/**
 * Simulated operating systems: a runtime that calls no C, but records what an
 * OS module opens and calls, and answers as a test scripts it. So every OS
 * module is tested on every host.
 *
 * @module
 */
import type { MapRequest } from "../../ffi/os/contract/memory.ts";
import type { Pointer, Runtime } from "../../ffi/runtime/runtime.ts";
import type { Functions, SymbolTable } from "../../ffi/symbols.ts";

/** What a C function of the tables is called with. */
export type Argument = number | bigint | Uint8Array;

/** One call: the name of the C function, then its arguments. */
export type Call = readonly [name: string, ...args: Argument[]];

/** The C functions of a library, by their names. */
export type StandIns = Readonly<
  Record<string, (...args: never[]) => number | bigint | void>
>;

/** A runtime whose C functions are stand-ins, and whose foreign memory is JavaScript's own. */
export class FakeRuntime implements Runtime {
  readonly system = { platform: "linux", arch: "x64" };
  readonly maxViewByteLength: number = Number.MAX_SAFE_INTEGER;
  readonly maxSharedByteLength: number = Number.MAX_SAFE_INTEGER;
  readonly longMappings: readonly never[] = [];
  readonly refuseTransfer: undefined;
  /** What was opened, in order. */
  readonly opened: { library: string; table: SymbolTable }[] = [];
  /** What was called, in order. */
  readonly calls: Call[] = [];
  readonly #standIns: StandIns;
  readonly #memory: ReadonlyMap<bigint, ArrayBuffer>;

  constructor(
    standIns: StandIns,
    memory: ReadonlyMap<bigint, ArrayBuffer> = new Map(),
  ) {
    this.#standIns = standIns;
    this.#memory = memory;
  }

  open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
    this.opened.push({ library, table });
    if ("syscall" in table && table["syscall"]!.parameters.length !== 7) {
      throw new Error("syscall() reads seven arguments: koffi 3.0 ends the process for fewer");
    }
    const functions = Object.keys(table).map((name) => {
      const standIn = this.#standIns[name];
      if (standIn === undefined) throw new Error(`${library} has no ${name}`);
      return [name, (...args: Argument[]) => {
        if (!Object.hasOwn(GROWTH, name)) this.calls.push([name, ...args]); // asked before each hint
        return standIn(...args as never[]);
      }];
    });
    return Object.fromEntries(functions) as Functions<T>;
  }

  view(address: bigint, byteLength: number): ArrayBuffer {
    const buffer = this.#memory.get(address);
    if (buffer?.byteLength !== byteLength) {
      throw new Error(`No ${byteLength} bytes of memory stand at ${address}`);
    }
    return buffer;
  }

  threadNative(): string {
    return "";
  }

  nextTurn(): Promise<void> {
    return Promise.resolve();
  }

  pointer(address: bigint): Pointer {
    return address as unknown as Pointer;
  }
}

/** What the calls of a fake system come to. */
export interface Script {
  /** Each call that maps, in order: the address (a bigint), or the error (a number). */
  readonly map?: readonly (bigint | number)[];
  /** Each call that unmaps, in order: 0, or the error. Those past the end: 0. */
  readonly unmap?: readonly number[];
  /** What frees memory and keeps the range comes to: 0, or the error. Default: 0. */
  readonly free?: number;
  /** What a change of access comes to: 0, or the error. Default: 0. */
  readonly protect?: number;
  /** What locking by `mlock2` comes to: 0, or the error. Default: 0. */
  readonly lockOnFault?: number;
  /** Each call that locks, in order: 0, or the error. Those past the end: 0. */
  readonly lock?: readonly number[];
  /** What unlocking comes to: 0, or the error. Default: 0. */
  readonly unlock?: number;
  /** What a question for pages in RAM comes to: 0, or the error. Default: 0. */
  readonly query?: number;
  /** Whether the page at an address is in RAM. Default: none is. */
  readonly isResident?: (address: bigint) => boolean;
  /** On Windows, where memory that is committed ends and such that is not starts. Default: all is committed. */
  readonly committedEnd?: bigint;
  /** On Windows, the error of a change of the working set, or 0. Default: 0. */
  readonly workingSet?: number;
  /** The page size in bytes. */
  readonly pageSize?: number;
  /** The allocation granularity in bytes, where it is not the page size. */
  readonly allocationGranularity?: number;
  /** The last address of a process of Windows. */
  readonly maximumAddress?: bigint;
}

/** A fake system's library. */
export interface FakeSystem {
  /** The runtime to open it with. */
  readonly runtime: FakeRuntime;
  /** What is mapped: lengths in bytes by addresses. */
  readonly mapped: ReadonlyMap<bigint, bigint>;
}

/** The error that a call leaves where it succeeds, as any call may: an error that is read too late is this one. */
export const OVERWRITTEN = 4242;

/** What is mapped, and what the script still says. */
class AddressSpace {
  readonly mapped: Map<bigint, bigint> = new Map();
  readonly #map: (bigint | number)[];
  readonly #unmap: number[];

  constructor({ map = [], unmap = [] }: Script) {
    this.#map = [...map];
    this.#unmap = [...unmap];
  }

  map(byteLength: bigint): bigint | number {
    const outcome = this.#map.shift();
    if (outcome === undefined) throw new Error("One call too many that maps");
    if (typeof outcome === "bigint") {
      if (this.mapped.has(outcome)) throw new Error("Mapped twice");
      this.mapped.set(outcome, byteLength);
    }
    return outcome;
  }

  /** Maps over exactly what is mapped there, as the script says of a call that maps. */
  overwrite(address: bigint, byteLength: bigint): bigint | number {
    if (this.mapped.get(address) !== byteLength) throw new Error("It would overwrite another's");
    return this.#map.shift() ?? address;
  }

  unmap(address: bigint, byteLength?: bigint): number {
    const length = this.mapped.get(address);
    if (length === undefined || length !== (byteLength ?? length)) {
      throw new Error(`No such mapping: ${byteLength} bytes at ${address}`);
    }
    const outcome = this.#unmap.shift() ?? 0;
    if (outcome === 0) this.mapped.delete(address);
    return outcome;
  }
}

const MAP_FAILED = 2n ** 64n - 1n;
/** The pseudo handle of this process, `(HANDLE)-1`. */
export const CURRENT_PROCESS: bigint = 2n ** 64n - 1n;
const ERRNO_ADDRESS = 0x7f12_3456_789cn;

/** Makes a C library with the functions of Linux and of macOS. */
export function fakePosix(script: Script = {}): FakeSystem {
  const space = new AddressSpace(script);
  const errno = new Int32Array([OVERWRITTEN]);
  const locks = [...script.lock ?? []];
  const ended = (outcome: number) => {
    errno[0] = outcome === 0 ? OVERWRITTEN : outcome;
    return outcome === 0 ? 0 : -1;
  };
  const runtime = new FakeRuntime({
    mmap(address: bigint, byteLength: bigint, _protection: number, flags: number) {
      const MAP_FIXED = 0x10;
      const outcome = (flags & MAP_FIXED) === 0
        ? space.map(byteLength)
        : space.overwrite(address, byteLength);
      errno[0] = typeof outcome === "bigint" ? OVERWRITTEN : outcome;
      return typeof outcome === "bigint" ? outcome : MAP_FAILED;
    },
    mprotect() {
      const outcome = script.protect ?? 0;
      errno[0] = outcome === 0 ? OVERWRITTEN : outcome;
      return outcome === 0 ? 0 : -1;
    },
    madvise() {
      const outcome = script.free ?? 0;
      errno[0] = outcome === 0 ? OVERWRITTEN : outcome;
      return outcome === 0 ? 0 : -1;
    },
    munmap(address: bigint, byteLength: bigint) {
      const outcome = space.unmap(address, byteLength);
      errno[0] = outcome === 0 ? OVERWRITTEN : outcome;
      return outcome === 0 ? 0 : -1;
    },
    mlock: () => ended(locks.shift() ?? 0),
    syscall: () => ended(script.lockOnFault ?? 0), // mlock2
    munlock: () => ended(script.unlock ?? 0),
    mincore(address: bigint, byteLength: bigint, vector: Uint8Array) {
      const pageSize = script.pageSize ?? 4096;
      // The other bits of a byte are macOS' to use.
      for (let page = 0; page < Number(byteLength) / pageSize; page++) {
        vector[page] = script.isResident?.(address + BigInt(page * pageSize)) ? 0xff : 0xfe;
      }
      return ended(script.query ?? 0);
    },
    ...GROWTH,
    sysconf: () => BigInt(script.pageSize ?? 4096),
    __errno_location: () => ERRNO_ADDRESS,
    __error: () => ERRNO_ADDRESS,
  }, new Map([[ERRNO_ADDRESS, errno.buffer]]));
  return { runtime, mapped: space.mapped };
}

/** What Linux tells of a process that grows where no test maps anything. */
export const GROWTH: Readonly<
  Record<"getauxval" | "getrlimit" | "sbrk", () => number | bigint>
> = {
  getauxval: () => 0n,
  getrlimit: () => -1,
  sbrk: () => 2n ** 63n,
};

/** Makes kernel32 and ntdll. */
export function fakeWindows(script: Script = {}): FakeSystem {
  const space = new AddressSpace(script);
  let lastError = OVERWRITTEN;
  const locks = [...script.lock ?? []];
  const ended = (outcome: number) => {
    lastError = outcome === 0 ? OVERWRITTEN : outcome;
    return outcome === 0 ? 1 : 0;
  };
  const runtime = new FakeRuntime({
    VirtualAlloc(address: bigint, byteLength: bigint, type: number) {
      const MEM_RESERVE = 0x2000;
      const outcome = (type & MEM_RESERVE) === 0
        ? space.overwrite(address, byteLength)
        : space.map(byteLength);
      lastError = typeof outcome === "bigint" ? OVERWRITTEN : outcome;
      return typeof outcome === "bigint" ? outcome : 0n;
    },
    VirtualFree(address: bigint, _byteLength: bigint, type: number) {
      const MEM_DECOMMIT = 0x4000;
      const outcome = type === MEM_DECOMMIT ? script.free ?? 0 : space.unmap(address);
      lastError = outcome === 0 ? OVERWRITTEN : outcome;
      return outcome === 0 ? 1 : 0;
    },
    VirtualProtect() {
      const outcome = script.protect ?? 0;
      lastError = outcome === 0 ? OVERWRITTEN : outcome;
      return outcome === 0 ? 1 : 0;
    },
    RtlZeroMemory: () => {},
    DiscardVirtualMemory: () => script.free ?? 0,
    PrefetchVirtualMemory: () => ended(script.free ?? 0),
    GetCurrentProcess: () => CURRENT_PROCESS,
    VirtualLock: () => ended(locks.shift() ?? 0),
    VirtualUnlock: () => ended(script.unlock ?? 0),
    GetProcessWorkingSetSize(_process: bigint, minimum: Uint8Array, maximum: Uint8Array) {
      for (const [size, value] of [[minimum, 204_800n], [maximum, 1_413_120n]] as const) {
        new DataView(size.buffer).setBigUint64(0, value, true);
      }
      return 1;
    },
    SetProcessWorkingSetSize: () => ended(script.workingSet ?? 0),
    VirtualQuery(address: bigint, info: Uint8Array) {
      const end = script.committedEnd ?? 2n ** 47n;
      const isCommitted = address < end;
      const [MEM_COMMIT, MEM_RESERVE] = [0x1000, 0x2000];
      const fields = new DataView(info.buffer);
      fields.setBigUint64(0, address, true); // PVOID BaseAddress
      fields.setBigUint64(24, (isCommitted ? end : 2n ** 47n) - address, true); // SIZE_T RegionSize
      fields.setUint32(32, isCommitted ? MEM_COMMIT : MEM_RESERVE, true); // DWORD State
      return 48n;
    },
    K32QueryWorkingSetEx(_process: bigint, entries: Uint8Array, byteLength: number) {
      const fields = new DataView(entries.buffer);
      for (let offset = 0; offset < byteLength; offset += 16) {
        const isResident = script.isResident?.(fields.getBigUint64(offset, true)) ?? false;
        fields.setBigUint64(offset + 8, isResident ? 0x4001n : 0x4000n, true);
      }
      return ended(script.query ?? 0);
    },
    GetLastError: () => lastError,
    GetSystemInfo: (info: Uint8Array) => writeSystemInfo(info, script),
  });
  return { runtime, mapped: space.mapped };
}

/** Writes a `SYSTEM_INFO` of 64-bit Windows: {@link https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-system_info} */
export function writeSystemInfo(
  info: Uint8Array,
  { pageSize = 4096, allocationGranularity = 65_536, maximumAddress = 0x7fff_fffe_ffffn }: Script,
): void {
  const fields: readonly [size: 2 | 4 | 8, value: number | bigint][] = [
    [2, 9], // WORD wProcessorArchitecture
    [2, 0], // WORD wReserved
    [4, pageSize], // DWORD dwPageSize
    [8, 0x1_0000n], // LPVOID lpMinimumApplicationAddress
    [8, maximumAddress], // LPVOID lpMaximumApplicationAddress
    [8, 0xffn], // DWORD_PTR dwActiveProcessorMask
    [4, 8], // DWORD dwNumberOfProcessors
    [4, 8664], // DWORD dwProcessorType
    [4, allocationGranularity], // DWORD dwAllocationGranularity
    [2, 6], // WORD wProcessorLevel
    [2, 0x9e0a], // WORD wProcessorRevision
  ];
  const data = new DataView(info.buffer, info.byteOffset, info.byteLength);
  let offset = 0;
  for (const [size, value] of fields) {
    if (size === 2) data.setUint16(offset, Number(value), true);
    else if (size === 4) data.setUint32(offset, Number(value), true);
    else data.setBigUint64(offset, BigInt(value), true);
    offset += size;
  }
}

/** A request without options, for `change` to differ from. */
export function request(change: Partial<MapRequest> = {}): MapRequest {
  return {
    kind: "memory",
    hint: 0n,
    byteLength: 4096n,
    populate: false,
    noReserve: false,
    strict: false,
    protection: "read-write",
    stack: false,
    ...change,
  };
}
