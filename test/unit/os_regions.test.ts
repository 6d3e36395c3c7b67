import { assertEquals, assertStrictEquals } from "@std/assert";
import { darwinRegions } from "../../ffi/os/darwin/regions.ts";
import { linuxRegions } from "../../ffi/os/linux/regions.ts";
import { failure } from "../../ffi/os/contract/memory.ts";
import type { RegionFacts } from "../../ffi/os/contract/regions.ts";
import { windowsRegions } from "../../ffi/os/windows/regions.ts";
import { test } from "../support/harness.ts";
import { CURRENT_PROCESS, SimulatedRuntime, writeWide } from "../support/simulated/mod.ts";

const PAGE = 4096;
const OWN = { pid: undefined, resident: false };

/** The columns that differ. */
function rows(found: RegionFacts[] | object): unknown {
  if (!Array.isArray(found)) return found;
  return (found as RegionFacts[]).map((
    { address, byteLength, access, isShared, path, ...rest },
  ) => [
    `0x${address.toString(16)}`,
    byteLength,
    access,
    isShared,
    path,
    rest.residentByteLength,
  ]);
}

// Linux

interface LinuxScript {
  readonly parts?: readonly string[];
  /** What `read` fails with once the parts are read. */
  readonly error?: number;
}

function linux({ parts = [], error = 0 }: LinuxScript = {}) {
  const left = [...parts];
  const runtime = new SimulatedRuntime({
    open: () => 5,
    read(_file: number, target: Uint8Array) {
      const part = new TextEncoder().encode(left.shift() ?? "");
      target.set(part);
      return part.length === 0 && error !== 0 ? -1n : BigInt(part.length);
    },
    close: () => 0,
  });
  const failed = (syscall: string) => failure(syscall, error, { 3: "ESRCH" });
  return { runtime, regions: linuxRegions(runtime, 0x80000, { library: "libc.so.6", failed }) };
}

test("linuxRegions() joins what it reads in parts, which can end anywhere", () => {
  const text = "1000-2000 r--p 00000000 08:01 7    /é file\n3000-4000 rw-p 00000000 00:00 0 \n";
  for (const size of [1, 7, 41, 1000]) {
    const parts: string[] = [];
    for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
    const { regions, runtime } = linux({ parts });
    assertEquals(rows(regions.list(OWN)), [
      ["0x1000", PAGE, "read", false, "/é file", undefined],
      ["0x3000", PAGE, "read-write", false, undefined, undefined],
    ]);
    assertEquals(runtime.calls.at(-1)?.slice(0, 2), ["close", 5]);
  }
});

test("linuxRegions() reads more than it has room for at first", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => {
    const [start, end] = [2 * index + 1, 2 * index + 2].map((page) => (page * PAGE).toString(16));
    return `${start}-${end} r--p 00000000 00:00 0 \n`;
  });
  const LINES = 40; // as many as the kernel gives at a time
  const parts = Array.from(
    { length: lines.length / LINES },
    (_, index) => lines.slice(index * LINES, (index + 1) * LINES).join(""),
  );
  const found = linux({ parts }).regions.list(OWN) as RegionFacts[];
  assertStrictEquals(found.length, lines.length);
  assertStrictEquals(found.at(-1)!.address, BigInt((2 * 19_999 + 1) * PAGE));
});

test("linuxRegions() reads the file of each process, and smaps for what is in RAM", () => {
  const pathOf = (pid: number | undefined, resident: boolean) => {
    const { regions, runtime } = linux();
    regions.list({ pid, resident });
    const [name, path, flags] = runtime.calls[0]!;
    assertEquals([name, flags], ["open", 0x80000]);
    return new TextDecoder().decode(path as Uint8Array);
  };
  assertEquals(
    [pathOf(undefined, false), pathOf(undefined, true), pathOf(12, false), pathOf(12, true)],
    ["/proc/self/maps\0", "/proc/self/smaps\0", "/proc/12/maps\0", "/proc/12/smaps\0"],
  );
});

test("linuxRegions() closes the file when it cannot be read to its end", () => {
  const parts = ["1000-2000 r--p 00000000 00:00 0 \n"];
  const { regions, runtime } = linux({ parts, error: 3 });
  assertEquals<unknown>(regions.list(OWN), { syscall: "read", osError: 3, code: "ESRCH" });
  assertEquals(runtime.calls.at(-1)?.slice(0, 2), ["close", 5]);
});

test("linuxRegions() says where /proc is missing, and not that a process is", () => {
  let isMounted = false;
  const runtime = new SimulatedRuntime({
    open: (path: Uint8Array) =>
      isMounted && new TextDecoder().decode(path).includes("self") ? 5 : -1,
    read: () => 0n,
    close: () => 0,
  });
  const failed = (syscall: string) => failure(syscall, 2, { 2: "ENOENT" });
  const { list } = linuxRegions(runtime, 0, { library: "libc.so.6", failed });
  const missing = { syscall: "open", osError: 2, code: "ENOENT" };
  for (const pid of [undefined, 12]) {
    const advice = "/proc is not mounted, which tells what is mapped";
    assertEquals<unknown>(list({ ...OWN, pid }), { ...missing, advice });
  }
  isMounted = true;
  assertEquals<unknown>(list({ ...OWN, pid: 12 }), missing);
});

