import { assertEquals, assertStrictEquals } from "@std/assert";
import { openLibrary } from "../../ffi/library.ts";
import { failure } from "../../ffi/os/contract/memory.ts";
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";
import type { WindowsLibrary } from "../../ffi/os/windows/library.ts";
import { windowsRegions } from "../../ffi/os/windows/regions.ts";
import { test } from "../support/harness.ts";
import { OWN, PAGE, rows } from "../support/region_rows.ts";
import { CURRENT_PROCESS, SimulatedRuntime, writeWide } from "../support/simulated/mod.ts";

interface WindowsEntry {
  readonly start: bigint;
  readonly pages: number;
  readonly base?: bigint;
  readonly state?: "commit" | "reserve" | "free";
  readonly type?: "private" | "mapped" | "image";
  readonly protect?: number;
  readonly allocated?: number;
  readonly path?: string;
}

const STATES = { commit: 0x1000, reserve: 0x2000, free: 0x10000 };
const TYPES = { private: 0x20000, mapped: 0x40000, image: 0x1000000 };
const END = 0x7fff_ffff_0000n;

interface WindowsScript {
  /** The error of a `VirtualQuery` where no entry is. */
  readonly error?: number;
  readonly isResident?: (address: bigint) => boolean;
}

function kernel32(native: SimulatedRuntime, failed: WindowsLibrary["failed"]): WindowsLibrary {
  const open = openLibrary(native, "kernel32.dll");
  return { native, open, pageSize: PAGE, granularity: PAGE, addressesEnd: END, failed };
}

function windows(entries: readonly WindowsEntry[], { error = 87, isResident }: WindowsScript = {}) {
  const find = (address: bigint) =>
    entries.find(({ start, pages }) => address >= start && address < start + BigInt(pages * PAGE));
  const runtime = new SimulatedRuntime({
    GetLogicalDrives: () => 0b1100,
    QueryDosDeviceW(name: Uint8Array, target: Uint8Array) {
      const drive = String.fromCharCode(name[0]!);
      assertEquals([...name.subarray(1)], [0, 58, 0, 0, 0]);
      return writeWide(
        target,
        drive === "C" ? "\\Device\\Disk1\0\\Device\\Old\0\0" : "\\Device\\Disk11\0\0",
      );
    },
    VirtualQuery(address: bigint, info: Uint8Array, byteLength: bigint) {
      assertStrictEquals(byteLength, 48n);
      const next = entries.find(({ start }) => start > address);
      const free: WindowsEntry | undefined = next && {
        start: address,
        pages: Number(next.start - address) / PAGE,
        state: "free",
      };
      const entry = find(address) ?? free;
      if (entry === undefined) return 0n;
      const { start, pages, state = "commit", type = "private", protect = 4 } = entry;
      const fields = new DataView(info.buffer);
      fields.setBigUint64(0, start, true);
      fields.setBigUint64(8, entry.base ?? start, true);
      fields.setUint32(16, entry.allocated ?? protect, true);
      fields.setBigUint64(24, BigInt(pages * PAGE), true);
      fields.setUint32(32, STATES[state], true);
      fields.setUint32(36, protect, true);
      fields.setUint32(40, TYPES[type], true);
      return 48n;
    },
    K32GetMappedFileNameW(process: bigint, address: bigint, target: Uint8Array) {
      assertStrictEquals(process, CURRENT_PROCESS);
      return writeWide(target, find(address)?.path ?? "");
    },
    K32QueryWorkingSetEx(_process: bigint, entries: Uint8Array, byteLength: number) {
      const fields = new DataView(entries.buffer);
      for (let offset = 0; offset < byteLength; offset += 16) {
        const isIn = isResident?.(fields.getBigUint64(offset, true)) ?? false;
        fields.setBigUint64(offset + 8, isIn ? 0x4001n : 0x4000n, true);
      }
      return 1;
    },
  });
  const failed = (syscall: string) => failure(syscall, error, { 5: "EACCES" });
  return { runtime, regions: windowsRegions(kernel32(runtime, failed)) };
}

test("windowsRegions() names every protection, and takes modifiers off", () => {
  const access = (protect: number, allocated = protect, type: "private" | "mapped" = "private") => {
    const entry: WindowsEntry = { start: 0x10000n, pages: 1, protect, allocated, type };
    return (windows([entry]).regions.list(OWN) as RegionFacts[])[0]!.access;
  };
  assertEquals<unknown>(
    [0x01, 0x02, 0x04, 0x10, 0x20, 0x40, 0x204, 0x402].map((protect) => access(protect)),
    [
      "none",
      "read",
      "read-write",
      "execute",
      "read-execute",
      "read-write-execute",
      "read-write",
      "read",
    ],
  );
  assertEquals(access(0x08, 0x08, "mapped"), "copy-on-write");
  assertEquals(access(0x80, 0x80, "mapped"), "copy-on-write-execute");
  assertEquals(access(0x104), "none"); // PAGE_GUARD
  // Once it was stored to.
  assertEquals(access(0x04, 0x08, "mapped"), "copy-on-write");
  assertEquals(access(0x02, 0x08, "mapped"), "read");
});

