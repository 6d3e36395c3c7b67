import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { FileStatus } from "../../ffi/os/contract/files.ts";
import { KERN_CODES } from "../../ffi/os/darwin/calls.ts";
import { darwinStat } from "../../ffi/os/darwin/stat.ts";
import { linuxStat } from "../../ffi/os/linux/stat.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import { test } from "../support/harness.ts";
import {
  type Call,
  fail,
  FILE_IDENTITY,
  fileRequest,
  forget,
  HINT,
  names,
  openedFiles,
  simulatedLibrary,
  SimulatedRuntime,
  SIMULATIONS,
} from "../support/simulated/mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

// https://man7.org/linux/man-pages/man2/open.2.html and <sys/fcntl.h> of macOS:
// O_CLOEXEC | O_NONBLOCK | O_NOCTTY
const POSIX = {
  linux: { opening: 0x8_0900, noReserve: 0x4000, sync: 4, descriptors: "/proc/self/fd/9" },
  darwin: { opening: 0x102_0004, noReserve: 0x40, sync: 0x10, descriptors: "/dev/fd/9" },
} as const;

for (const platform of ["linux", "darwin"] as const) {
  const facts = POSIX[platform];
  const isLinux = platform === "linux";

  test(`${platform}'s files are declared as C declares them, and opened when they are asked for`, () => {
    const system = SIMULATIONS[platform].open();
    const tables = () => Object.assign({}, ...system.runtime.opened.map(({ table }) => table));
    for (const name of ["open", "msync", "memmove"]) assert(!(name in tables()));
    void system.os.files;
    void system.os.copying;
    assert(!("msync" in tables())); // what not every mapping of a file needs
    system.os.files.flush(0, 0n, 0n, true);
    assert(!("ftruncate" in tables()));
    system.os.files.resize(7, 1);
    const { open, close, ftruncate, getrlimit, msync, memmove, bcopy } = tables();
    assertEquals({ open, close, ftruncate, getrlimit, msync, memmove, bcopy }, {
      open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
      ftruncate: { parameters: ["i32", "i64"], result: "i32" },
      getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
      msync: { parameters: ["usize", "usize", "i32"], result: "i32" },
      memmove: { parameters: ["buffer", "usize", "usize"], result: "usize" },
      bcopy: { parameters: ["buffer", "usize", "usize"], result: "void" },
    });
    const libraries = new Set(system.runtime.opened.map(({ library }) => library));
    assertEquals(libraries.size, 1);
  });

  test(`${platform} opens a path as UTF-8 that ends in NUL, to be inherited by nobody and to wait for nothing`, () => {
    const system = openedFiles(platform);
    const { files } = system.os;
    for (const use of ["read", "read-write", "read-execute"] as const) {
      files.open("/größe/数据", use);
      files.reopen!(9, use);
      const flags = facts.opening | (use === "read-write" ? 2 : 0);
      assertEquals(system.runtime.calls, [
        ["open", bytes("/größe/数据\0"), flags, 0],
        ["open", bytes(`${facts.descriptors}\0`), flags, 0],
      ]);
      forget(system);
    }
    fail(system, 0, 2);
    assertEquals(files.open("a", "read"), { syscall: "open", osError: 2, code: "ENOENT" });
  });

  test(`${platform} tells which file it is, and how long, by fstat(), whose inodes have 64 bits`, () => {
    const system = openedFiles(platform);
    const { device, inode } = FILE_IDENTITY;
    system.kernel.fileByteLength = 2 ** 40 + 1;
    const { isFile, byteLength, hasHugePages, ...found } = system.os.files.status(7) as FileStatus;
    assertEquals([isFile, byteLength, hasHugePages], [true, 2 ** 40 + 1, false]);
    assertEquals([found.device, found.inode, found.created], [device, inode, undefined]);
    assertEquals(system.os.files.byteLength(7), 2 ** 40 + 1);
    const [call] = system.runtime.calls;
    const status = call!.at(isLinux ? 3 : 2);
    assert(status instanceof Uint8Array);
    assertEquals(
      call,
      isLinux ? ["syscall", 5n, 7n, status, 0n, 0n, 0n, 0n] : ["fstat", 7, status],
    );
    fail(system, 0, 9);
    const failure = { syscall: "fstat", osError: 9, code: "EBADF" };
    assertEquals(system.os.files.status(7), failure);
    fail(system, 0, 9);
    assertEquals(system.os.files.byteLength(7), failure);
  });

  test(`${platform} tells a file at a path from other objects, and opens neither`, () => {
    const system = openedFiles(platform);
    const { kernel, os: { files } } = system;
    assertEquals(files.isFile!("/größe"), true);
    const [[, ...args]] = system.runtime.calls as [Call];
    assertEquals(args[isLinux ? 2 : 0], bytes("/größe\0"));
    for (const kind of [0o010_000, 0o020_000, 0o040_000, 0o060_000, 0o140_000]) {
      kernel.kind = kind;
      assertEquals(files.isFile!("a"), false);
    }
    kernel.kind = 0o100_000;
    fail(system, 0, 2);
    assertEquals(files.isFile!("a"), false);
    assertEquals(kernel.open.size, 0);
  });

  test(`${platform} ${isLinux ? "tells a file of huge pages by its blocks and its file system" : "has no files of huge pages"}`, () => {
    const system = openedFiles(platform);
    const { kernel, os: { files } } = system;
    const file = files.open("a", "read") as number;
    const isHuge = () => (files.status(file) as FileStatus).hasHugePages;
    kernel.fileSystem = 0x9584_58f6n; // HUGETLBFS_MAGIC
    assertEquals(isHuge(), false);
    kernel.blockByteLength = 2 ** 21;
    assertEquals(isHuge(), isLinux);
    kernel.fileSystem = 0n;
    assertEquals(isHuge(), false);
    if (!isLinux) return;
    fail(system, 1, 9);
    assertEquals(isHuge(), false);
  });

  test(`${platform} tells a directory, a pipe or a device from a file`, () => {
    const system = openedFiles(platform);
    for (const kind of [0o040_000, 0o010_000, 0o020_000, 0o060_000, 0o140_000]) {
      system.kernel.kind = kind;
      assertEquals((system.os.files.status(7) as FileStatus).isFile, false);
    }
  });

  test(`${platform} resizes a file to any length`, () => {
    const system = openedFiles(platform);
    for (const byteLength of [0, 2 ** 32 + 5, 2 ** 53 - 1]) {
      assertEquals(system.os.files.resize(7, byteLength), undefined);
      assertEquals(system.runtime.calls.at(-1), ["ftruncate", 7, BigInt(byteLength)]);
    }
    fail(system, 0, 27);
    const failure = { syscall: "ftruncate", osError: 27, code: "EFBIG" };
    assertEquals(system.os.files.resize(7, 1), failure);
  });

  test(`${platform} only ever makes a file longer by extend() and allocate(), if it has them`, () => {
    const system = openedFiles(platform);
    const { kernel, runtime, os: { files } } = system;
    assertEquals(files.extend === undefined, platform === "darwin");
    assertEquals(files.allocate === undefined, platform === "darwin");
    if (files.extend === undefined || files.allocate === undefined) return;
    const slice = 2n ** 26n;
    forget(system);
    assertEquals(files.extend(7, 2 ** 53 - 1), undefined);
    assertEquals(files.allocate(7, 5, 2 ** 26 + 1), undefined);
    assertEquals(runtime.calls.filter(([name]) => name === "fallocate"), [
      ["fallocate", 7, 0, 2n ** 53n - 2n, 1n],
      ["fallocate", 7, 0, 5n, slice],
      ["fallocate", 7, 0, 5n + slice, 1n],
    ]);
    kernel.fileLimit = 5000n;
    for (const call of [() => files.extend!(7, 5001), () => files.allocate!(7, 5000, 1)]) {
      assertEquals(call()?.code, "EFBIG");
    }
    kernel.fileLimit = undefined;
    fail(system, 0, 28);
    assertEquals(files.allocate(7, 0, 1)?.code, "ENOSPC");
  });

  test(`${platform} asks for no length beyond RLIMIT_FSIZE, which would raise SIGXFSZ`, () => {
    const system = openedFiles(platform);
    const { kernel, os: { files } } = system;
    kernel.fileLimit = 2n ** 64n - 1n; // RLIM_INFINITY of Linux
    assertEquals(files.resize(7, 2 ** 53 - 1), undefined);
    kernel.fileLimit = 5000n;
    assertEquals(files.resize(7, 5000), undefined);
    forget(system);
    const failure = files.resize(7, 5001)!;
    const { syscall, osError, code, advice } = failure;
    assertEquals([syscall, osError, code], [undefined, undefined, "EFBIG"]); // it was not called
    for (const words of ["5000 bytes", "RLIMIT_FSIZE", "ulimit -f"]) {
      assertStringIncludes(advice!, words);
    }
    assertEquals([names(system), kernel.fileByteLength], [[], 5000]);
    kernel.fileLimit = 5001n; // it can be raised
    assertEquals(files.resize(7, 5001), undefined);
  });

  test(`${platform} maps a file, or a private copy of it`, () => {
    for (
      const [protection, number, kind] of [
        ["copy-on-write", 3, 0x2 | facts.noReserve],
        ["read-write", 3, 0x1],
        ["read", 1, 0x1],
        ["read-execute", 5, 0x2 | facts.noReserve],
      ] as const
    ) {
      for (const populate of [false, true]) {
        for (const strict of [false, true]) {
          for (const offset of [0n, 4096n, 2n ** 32n + 4096n]) {
            const system = openedFiles(platform);
            const { files } = system.os;
            const request = fileRequest({
              hint: HINT,
              protection,
              isShared: (kind & 1) !== 0,
              populate,
              strict,
              offset,
              noReserve: strict,
            });
            const address = files.map(request);
            // Linux would copy each page of private memory that can be stored to.
            const populates = isLinux && protection !== "copy-on-write";
            assertEquals(files.populates(request), populates);
            assertEquals(files.populates({ protection, isNamed: true }), false);
            const flags = kind | (populates && populate ? 0x8000 : 0) |
              (isLinux && strict ? 0x10_0000 : 0);
            assertEquals(address, HINT);
            assertEquals(system.runtime.calls, [["mmap", HINT, 8192n, number, flags, 7, offset]]);
            assertEquals(files.unmap(HINT, 8192n), undefined);
            assertEquals(system.runtime.calls.at(-1), ["munmap", HINT, 8192n]);
          }
        }
      }
    }
  });

  test(`${platform} flushes in a thread, which reads its own errno`, () => {
    const system = openedFiles(platform);
    const { runtime, os: { files } } = system;
    const flush = files.prepareFlush(7, HINT, 8192n);
    if (isFailure(flush)) throw new Error(flush.code);
    const run = (0, eval)(files.flushSource)({
      open: runtime.open.bind(runtime),
      view: runtime.view.bind(runtime),
    });
    system.kernel.space.map(HINT, 8192n, "file");
    run(structuredClone(flush.job));
    forget(system);
    assertEquals(run(flush.job), { ending: "flushed" });
    assertEquals(system.runtime.calls, [["msync", HINT, 8192n, facts.sync]]);
    fail(system, 0, 28);
    assertEquals(run(flush.job), { syscall: "msync", osError: 28 });
  });

  test(`${platform} reads errno right after each file call that fails`, () => {
    const system = openedFiles(platform);
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
    const system = openedFiles(platform);
    const address = system.os.files.map(fileRequest({ protection: "read-write" })) as bigint;
    assertEquals(system.os.files.vacate(address, 8192n), undefined);
    const flags = facts.noReserve | (isLinux ? 0x32 : 0x1012);
    const call: Call = ["mmap", address, 8192n, 3, flags, -1, 0n];
    assertEquals(system.runtime.calls.at(-1), call);
    assert([...system.kernel.space.runs].every(({ state }) => state === "anonymous 3"));
  });

  test(`${platform} flushes by msync(), which waits or not`, () => {
    const system = openedFiles(platform);
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
    const system = openedFiles(platform);
    const address = system.os.files.map(fileRequest()) as bigint;
    forget(system);
    const failure = system.os.files.discard(address, 4096n);
    assertEquals(system.runtime.calls, isLinux ? [["madvise", address, 4096n, 4]] : []);
    assertEquals(failure?.code, isLinux ? undefined : "ENOTSUP");
    if (!isLinux) return;
    // Mapping over it, as for anonymous memory, would put zeros there.
    fail(system, 0, 22);
    assertEquals(system.os.files.discard(address, 4096n), undefined);
    assertEquals(names(system), ["madvise", "madvise", "munlock", "madvise"]);
  });

  test(`${platform} copies memory that cannot fault by memmove() and bcopy()`, () => {
    const system = openedFiles(platform);
    const array = new Uint8Array(9);
    assertEquals(system.os.copying.read(HINT, array, false), undefined);
    assertEquals(system.os.copying.write(HINT, array, false), undefined);
    assertEquals(system.runtime.calls, [
      ["memmove", array, HINT, 9n],
      ["bcopy", array, HINT, 9n],
    ]);
  });
}

