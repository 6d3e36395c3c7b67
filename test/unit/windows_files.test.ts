import { assertEquals } from "@std/assert";
import type { FileStatus } from "../../ffi/os/contract/files.ts";
import { refusal } from "../../ffi/os/contract/memory.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import { test } from "../support/harness.ts";
import {
  fail,
  FILE_BYTE_LENGTH,
  FILE_IDENTITY,
  fileRequest,
  forget,
  HINT,
  MAXIMUM_ADDRESS,
  names,
  openedFiles,
  SIMULATIONS,
} from "../support/simulated/mod.ts";

test("windows's files are declared as C declares them, and opened when they are asked for", () => {
  const { os, runtime } = SIMULATIONS["windows"].open();
  const count = runtime.opened.length;
  void os.files;
  void os.copying;
  assertEquals(runtime.opened.slice(count), [{
    library: "kernel32.dll",
    table: {
      CreateFileW: {
        parameters: ["buffer", "u32", "u32", "usize", "u32", "u32", "usize"],
        result: "usize",
      },
      CloseHandle: { parameters: ["usize"], result: "i32" },
      GetFileSizeEx: { parameters: ["usize", "buffer"], result: "i32" },
      SetFilePointerEx: { parameters: ["usize", "i64", "usize", "u32"], result: "i32" },
      SetEndOfFile: { parameters: ["usize"], result: "i32" },
      CreateFileMappingW: {
        parameters: ["usize", "usize", "u32", "u32", "u32", "usize"],
        result: "usize",
      },
      MapViewOfFileEx: {
        parameters: ["usize", "u32", "u32", "u32", "usize", "usize"],
        result: "usize",
      },
      UnmapViewOfFile: { parameters: ["usize"], result: "i32" },
      FlushViewOfFile: { parameters: ["usize", "usize"], result: "i32" },
      FlushFileBuffers: { parameters: ["usize"], result: "i32" },
      DuplicateHandle: {
        parameters: ["usize", "usize", "usize", "buffer", "u32", "i32", "u32"],
        result: "i32",
      },
    },
  }, {
    library: "kernel32.dll",
    table: {
      ReadProcessMemory: {
        parameters: ["usize", "usize", "buffer", "usize", "usize"],
        result: "i32",
      },
      WriteProcessMemory: {
        parameters: ["usize", "usize", "buffer", "usize", "usize"],
        result: "i32",
      },
    },
  }]);
});

test("windows opens a path as UTF-16 that ends in NUL, and shares the file with all", () => {
  for (
    const [use, access] of [["read", 0x8000_0000], ["read-write", 0xc000_0000], [
      "read-execute",
      0xa000_0000,
    ]] as const
  ) {
    const system = openedFiles("windows");
    system.os.files.open("\\\\?\\C:\\ö数🦕", use);
    const units = [..."\\\\?\\C:\\ö数🦕\0"].join("");
    const path = Uint8Array.from(
      Array.from(
        { length: 2 * units.length },
        (_, index) => (units.charCodeAt(index >> 1) >> (8 * (index & 1))) & 0xff,
      ),
    );
    // FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL
    assertEquals(system.runtime.calls, [["CreateFileW", path, access, 7, 0n, 3, 0x80, 0n]]);
  }
});

test("windows reads GetLastError right after CreateFileW when it fails", () => {
  const system = openedFiles("windows");
  fail(system, 0, 5);
  const failure = { syscall: "CreateFileW", osError: 5, code: "EACCES" };
  assertEquals(system.os.files.open("a", "read"), failure);
  assertEquals(names(system), ["CreateFileW", "GetLastError"]);
});

test("windows tells which file it is, when it was made, and how long it is, by GetFileInformationByHandle", () => {
  const system = openedFiles("windows");
  const status = { ...FILE_IDENTITY, isFile: true, hasHugePages: false };
  for (const byteLength of [FILE_BYTE_LENGTH, 2 ** 40 + 1]) {
    system.kernel.fileByteLength = byteLength;
    assertEquals(system.os.files.status(7), { ...status, byteLength });
    forget(system);
  }
  system.kernel.attributes = 0x10; // FILE_ATTRIBUTE_DIRECTORY
  const { isFile } = system.os.files.status(7) as FileStatus;
  assertEquals(isFile, false);
  const info = system.runtime.calls[0]!.at(-1) as Uint8Array;
  assertEquals(info.byteLength, 52); // sizeof(BY_HANDLE_FILE_INFORMATION)
  assertEquals(system.runtime.calls, [["GetFileInformationByHandle", 7n, info]]);
  fail(system, 0, 6);
  const failure = { syscall: "GetFileInformationByHandle", osError: 6, code: "EBADF" };
  assertEquals(system.os.files.status(7), failure);
});

