import { assert, assertEquals } from "@std/assert";
import type { FileRequest, FileUse } from "../ffi/os/files.ts";
import { KERN_CODES } from "../ffi/os/darwin_copying.ts";
import { type Call, request } from "./fake_runtime.ts";
import { test } from "./harness.ts";
import { FILE_BYTE_LENGTH, PAPER_SYSTEMS, type PaperSystem } from "./paper_system.ts";

const HINT = 2n ** 61n;
const USES: readonly FileUse[] = ["read", "read-write", "read-execute"];

/** Opens a system whose file calls are open, and forgets what that took. */
function opened(platform: string): PaperSystem {
  const system = PAPER_SYSTEMS[platform]!.open();
  void system.os.files;
  void system.os.copying;
  forget(system);
  return system;
}

function forget({ runtime, account }: PaperSystem): void {
  runtime.calls.length = 0;
  account.calls.length = 0;
}

function fail({ account }: PaperSystem, index: number, error: number): void {
  account.fault = { index: account.calls.length + index, error };
}

function fileRequest(change: Partial<FileRequest> = {}): FileRequest {
  return { ...request({ byteLength: 8192n }), file: 7, offset: 0n, ...change };
}

/** Calls without their buffers, which are not those of the caller. */
function names({ runtime }: PaperSystem): string[] {
  return runtime.calls.map(([name]) => name);
}

const bytes = (text: string) => new TextEncoder().encode(text);

// https://man7.org/linux/man-pages/man2/open.2.html and <sys/fcntl.h> of macOS:
// O_CLOEXEC | O_NONBLOCK | O_NOCTTY
const POSIX = {
  linux: { opening: 0x8_0900, noReserve: 0x4000, sync: 4, descriptors: "/proc/self/fd/9" },
  darwin: { opening: 0x102_0004, noReserve: 0x40, sync: 0x10, descriptors: "/dev/fd/9" },
} as const;