test("windowsRegions() tells what is reserved, shared and of files, and leaves out what is free", () => {
  const path = "\\Device\\Disk1\\folder\\a file.bin";
  const { regions } = windows([
    { start: 0x10000n, pages: 4, state: "reserve", protect: 0 },
    { start: 0x20000n, pages: 1, type: "mapped", protect: 4, path },
    { start: 0x30000n, pages: 1, type: "mapped", protect: 8, path: "\\Device\\Disk11\\x" },
    { start: 0x40000n, pages: 1, type: "mapped", protect: 4 },
    { start: 0x50000n, pages: 1, type: "image", protect: 0x20, allocated: 0x80, path },
    {
      start: 0x60000n,
      pages: 1,
      type: "image",
      protect: 4,
      allocated: 0x80,
      path: "\\Device\\Mup\\y",
    },
    { start: 0x70000n, pages: 1, type: "mapped", protect: 2, path: "\\??\\Z:\\tmp\\f" },
  ]);
  assertEquals(rows(regions.list(OWN)), [
    ["0x10000", 4 * PAGE, "none", false, undefined, undefined],
    ["0x20000", PAGE, "read-write", true, "C:\\folder\\a file.bin", undefined],
    ["0x30000", PAGE, "copy-on-write", false, "D:\\x", undefined],
    ["0x40000", PAGE, "read-write", true, undefined, undefined],
    ["0x50000", PAGE, "read-execute", false, "C:\\folder\\a file.bin", undefined],
    ["0x60000", PAGE, "copy-on-write", false, "\\Device\\Mup\\y", undefined],
    ["0x70000", PAGE, "read", true, "Z:\\tmp\\f", undefined],
  ]);
});

test("windowsRegions() makes one region of what differs in nothing, within one allocation", () => {
  const mapped = {
    type: "mapped",
    base: 0x10000n,
    allocated: 8,
    path: "\\Device\\Disk1\\f",
  } as const;
  const { regions, runtime } = windows([
    { ...mapped, start: 0x10000n, pages: 1, protect: 8 },
    { ...mapped, start: 0x11000n, pages: 1, protect: 4 }, // was stored to
    { ...mapped, start: 0x12000n, pages: 2, protect: 8 },
    { ...mapped, start: 0x14000n, pages: 1, protect: 2 },
    { start: 0x20000n, pages: 1 },
    { start: 0x21000n, pages: 1 }, // another allocation
  ], { isResident: (address) => address === 0x11000n || address >= 0x20000n });
  assertEquals(rows(regions.list({ ...OWN, resident: true })), [
    ["0x10000", 4 * PAGE, "copy-on-write", false, "C:\\f", PAGE],
    ["0x14000", PAGE, "read", false, "C:\\f", 0],
    ["0x20000", PAGE, "read-write", false, undefined, PAGE],
    ["0x21000", PAGE, "read-write", false, undefined, PAGE],
  ]);
  const names = runtime.calls.filter(([name]) => name === "K32GetMappedFileNameW");
  assertEquals(names.map(([, , address]) => address), [0x10000n]); // once for each allocation
});

test("windowsRegions() counts long regions in stretches, and nothing of what is reserved", () => {
  const { regions, runtime } = windows([
    { start: 0x10000n, pages: 10_000 },
    { start: 0x400_0000n, pages: 100_000, state: "reserve", protect: 0 },
  ], { isResident: (address) => address % 0x2000n === 0n });
  assertEquals(rows(regions.list({ ...OWN, resident: true })), [
    ["0x10000", 10_000 * PAGE, "read-write", false, undefined, 5_000 * PAGE],
    ["0x4000000", 100_000 * PAGE, "none", false, undefined, 0],
  ]);
  const lengths = runtime.calls.filter(([name]) => name === "K32QueryWorkingSetEx");
  assertEquals(lengths.map(([, , , length]) => length), [65_536, 65_536, 16 * (10_000 - 8192)]);
});

test("windowsRegions() ends where the system's part of the addresses starts, and returns what fails", () => {
  const entries = [{ start: 0n, pages: 1 }];
  assertEquals(rows(windows(entries).regions.list(OWN)), [
    ["0x0", PAGE, "read-write", false, undefined, undefined],
  ]);
  assertEquals<unknown>(windows(entries, { error: 5 }).regions.list(OWN), {
    syscall: "VirtualQuery",
    osError: 5,
    code: "EACCES",
  });
  // A region that does not end above the address that was asked for is the last one.
  const [empty] = [{ start: 0x1000n, pages: 0 }];
  const broken = new SimulatedRuntime({
    GetLogicalDrives: () => 0,
    QueryDosDeviceW: () => 0,
    VirtualQuery(_address: bigint, info: Uint8Array) {
      const fields = new DataView(info.buffer);
      fields.setBigUint64(0, empty!.start, true);
      fields.setBigUint64(24, 0n, true);
      return 48n;
    },
    K32GetMappedFileNameW: () => 0,
    K32QueryWorkingSetEx: () => 1,
  });
  const regions = windowsRegions(kernel32(broken, (syscall) => failure(syscall, 0, {})));
  assertStrictEquals((regions.list(OWN) as RegionFacts[]).length, 1);
});