test("fstat() and stat() are called by the name and the number that they have on each processor", () => {
  const status = new Uint8Array(256);
  const path = bytes("/a\0");
  const numbers = ["x64", "arm64"].map((arch) => {
    const runtime = new SimulatedRuntime({ syscall: () => 0 });
    const { fstat, stat } = linuxStat(simulatedLibrary(runtime, { arch }));
    assertEquals([fstat(7, status), stat(path, status)], [0, 0]);
    const types = (...[second, third]: string[]) => ({
      parameters: ["usize", "usize", second, third, "usize", "usize", "usize"],
      result: "i32",
    });
    assertEquals<unknown>(runtime.opened, [
      { library: "libc.so.6", table: { syscall: types("buffer", "usize") } },
      { library: "libc.so.6", table: { syscall: types("buffer", "buffer") } },
    ]);
    const AT_FDCWD = 2n ** 64n - 100n;
    assertEquals(runtime.calls.map((call) => call.slice(2)), [
      [7n, status, 0n, 0n, 0n, 0n],
      [AT_FDCWD, path, status, 0n, 0n, 0n],
    ]);
    return runtime.calls.map(([, number]) => number);
  });
  // arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux
  assertEquals(numbers, [[5n, 262n], [80n, 79n]]);
  const symbols = ["x64", "arm64"].map((arch) => {
    const done = () => 0;
    const runtime = new SimulatedRuntime({
      fstat: done,
      stat: done,
      "fstat$INODE64": done,
      "stat$INODE64": done,
    });
    const { fstat, stat } = darwinStat(simulatedLibrary(runtime, { arch }));
    assertEquals([fstat(7, status), stat(path, status)], [0, 0]);
    const [[ofFile, ...args], [ofPath, ...pathArgs]] = runtime.calls as [Call, Call];
    assertEquals([args, pathArgs], [[7, status], [path, status]]);
    const type = (first: string) => ({ parameters: [first, "buffer"], result: "i32" });
    assertEquals<unknown>(runtime.opened, [
      { library: "libc.so.6", table: { [ofFile]: type("i32") } },
      { library: "libc.so.6", table: { [ofPath]: type("buffer") } },
    ]);
    return [ofFile, ofPath];
  });
  // __DARWIN_INODE64 in https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/cdefs.h
  assertEquals(symbols, [["fstat$INODE64", "stat$INODE64"], ["fstat", "stat"]]);
});