for (const [platform, facts] of Object.entries(POSIX)) {
  const isLinux = platform === "linux";

  test(`${platform}'s files are declared as C declares them, and opened when they are asked for`, () => {
    const system = PAPER_SYSTEMS[platform]!.open();
    const tables = () => Object.assign({}, ...system.runtime.opened.map(({ table }) => table));
    for (const name of ["open", "msync", "memmove"]) assert(!(name in tables()));
    void system.os.files;
    void system.os.copying;
    const { open, close, lseek, ftruncate, msync, memmove, bcopy } = tables();
    assertEquals({ open, close, lseek, ftruncate, msync, memmove, bcopy }, {
      open: { parameters: ["buffer", "i32"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
      lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
      ftruncate: { parameters: ["i32", "i64"], result: "i32" },
      msync: { parameters: ["usize", "usize", "i32"], result: "i32" },
      memmove: { parameters: ["buffer", "usize", "usize"], result: "usize" },
      bcopy: { parameters: ["buffer", "usize", "usize"], result: "void" },
    });
    const libraries = new Set(system.runtime.opened.map(({ library }) => library));
    assertEquals(libraries.size, 1);
  });

  test(`${platform} opens a path as UTF-8 that ends in NUL, to be inherited by nobody and to wait for nothing`, () => {
    const system = opened(platform);
    const { files } = system.os;
    for (const use of USES) {
      files.open("/größe/数据", use);
      files.reopen!(9, use);
      const flags = facts.opening | (use === "read-write" ? 2 : 0);
      assertEquals(system.runtime.calls, [
        ["open", bytes("/größe/数据\0"), flags],
        ["open", bytes(`${facts.descriptors}\0`), flags],
      ]);
      forget(system);
    }
    fail(system, 0, 2);
    assertEquals(files.open("a", "read"), { syscall: "open", osError: 2, code: "ENOENT" });
  });

  test(`${platform} tells a file's length, and leaves its position`, () => {
    const system = opened(platform);
    assertEquals(system.os.files.byteLength(7), FILE_BYTE_LENGTH);
    assertEquals(system.runtime.calls, [
      ["lseek", 7, 0n, 1],
      ["lseek", 7, 0n, 2],
      ["lseek", 7, 0n, 0],
    ]);
    fail(system, 1, 9);
    const failure = { syscall: "lseek", osError: 9, code: "EBADF" };
    assertEquals(system.os.files.byteLength(7), failure);
  });

  test(`${platform} resizes a file to any length`, () => {
    const system = opened(platform);
    for (const byteLength of [0, 2 ** 32 + 5, 2 ** 53 - 1]) {
      assertEquals(system.os.files.resize(7, byteLength), undefined);
      assertEquals(system.runtime.calls.at(-1), ["ftruncate", 7, BigInt(byteLength)]);
    }
    fail(system, 0, 27);
    const failure = { syscall: "ftruncate", osError: 27, code: "EFBIG" };
    assertEquals(system.os.files.resize(7, 1), failure);
  });

  test(`${platform} maps a file, privately unless stores are to reach it`, () => {
    for (
      const [protection, number, kind] of [
        ["copy-on-write", 3, 0x2 | facts.noReserve],
        ["read-write", 3, 0x1],
        ["read-execute", 5, 0x2 | facts.noReserve],
      ] as const
    ) {
      for (const populate of [false, true]) {
        for (const strict of [false, true]) {
          for (const offset of [0n, 4096n, 2n ** 32n + 4096n]) {
            const system = opened(platform);
            const { files } = system.os;
            const address = files.map(
              fileRequest({ hint: HINT, protection, populate, strict, offset, noReserve: strict }),
            );
            const flags = kind | (isLinux && populate ? 0x8000 : 0) |
              (isLinux && strict ? 0x10_0000 : 0);
            assertEquals(address, HINT);
            assertEquals(system.runtime.calls, [["mmap", HINT, 8192n, number, flags, 7, offset]]);
            assertEquals(files.unmap(HINT, 8192n), undefined);
            assertEquals(system.runtime.calls.at(-1), ["munmap", HINT, 8192n]);
          }
        }
      }
    }
    assertEquals(opened(platform).os.files.populates, isLinux);
  });

  test(`${platform} reads errno right after each file call that fails`, () => {
    const system = opened(platform);
    const { files } = system.os;
    fail(system, 0, 19);
    const failure = { syscall: "mmap", osError: 19, code: "ENODEV" };
    assertEquals(files.map(fileRequest()), failure);
    const address = files.map(fileRequest()) as bigint;
    const calls: readonly (readonly [syscall: string, call: () => unknown])[] = [
      ["munmap", () => files.unmap(address, 8192n)],
      ["mmap", () => files.vacate(address, 8192n)],
      ["mprotect", () => files.protect(address, 8192n, "read")],
      ["msync", () => files.flush(undefined, address, 8192n, true)],
    ];
    for (const [syscall, call] of calls) {
      fail(system, 0, 5);
      assertEquals(call(), { syscall, osError: 5, code: "EIO" });
    }
    assertEquals(failure.osError, 19);
  });

  test(`${platform} puts anonymous memory in the place of a file's that is vacated`, () => {
    const system = opened(platform);
    const address = system.os.files.map(fileRequest({ protection: "read-write" })) as bigint;
    assertEquals(system.os.files.vacate(address, 8192n), undefined);
    const flags = facts.noReserve | (isLinux ? 0x32 : 0x1012);
    const call: Call = ["mmap", address, 8192n, 3, flags, -1, 0n];
    assertEquals(system.runtime.calls.at(-1), call);
    assert([...system.account.pages.values()].every(({ state }) => state === "anonymous 3"));
  });

  test(`${platform} flushes by msync(), which waits or not`, () => {
    const system = opened(platform);
    const address = system.os.files.map(fileRequest()) as bigint;
    forget(system);
    system.os.files.flush(7, address, 5000n, true);
    system.os.files.flush(undefined, address, 5000n, false);
    assertEquals(system.runtime.calls, [
      ["msync", address, 5000n, facts.sync],
      ["msync", address, 5000n, 1],
    ]);
  });

  test(`${platform} ${isLinux ? "discards" : "cannot discard"} what was stored to a private file`, () => {
    const system = opened(platform);
    const address = system.os.files.map(fileRequest()) as bigint;
    forget(system);
    const failure = system.os.files.discard(address, 4096n);
    assertEquals(system.runtime.calls, isLinux ? [["madvise", address, 4096n, 4]] : []);
    assertEquals(failure?.code, isLinux ? undefined : "ENOTSUP");
    if (!isLinux) return;
    // Mapping over it, as for anonymous memory, would put zeros there.
    fail(system, 0, 22);
    const refused = { syscall: "madvise", osError: 22, code: "EINVAL" };
    assertEquals(system.os.files.discard(address, 4096n), refused);
    assertEquals(names(system), ["madvise", "madvise"]);
  });

  test(`${platform} copies memory that cannot fault by memmove() and bcopy()`, () => {
    const system = opened(platform);
    const array = new Uint8Array(9);
    assertEquals(system.os.copying.read(HINT, array, false), undefined);
    assertEquals(system.os.copying.write(HINT, array, false), undefined);
    assertEquals(system.runtime.calls, [
      ["memmove", array, HINT, 9n],
      ["bcopy", array, HINT, 9n],
    ]);
  });
}

for (const call of ["read", "write"] as const) {
  const syscall = call === "read" ? "process_vm_readv" : "process_vm_writev";

  test(`linux copies what can fault by ${syscall}, in parts, and goes on after a part that is shorter`, () => {
    const system = opened("linux");
    const array = new Uint8Array(70_000);
    system.os.copying[call](HINT, new Uint8Array(1), true);
    forget(system);
    system.account.copies.push(65_504n, 4n, 4492n);
    assertEquals(system.os.copying[call](HINT, array, true), undefined);
    const local = system.runtime.calls[0]![2] as bigint;
    // pid, local, 1, remote, 1, flags
    const copied: Call = [syscall, 1234, local, 1n, local + 16n, 1n, 0n];
    assertEquals(system.runtime.calls, [copied, copied, copied]);
  });

  test(`linux's ${syscall} that fails, even after a part, is EFAULT`, () => {
    const system = opened("linux");
    system.os.copying[call](HINT, new Uint8Array(1), true);
    system.account.copies.push(4n);
    fail(system, 1, 14);
    const failure = { syscall, osError: 14, code: "EFAULT" };
    assertEquals(system.os.copying[call](HINT, new Uint8Array(8), true), failure);
  });
}

test("darwin copies what can fault by mach_vm_read_overwrite() and mach_vm_write()", () => {
  const system = opened("darwin");
  const { copying } = system.os;
  const array = new Uint8Array(9);
  copying.read(HINT, array, true);
  copying.write(HINT, array, true);
  const outsize = system.runtime.calls[0]!.at(-1) as Uint8Array;
  assertEquals(outsize.byteLength, 8);
  assertEquals(system.runtime.calls, [
    ["mach_vm_read_overwrite", 259, HINT, 9n, array, outsize],
    ["mach_vm_write", 259, HINT, array, 9],
  ]);
  for (const [number, code] of Object.entries({ ...KERN_CODES, 5: "UNKNOWN" })) {
    for (const call of ["read", "write"] as const) {
      fail(system, 0, Number(number));
      const failure = copying[call](HINT, array, true);
      assertEquals([failure?.osError, failure?.code], [Number(number), code]);
    }
  }
});

test("darwin has the names of these kern_return_t and no others", () => {
  // https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/kern_return.h
  assertEquals(KERN_CODES, {
    1: "EFAULT", // KERN_INVALID_ADDRESS
    2: "EFAULT", // KERN_PROTECTION_FAILURE
    3: "ENOMEM", // KERN_NO_SPACE
    4: "EINVAL", // KERN_INVALID_ARGUMENT
    6: "ENOMEM", // KERN_RESOURCE_SHORTAGE
    9: "EFAULT", // KERN_MEMORY_FAILURE
    10: "EFAULT", // KERN_MEMORY_ERROR
  });
});

test("windows's files are declared as C declares them, and opened when they are asked for", () => {
  const { os, runtime } = PAPER_SYSTEMS["windows"]!.open();
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
    const system = opened("windows");
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
  const system = opened("windows");
  fail(system, 0, 5);
  const failure = { syscall: "CreateFileW", osError: 5, code: "EACCES" };
  assertEquals(system.os.files.open("a", "read"), failure);
  assertEquals(names(system), ["CreateFileW", "GetLastError"]);
});

test("windows tells a file's length of 64 bits, and resizes to one", () => {
  const system = opened("windows");
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
      const system = opened("windows");
      const address = system.os.files.map(fileRequest({ protection, offset, hint: HINT }));
      assertEquals(address, HINT);
      const handle = system.runtime.calls[1]![1]!;
      assertEquals(system.runtime.calls, [
        ["CreateFileMappingW", 7n, 0n, section, 0, 0, 0n],
        ["MapViewOfFileEx", handle, view, high, low, 8192n, HINT],
        ["CloseHandle", handle],
      ]);
      assertEquals(system.account.open.size, 0);
      assertEquals(system.os.files.unmap(HINT, 8192n), undefined);
      assertEquals(system.runtime.calls.at(-1), ["UnmapViewOfFile", HINT]);
      assertEquals(system.account.pages.size, 0);
    }
  });
}

