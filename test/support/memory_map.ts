/**
 * The operating system's account of this process's memory, for tests that
 * hold the library against it: `/proc` on Linux, `VirtualQuery` and
 * `K32QueryWorkingSetEx` on Windows.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { currentRuntime } from "../../ffi/host.ts";
import { pageSize, regions as mappedRegions } from "../../mod.ts";
import { platform } from "./harness.ts";

/** A stretch of addresses that is mapped. */
export interface Region {
  readonly start: bigint;
  /** One past the last address. */
  readonly end: bigint;
  /** On Windows: whether memory is set aside for it, and not addresses alone. */
  readonly committed?: boolean;
}

interface Memory {
  regions(): Region[];
  residentByteLength(address: bigint, byteLength: number): number;
  residentSetByteLength(): number;
}

/** Lists what is mapped, by address. */
export function regions(): Region[] {
  return memory().regions();
}

/** Counts the bytes that are mapped. */
export function mappedByteLength(): number {
  return regions().reduce((sum, { start, end }) => sum + Number(end - start), 0);
}

/** Counts the bytes of the process that are backed by memory. */
export function residentSetByteLength(): number {
  return memory().residentSetByteLength();
}

/** Tells whether any byte of a range is mapped. */
export function isMapped(address: bigint, byteLength: number = 1): boolean {
  return countMapped([address], byteLength) === 1;
}

/** Counts the addresses from which any byte of so many is mapped. */
export function countMapped(addresses: readonly bigint[], byteLength: number = 1): number {
  const mapped = regions();
  return addresses.filter((address) =>
    mapped.some(({ start, end }) => start < address + BigInt(byteLength) && end > address)
  ).length;
}

/** Counts the bytes of a range that are backed by memory. */
export function residentByteLength(address: bigint, byteLength: number): number {
  return memory().residentByteLength(address, byteLength);
}

/** A reason to skip what needs the calls above; `undefined` where they work. */
export function withoutRegions(): string | undefined {
  return platform in SYSTEMS ? undefined : "this system does not list its mappings";
}

/** A reason to skip what needs {@linkcode smapsEntry}; `undefined` where it works. */
export function withoutSmaps(): string | undefined {
  if (platform !== "linux") return "/proc/self/smaps is Linux's";
  // An emulator of processors fills it with zeros.
  return /^Rss:\s+[1-9]/m.test(readFileSync("/proc/self/smaps", "utf8"))
    ? undefined
    : "the emulator has no numbers for /proc/self/smaps";
}

/** Tells whether the C library is musl. */
export function isMusl(): boolean {
  return mappedRegions().some(({ path }) => /musl/.test(path ?? ""));
}

/** Finds the fields that Linux's `/proc/self/smaps` has of the mapping that an address lies in. */
export function smapsEntry(address: bigint): Record<string, string> | undefined {
  const blocks = readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const block = blocks.find((text) => {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(text);
    return range !== null && BigInt(`0x${range[1]}`) <= address &&
      BigInt(`0x${range[2]}`) > address;
  });
  if (block === undefined) return undefined;
  return Object.fromEntries(
    [...block.matchAll(/^(\w+):\s*(.*?)\s*$/gm)].map(([, name, value]) => [name, value]),
  );
}

const SYSTEMS: Record<string, () => Memory> = { linux, win32: windows };
let opened: Memory | undefined;

function memory(): Memory {
  return opened ??= SYSTEMS[platform]!();
}

function linux(): Memory {
  const { mincore } = currentRuntime().open("libc.so.6", {
    // int mincore(void *addr, size_t length, unsigned char *vec)
    mincore: { parameters: ["usize", "usize", "buffer"], result: "i32" },
  });
  return {
    regions() {
      const lines = readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n");
      return lines.map((line) => {
        const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line)!;
        return { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) };
      });
    },

    residentByteLength(address, byteLength) {
      const pages = new Uint8Array(Math.ceil(byteLength / pageSize()));
      mincore(address, BigInt(byteLength), pages);
      return pages.filter((flags) => (flags & 1) === 1).length * pageSize();
    },

    residentSetByteLength() {
      // An emulator of processors has a 0 where the runtimes look.
      return Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * pageSize();
    },
  };
}

function windows(): Memory {
  const kernel32 = currentRuntime().open("kernel32.dll", {
    // SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength)
    VirtualQuery: { parameters: ["usize", "buffer", "usize"], result: "usize" },
    // HANDLE GetCurrentProcess(void)
    GetCurrentProcess: { parameters: [], result: "usize" },
    // BOOL K32QueryWorkingSetEx(HANDLE hProcess, PVOID pv, DWORD cb)
    K32QueryWorkingSetEx: { parameters: ["usize", "buffer", "u32"], result: "i32" },
  });
  return {
    regions() {
      // MEMORY_BASIC_INFORMATION: BaseAddress at 0, RegionSize at 24, State at 32
      const info = new Uint8Array(48);
      const fields = new DataView(info.buffer);
      const MEM_COMMIT = 0x1000;
      const MEM_FREE = 0x10000;
      const found: Region[] = [];
      let address = 0n;
      while (kernel32.VirtualQuery(address, info, 48n) !== 0n) {
        const start = fields.getBigUint64(0, true);
        const end = start + fields.getBigUint64(24, true);
        const state = fields.getUint32(32, true);
        if (state !== MEM_FREE) found.push({ start, end, committed: state === MEM_COMMIT });
        address = end;
      }
      return found;
    },

    residentByteLength(address, byteLength) {
      // PSAPI_WORKING_SET_EX_INFORMATION: VirtualAddress at 0, flags at 8, of which bit 0 is Valid
      const pages = Math.ceil(byteLength / pageSize());
      const entries = new BigUint64Array(2 * pages);
      for (let page = 0; page < pages; page++) {
        entries[2 * page] = address + BigInt(page * pageSize());
      }
      const bytes = new Uint8Array(entries.buffer);
      kernel32.K32QueryWorkingSetEx(kernel32.GetCurrentProcess(), bytes, bytes.length);
      const resident = entries.filter((flags, index) => index % 2 === 1 && (flags & 1n) === 1n);
      return resident.length * pageSize();
    },

    residentSetByteLength: () => process.memoryUsage().rss,
  };
}

/** The bytes that the process has locked. */
export function lockedByteLength(): number {
  return 1024 * Number(/^VmLck:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
}