test("windows tells a file's length of 64 bits, and resizes to one", () => {
  const system = openedFiles("windows");
  const { files } = system.os;
  assertEquals(files.byteLength(7), FILE_BYTE_LENGTH);
  forget(system);
  assertEquals(files.resize(7, 2 ** 40 + 1), undefined);
  assertEquals(system.runtime.calls, [
    ["SetFilePointerEx", 7n, 2n ** 40n + 1n, 0n, 0],
    ["SetEndOfFile", 7n],
  ]);
  const calls: readonly (readonly [syscall: string, index: number, call: () => unknown])[] = [
    ["GetFileSizeEx", 0, () => files.byteLength(7)],
    ["SetFilePointerEx", 0, () => files.resize(7, 1)],
    ["SetEndOfFile", 1, () => files.resize(7, 1)],
  ];
  for (const [syscall, index, call] of calls) {
    fail(system, index, 1224);
    assertEquals(call(), { syscall, osError: 1224, code: "EBUSY" });
  }
});

for (
  const [protection, section, view] of [
    ["copy-on-write", 0x8, 0x1], // PAGE_WRITECOPY, FILE_MAP_COPY
    ["read-write", 0x4, 0x2], // PAGE_READWRITE, FILE_MAP_WRITE
    ["read", 0x2, 0x4], // PAGE_READONLY, FILE_MAP_READ
    ["read-execute", 0x20, 0x24], // PAGE_EXECUTE_READ, FILE_MAP_READ | FILE_MAP_EXECUTE
  ] as const
) {
  test(`windows maps a file as "${protection}" by a section, which it closes`, () => {
    for (
      const [offset, high, low] of [
        [0n, 0, 0],
        [65_536n, 0, 65_536],
        [2n ** 32n - 65_536n, 0, 0xffff_0000],
        [2n ** 32n, 1, 0],
        [5n * 2n ** 32n + 0x8001_0000n, 5, 0x8001_0000],
      ] as const
    ) {
      const system = openedFiles("windows");
      const address = system.os.files.map(fileRequest({ protection, offset, hint: HINT }));
      assertEquals(address, HINT);
      const handle = system.runtime.calls[1]![1]!;
      assertEquals(system.runtime.calls, [
        ["CreateFileMappingW", 7n, 0n, section, 0, 0, 0n],
        ["MapViewOfFileEx", handle, view, high, low, 8192n, HINT],
        ["CloseHandle", handle],
      ]);
      assertEquals(system.kernel.open.size, 0);
      assertEquals(system.os.files.unmap(HINT, 8192n), undefined);
      assertEquals(system.runtime.calls.at(-1), ["UnmapViewOfFile", HINT]);
      assertEquals(system.kernel.space.pageCount, 0);
    }
  });
}

test("windows maps a file elsewhere where the hint is taken, unless it is strict", () => {
  for (const strict of [false, true]) {
    const system = openedFiles("windows");
    fail(system, 1, 487);
    const address = system.os.files.map(fileRequest({ hint: HINT, strict }));
    const hints = system.runtime.calls.filter(([name]) => name === "MapViewOfFileEx")
      .map((call) => call.at(-1));
    assertEquals(hints, strict ? [HINT] : [HINT, 0n]);
    assertEquals(typeof address, strict ? "object" : "bigint");
    assertEquals(system.kernel.open.size, 0);
  }
});

test("windows maps no file past the end of all addresses, where Wine says that it has", () => {
  const last = MAXIMUM_ADDRESS + 1n - 8192n;
  for (const hint of [last + 1n, 2n ** 62n, 2n ** 64n - 65_536n]) {
    for (const strict of [true, false]) {
      const system = openedFiles("windows");
      const address = system.os.files.map(fileRequest({ hint, strict }));
      const hints = system.runtime.calls.filter(([name]) => name === "MapViewOfFileEx")
        .map((call) => call.at(-1));
      assertEquals(hints, strict ? [] : [0n]);
      if (!strict) assertEquals(typeof address, "bigint");
      else {assertEquals(
          address,
          refusal("EINVAL", "it reaches past the last address of a process"),
        );}
      assertEquals(names(system).at(-1), "CloseHandle");
    }
  }
  const system = openedFiles("windows");
  system.os.files.map(fileRequest({ hint: last, strict: true }));
  assertEquals(names(system).includes("MapViewOfFileEx"), true);
});

test("windows reads GetLastError before it closes the section, which it does all the same", () => {
  const system = openedFiles("windows");
  fail(system, 1, 1455);
  const failure = { syscall: "MapViewOfFileEx", osError: 1455, code: "ENOMEM" };
  assertEquals(system.os.files.map(fileRequest({ hint: 0n })), failure);
  assertEquals(names(system), [
    "CreateFileMappingW",
    "MapViewOfFileEx",
    "GetLastError",
    "CloseHandle",
  ]);
  assertEquals(system.kernel.open.size, 0);
  fail(system, 0, 1006);
  const empty = { syscall: "CreateFileMappingW", osError: 1006, code: "EINVAL" };
  assertEquals(system.os.files.map(fileRequest()), empty);
  assertEquals(system.kernel.open.size, 0);
});