// macOS

interface DarwinEntry {
  readonly start: bigint;
  readonly pages: number;
  readonly protection: number;
  readonly inheritance?: number;
  readonly path?: string;
  readonly resident?: number;
}

/** A task that has these regions, one list for each look at it. */
function darwin(...looks: readonly (readonly DarwinEntry[])[]) {
  let look = 0;
  const find = (address: bigint) =>
    (looks[Math.min(look, looks.length - 1)]!).find(({ start, pages }) =>
      start + BigInt(pages * PAGE) > address
    );
  const runtime = new SimulatedRuntime({
    task_self_trap: () => 259,
    getpid: () => 77,
    mach_vm_region(
      _task: number,
      place: Uint8Array,
      size: Uint8Array,
      flavor: number,
      info: Uint8Array,
      count: Uint8Array,
    ) {
      const at = new DataView(place.buffer);
      const entry = find(at.getBigUint64(0, true));
      look++;
      if (entry === undefined) return 1;
      assertStrictEquals(new DataView(count.buffer).getUint32(0, true), 9);
      at.setBigUint64(0, entry.start, true);
      new DataView(size.buffer).setBigUint64(0, BigInt(entry.pages * PAGE), true);
      const fields = new DataView(info.buffer);
      fields.setInt32(0, entry.protection, true);
      if (flavor === 9) fields.setUint32(8, entry.inheritance ?? 1, true);
      else fields.setUint32(8, entry.resident ?? 0, true);
      return 0;
    },
    proc_regionfilename(pid: number, address: bigint, path: Uint8Array) {
      assertStrictEquals(pid, 77);
      return new TextEncoder().encodeInto(find(address)?.path ?? "", path).written;
    },
  });
  const shared = { library: "libSystem", failed: () => failure("", 0, {}) };
  return darwinRegions(runtime, shared, PAGE);
}

test("darwinRegions() tells access, sharing and paths", () => {
  const regions = darwin([
    { start: 0x1000n, pages: 1, protection: 0 },
    { start: 0x4000n, pages: 2, protection: 1, path: "/a file" },
    { start: 0x6000n, pages: 1, protection: 3, path: "/é" },
    { start: 0x7000n, pages: 1, protection: 3, inheritance: 0, path: "/a file" },
    { start: 0x8000n, pages: 1, protection: 7 },
    { start: 0x7fff_0000_0000n, pages: 1, protection: 5, resident: 9 },
  ]);
  const expected = [
    ["0x1000", PAGE, "none", false, undefined, undefined],
    ["0x4000", 2 * PAGE, "read", false, "/a file", undefined],
    ["0x6000", PAGE, "copy-on-write", false, "/é", undefined],
    ["0x7000", PAGE, "read-write", true, "/a file", undefined],
    ["0x8000", PAGE, "read-write-execute", false, undefined, undefined],
    ["0x7fff00000000", PAGE, "read-execute", false, undefined, undefined],
  ];
  assertEquals(rows(regions.list(OWN)), expected);
  assertEquals(
    rows(regions.list({ ...OWN, resident: true })),
    expected.map((row, index) => [...row.slice(0, 5), index === 5 ? PAGE : 0]),
  );
});

test("darwinRegions() tells no address twice, and ends, when what is mapped changes", () => {
  const before: DarwinEntry = { start: 0x4000n, pages: 2, protection: 1 };
  const grown: DarwinEntry = { start: 0x4000n, pages: 4, protection: 3 };
  const after: DarwinEntry = { start: 0x9000n, pages: 1, protection: 1, resident: 1 };
  assertEquals(rows(darwin([before], [grown], []).list(OWN)), [
    ["0x4000", 2 * PAGE, "read", false, undefined, undefined],
    ["0x6000", 2 * PAGE, "read-write", false, undefined, undefined],
  ]);
  // Unmapped before it is asked what is in RAM: it tells of the next one.
  assertEquals(rows(darwin([before], [after], []).list({ ...OWN, resident: true })), [
    ["0x4000", 2 * PAGE, "read", false, undefined, 0],
  ]);
});

// Windows

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

function windows(entries: readonly WindowsEntry[], { error = 87, isResident }: WindowsScript = {}) {
  const find = (address: bigint) =>
    entries.find(({ start, pages }) => address >= start && address < start + BigInt(pages * PAGE));
  const runtime = new SimulatedRuntime({
    GetCurrentProcess: () => CURRENT_PROCESS,
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
  return { runtime, regions: windowsRegions(runtime, PAGE, END, failed) };
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
    GetCurrentProcess: () => CURRENT_PROCESS,
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
  const regions = windowsRegions(broken, PAGE, END, (syscall) => failure(syscall, 0, {}));
  assertStrictEquals((regions.list(OWN) as RegionFacts[]).length, 1);
});