for (const call of ["read", "write"] as const) {
  const syscall = call === "read" ? "process_vm_readv" : "process_vm_writev";

  test(`linux copies what can fault by ${syscall}, in parts, and goes on after a part that is shorter`, () => {
    const system = openedFiles("linux");
    const array = new Uint8Array(70_000);
    system.os.copying[call](HINT, new Uint8Array(1), true);
    forget(system);
    system.kernel.copies.push(65_504n, 4n, 4492n);
    assertEquals(system.os.copying[call](HINT, array, true), undefined);
    const local = system.runtime.calls[0]![2] as bigint;
    // pid, local, 1, remote, 1, flags
    const copied: Call = [syscall, 1234, local, 1n, local + 16n, 1n, 0n];
    assertEquals(system.runtime.calls, [copied, copied, copied]);
  });

  test(`linux's ${syscall} that fails, even after a part, is EFAULT`, () => {
    const system = openedFiles("linux");
    system.os.copying[call](HINT, new Uint8Array(1), true);
    system.kernel.copies.push(4n);
    fail(system, 1, 14);
    const failure = { syscall, osError: 14, code: "EFAULT" };
    assertEquals(system.os.copying[call](HINT, new Uint8Array(8), true), failure);
  });
}

test("darwin copies what can fault by mach_vm_read_overwrite() and mach_vm_write()", () => {
  const system = openedFiles("darwin");
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