test("windows waits for the disk by FlushFileBuffers, after FlushViewOfFile", () => {
  const system = openedFiles("windows");
  const { files } = system.os;
  const file = files.open("a", "read-write") as number;
  const address = files.map(fileRequest({ file })) as bigint;
  forget(system);
  assertEquals(files.flush(file, address, 4096n, true), undefined);
  assertEquals(files.flush(file, address, 4096n, false), undefined);
  assertEquals(files.flush(undefined, address, 4096n, true), undefined);
  assertEquals(system.runtime.calls, [
    ["FlushViewOfFile", address, 4096n],
    ["FlushFileBuffers", BigInt(file)],
    ["FlushViewOfFile", address, 4096n],
    ["FlushViewOfFile", address, 4096n],
  ]);
  for (const [index, syscall] of ["FlushViewOfFile", "FlushFileBuffers"].entries()) {
    fail(system, index, 19);
    const failure = { syscall, osError: 19, code: "EROFS" };
    assertEquals(files.flush(file, address, 4096n, true), failure);
  }
});

test("windows leaves a file's memory where it is until it is unmapped", () => {
  const system = openedFiles("windows");
  const address = system.os.files.map(fileRequest()) as bigint;
  forget(system);
  assertEquals(system.os.files.vacate(address, 8192n), undefined);
  assertEquals(system.os.files.discard(address, 8192n)?.code, "ENOTSUP");
  assertEquals([system.os.files.populates(fileRequest()), system.runtime.calls], [false, []]);
});

test("windows protects a file's memory by VirtualProtect alone", () => {
  const system = openedFiles("windows");
  const address = system.os.files.map(fileRequest()) as bigint;
  for (const [protection, number] of [["none", 1], ["read", 2], ["copy-on-write", 8]] as const) {
    forget(system);
    assertEquals(system.os.files.protect(address, 8192n, protection), undefined);
    const [[name, ...args] = []] = system.runtime.calls;
    assertEquals([name, ...args.slice(0, 3)], ["VirtualProtect", address, 8192n, number]);
    assertEquals(system.runtime.calls.length, 1);
  }
});

test("windows flushes in a thread by a handle of its own, which it closes", () => {
  const system = openedFiles("windows");
  const { kernel, runtime, os: { files } } = system;
  const address = files.map(fileRequest()) as bigint;
  const file = kernel.opened("file");
  for (const isOfFile of [true, false]) {
    const before = [...kernel.open.keys()];
    const flush = files.prepareFlush(isOfFile ? file : undefined, address, 8192n);
    if (isFailure(flush)) throw new Error(flush.code);
    const run = (0, eval)(files.flushSource)({
      open: runtime.open.bind(runtime),
      view: runtime.view.bind(runtime),
    });
    forget(system);
    assertEquals(run(structuredClone(flush.job)), { ending: "flushed" });
    const calls = isOfFile ? ["FlushViewOfFile", "FlushFileBuffers"] : ["FlushViewOfFile"];
    assertEquals(names(system), calls);
    flush.end();
    assertEquals([...kernel.open.keys()], before);
    for (const [index, syscall] of calls.entries()) {
      fail(system, index, 112);
      assertEquals(run(flush.job), { syscall, osError: 112 });
    }
  }
  for (const [index, syscall] of ["VirtualQuery", "DuplicateHandle"].entries()) {
    fail(system, index, 4);
    const failure = { syscall, osError: 4, code: "EMFILE" };
    assertEquals(files.prepareFlush(file, address, 1n), failure);
  }
});

test("windows copies by ReadProcessMemory and WriteProcessMemory of its own process", () => {
  const system = openedFiles("windows");
  const { copying } = system.os;
  const array = new Uint8Array(9);
  const itself = 2n ** 64n - 1n;
  for (const canFault of [false, true]) {
    forget(system);
    copying.read(HINT, array, canFault);
    copying.write(HINT, array, canFault);
    assertEquals(system.runtime.calls, [
      ["ReadProcessMemory", itself, HINT, array, 9n, 0n],
      ["WriteProcessMemory", itself, HINT, array, 9n, 0n],
    ]);
  }
  for (
    const [call, syscall] of [["read", "ReadProcessMemory"], [
      "write",
      "WriteProcessMemory",
    ]] as const
  ) {
    for (const [osError, code] of [[299, "EFAULT"], [998, "EFAULT"]] as const) {
      fail(system, 0, osError);
      assertEquals(copying[call](HINT, array, true), { syscall, osError, code });
    }
  }
});

test("windows makes a file long enough by allocate(), and refuses one with holes", () => {
  const { kernel, runtime, os: { files } } = openedFiles("windows");
  const allocate = files.allocate!;
  assertEquals(allocate(7, 0, FILE_BYTE_LENGTH), undefined);
  assertEquals(kernel.fileByteLength, FILE_BYTE_LENGTH);
  assertEquals(allocate(7, FILE_BYTE_LENGTH, 5), undefined);
  assertEquals(kernel.fileByteLength, FILE_BYTE_LENGTH + 5);
  assertEquals(runtime.calls.some(([name]) => name === "SetEndOfFile"), false);
  for (const attribute of [0x200, 0x800]) {
    kernel.attributes = attribute | 0x80;
    assertEquals(allocate(7, 0, 1)?.code, "ENOTSUP");
  }
});