test("windows maps a file elsewhere where the hint is taken, unless it is strict", () => {
  for (const strict of [false, true]) {
    const system = opened("windows");
    fail(system, 1, 487);
    const address = system.os.files.map(fileRequest({ hint: HINT, strict }));
    const hints = system.runtime.calls.filter(([name]) => name === "MapViewOfFileEx")
      .map((call) => call.at(-1));
    assertEquals(hints, strict ? [HINT] : [HINT, 0n]);
    assertEquals(typeof address, strict ? "object" : "bigint");
    assertEquals(system.account.open.size, 0);
  }
});

test("windows reads GetLastError before it closes the section, which it does all the same", () => {
  const system = opened("windows");
  fail(system, 1, 1455);
  const failure = { syscall: "MapViewOfFileEx", osError: 1455, code: "ENOMEM" };
  assertEquals(system.os.files.map(fileRequest({ hint: 0n })), failure);
  assertEquals(names(system), [
    "CreateFileMappingW",
    "MapViewOfFileEx",
    "GetLastError",
    "CloseHandle",
  ]);
  assertEquals(system.account.open.size, 0);
  fail(system, 0, 1006);
  const empty = { syscall: "CreateFileMappingW", osError: 1006, code: "EINVAL" };
  assertEquals(system.os.files.map(fileRequest()), empty);
  assertEquals(system.account.open.size, 0);
});

test("windows waits for the disk by FlushFileBuffers, after FlushViewOfFile", () => {
  const system = opened("windows");
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
  const system = opened("windows");
  const address = system.os.files.map(fileRequest()) as bigint;
  forget(system);
  assertEquals(system.os.files.vacate(address, 8192n), undefined);
  assertEquals(system.os.files.discard(address, 8192n)?.code, "ENOTSUP");
  assertEquals([system.os.files.populates, system.runtime.calls], [false, []]);
});

test("windows protects a file's memory by VirtualProtect alone", () => {
  const system = opened("windows");
  const address = system.os.files.map(fileRequest()) as bigint;
  for (const [protection, number] of [["none", 1], ["read", 2], ["copy-on-write", 8]] as const) {
    forget(system);
    assertEquals(system.os.files.protect(address, 8192n, protection), undefined);
    const [[name, ...args] = []] = system.runtime.calls;
    assertEquals([name, ...args.slice(0, 3)], ["VirtualProtect", address, 8192n, number]);
    assertEquals(system.runtime.calls.length, 1);
  }
});

test("windows copies by ReadProcessMemory and WriteProcessMemory of its own process", () => {
  const system = opened("windows");
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
