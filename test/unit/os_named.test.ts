import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { linux } from "../../ffi/os/linux/os.ts";
import { type AdvisedFailure, refusal } from "../../ffi/os/contract/memory.ts";
import type { NewMemory, OpenMemory } from "../../ffi/os/contract/named.ts";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { on } from "../support/simulated/host.ts";
import {
  type Argument,
  fail,
  fileRequest,
  forget,
  HINT,
  names,
  PAGE,
  simulated,
  type SimulatedName,
  type SimulatedSystem,
  SIMULATIONS,
} from "../support/simulated/mod.ts";
import { codeOf } from "../support/temp_files.ts";

/** Opens a system whose calls of named memory are open, and forgets what that took. */
function opened(platform: SimulatedName): SimulatedSystem {
  const system = simulated(platform);
  void system.os.named;
  void system.os.files;
  forget(system);
  return system;
}

/** Calls, with C strings as text. */
function calls({ runtime }: SimulatedSystem): (string | Argument)[][] {
  return runtime.calls.map(([name, ...args]) => [name, ...args.map(readable)]);
}

function readable(argument: Argument): Argument | string {
  if (typeof argument !== "object" || argument.at(-1) !== 0) return argument;
  const text = new TextDecoder().decode(argument.subarray(0, -1));
  return text.includes("\0") ? argument : text;
}

const made = (result: NewMemory | AdvisedFailure) => {
  assert("file" in result, JSON.stringify(result));
  return result;
};
const there = (result: OpenMemory | AdvisedFailure) => {
  assert("file" in result, JSON.stringify(result));
  return result;
};
const refused = (result: object) => {
  assert("code" in result);
  return result as AdvisedFailure;
};

const OPENING = 0x8_0900; // O_CLOEXEC | O_NONBLOCK | O_NOCTTY
const MIB = 2 ** 20;

test("the calls of named memory are opened when they are asked for", () => {
  for (const { open } of Object.values(SIMULATIONS)) {
    const system = open();
    const count = system.runtime.opened.length;
    void system.os.named;
    assertEquals(system.runtime.opened.length, count + 1);
    void system.os.named;
    assertEquals(system.runtime.opened.length, count + 1);
  }
});

test("linux makes memory without a name, of its whole length, and then names it", () => {
  const system = opened("linux");
  const { file, publish } = made(system.os.named.create("größe", 5000, true));
  assertEquals(calls(system).map(([name]) => name), [
    "open",
    "open",
    "open",
    "close",
    "fstatfs",
    "fchmod",
    "ftruncate",
    ...["open", "read", "read", "close"], // how much memory the machine has
    ...["open", "read", "close"], // and its control groups, of which nothing is told here
    "fallocate",
  ]);
  const [looked, first, own, , , changed, truncated] = calls(system);
  const reserved = calls(system).at(-1);
  // O_PATH | O_NOFOLLOW
  assertEquals(looked, ["open", "/dev/shm/größe", 0o10_400_000 | OPENING, 0]);
  // O_TMPFILE | O_RDWR, and 0600
  assertEquals(first, ["open", "/dev/shm", 0o20_200_000 | 2 | OPENING, 0o600]);
  assertEquals(own, ["open", `/proc/self/fd/${file}`, 0o10_400_000 | OPENING, 0]);
  assertEquals(changed, ["fchmod", file, 0o600]); // whatever the umask is
  assertEquals(truncated, ["ftruncate", file, 5000n]);
  assertEquals(reserved, ["fallocate", file, 0, 0n, 5000n]);
  assertEquals([...system.kernel.names], []);
  forget(system);
  assertEquals(publish!(), undefined);
  assertEquals(calls(system), [
    ["linkat", -100, `/proc/self/fd/${file}`, -100, "/dev/shm/größe", 0x400],
  ]);
  assertEquals([...system.kernel.names], ["/dev/shm/größe"]);
  assertEquals(publish!(), { syscall: "linkat", osError: 17, code: "EEXIST" });
});

test("linux sets nothing aside for a name that is taken", () => {
  const system = opened("linux");
  system.kernel.names.add("/dev/shm/a");
  const failure = refused(system.os.named.create("a", 4096, true));
  assertEquals(failure, refusal("EEXIST"));
  assertEquals([names(system), system.kernel.open.size], [["open", "close"], 0]);
});

test("linux opens memory, and follows no symbolic link", () => {
  const system = opened("linux");
  system.kernel.names.add("/dev/shm/a");
  const { file, byteLength, owner } = there(system.os.named.open("a"));
  assertEquals(byteLength, system.kernel.fileByteLength);
  assertEquals(owner, { user: 1000, self: 1000, mode: 0o600 });
  assertEquals(calls(system)[0], ["open", "/dev/shm/a", 0o400_000 | 2 | OPENING, 0]);
  assertEquals(calls(system).at(-1), ["lseek", file, 0n, 2]);
  const { pathOf, isKeptOpen } = system.os.named;
  assertEquals([pathOf!("a"), isKeptOpen], ["/dev/shm/a", false]);
});

test("linux has other flags on AArch64", () => {
  const { runtime } = opened("linux");
  const { named } = linux(runtime, "arm64");
  runtime.calls.length = 0;
  named.open("a");
  named.create("a", 1, false);
  const flags = runtime.calls.filter(([name]) => name === "open").map(([, , flags]) => flags);
  // O_NOFOLLOW, O_DIRECTORY, O_PATH | O_NOFOLLOW, O_TMPFILE
  assertEquals(flags.slice(0, 4), [
    0o100_000 | 2 | OPENING,
    0o40_000 | OPENING,
    0o10_100_000 | OPENING,
    0o20_040_000 | 2 | OPENING,
  ]);
});

/** Where the slices start, and how long they are, in MiB. */
function slices(system: SimulatedSystem): number[][] {
  return system.runtime.calls.filter(([name]) => name === "fallocate")
    .map(([, , , start, length]) => [Number(start) / MIB, Number(length) / MIB]);
}

test("linux sets memory aside in slices, and half of those that a signal came upon", () => {
  const system = opened("linux");
  fail(system, 15, 4); // EINTR, of the second slice
  made(system.os.named.create("a", 194 * MIB + 1, true));
  assertEquals(slices(system), [
    [0, 64],
    [64, 64],
    [64, 32],
    [96, 64], // it goes well again
    [160, 34 + 1 / MIB],
  ]);
});

test("linux sets memory aside where signals come all the time", () => {
  for (const longest of [4 * MIB, Number(PAGE)]) {
    const system = opened("linux");
    system.kernel.interrupts = (byteLength) => byteLength > longest;
    made(system.os.named.create("a", 4 * MIB + 5000, true));
    const done = slices(system).filter((slice) => slice[1]! * MIB <= longest);
    assertEquals(done.reduce((sum, slice) => sum + slice[1]! * MIB, 0), 4 * MIB + 5000);
    assert(slices(system).length < 3 * (4 * MIB + 5000) / longest + 20);
  }
});

test("linux gives up where not even a page is set aside between two signals", () => {
  const system = opened("linux");
  system.kernel.interrupts = () => true;
  const { code, syscall } = refused(system.os.named.create("a", 64 * MIB, true));
  assertEquals([code, syscall], ["EINTR", "fallocate"]);
  assertEquals([slices(system).length, slices(system).at(-1)], [1000, [0, Number(PAGE) / MIB]]);
  assertEquals(system.kernel.open.size, 0);
});

test("linux sets nothing aside where it is not asked to", () => {
  const system = opened("linux");
  made(system.os.named.create("a", 2 ** 50, false));
  assertEquals(names(system), ["open", "open", "open", "close", "fstatfs", "fchmod", "ftruncate"]);
});

test("linux makes nothing that there is no room for, and tells so without trying", () => {
  const system = opened("linux");
  const { kernel } = system;
  for (
    const [byteLength, code, words] of [
      [2 ** 31 + 1, "ENOSPC", "df /dev/shm"],
      [1_500_000 * 1024 * 0.9 + 1, "ENOMEM", "nine tenths"],
    ] as const
  ) {
    const failure = refused(system.os.named.create("a", byteLength, true));
    assertEquals(failure.code, code);
    assertStringIncludes(failure.advice!, words);
  }
  assert(!names(system).includes("fallocate"));
  made(system.os.named.create("a", 1_500_000 * 1024 * 0.9, true));
  const { texts } = kernel;
  texts["/proc/self/cgroup"] = "0::/a\n";
  // Longer than what the kernel tells at a time.
  texts["/proc/self/mountinfo"] = "1 2 0:5 / /dev rw - tmpfs tmpfs rw\n".repeat(99) +
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
  texts["/sys/fs/cgroup/a/memory.current"] = "4096\n";
  texts["/sys/fs/cgroup/a/memory.swap.max"] = "0\n";
  texts["/sys/fs/cgroup/a/memory.swap.current"] = "0\n";
  for (const [limit, isRoom] of [["max\n", true], ["999999980\n", false]] as const) {
    texts["/sys/fs/cgroup/a/memory.max"] = limit;
    const result = system.os.named.create("a", 9e8, true);
    if (isRoom) made(result);
    else {
      const { code, advice } = refused(result);
      assertEquals(code, "ENOMEM");
      assertStringIncludes(advice!, "999999980 bytes of memory (/sys/fs/cgroup/a/memory.max)");
      assertStringIncludes(advice!, "of which 999995884 are to be had");
    }
  }
  delete texts["/proc/self/cgroup"];
  for (const meminfo of ["", "MemTotal: 1 kB\n"]) { // where it is not told
    texts["/proc/meminfo"] = meminfo;
    made(system.os.named.create("a", 2 ** 31, true));
  }
  assertEquals([...kernel.open.values()].length, 4);
});

test("linux tells what to do where /dev/shm is full", () => {
  const system = opened("linux");
  fail(system, 14, 28);
  const { code, syscall, advice } = refused(system.os.named.create("a", 4096, true));
  assertEquals([code, syscall], ["ENOSPC", "fallocate"]);
  assertStringIncludes(advice!, "noReserve()");
  assertEquals(system.kernel.open.size, 0);
});

test("linux has no named memory without a tmpfs at /dev/shm", () => {
  const system = opened("linux");
  const { kernel, os: { named } } = system;
  fail(system, 1, 2); // ENOENT
  const missing = refused(named.create("a", 4096, true));
  fail(system, 1, 2);
  const unopened = refused(named.open("a"));
  for (const failure of [missing, unopened]) {
    assertEquals([failure.code, failure.osError, failure.osCode], ["ENOTSUP", 2, "ENOENT"]);
    assertStringIncludes(failure.advice!, "there is no /dev/shm");
  }
  assertEquals(refused(named.open("a")).code, "ENOENT");
  let file = 7;
  kernel.opened = (what) => (kernel.open.set(++file, what && "file"), file); // on a disk
  kernel.names.add("/dev/shm/a");
  for (const failure of [refused(named.create("b", 4096, true)), refused(named.open("a"))]) {
    assertEquals(failure.code, "ENOTSUP");
    assertStringIncludes(failure.advice!, "is not in memory");
  }
  assertEquals(kernel.open.size, 0);
});

test("darwin makes memory by another name in the user's own folder, and links it when it is whole", () => {
  const system = opened("darwin");
  const { file, publish } = made(system.os.named.create("a", 5000, true));
  const folder = "/var/folders/zz/T/";
  const temporary = `${folder}.sysalloc-1234567890`;
  assertEquals(calls(system).slice(1), [
    ["mkostemp", temporary, 0x100_0000], // O_CLOEXEC
    ["fchmod", file, 0o600],
    ["ftruncate", file, 5000n],
  ]);
  assertEquals(runtimeCall(system, 0), ["confstr", 65537]);
  assertEquals([...system.kernel.names], [temporary]);
  forget(system);
  assertEquals(publish!(), undefined);
  assertEquals(calls(system), [
    ["link", temporary, `${folder}sysalloc-a`],
    ["unlink", temporary],
  ]);
  assertEquals([...system.kernel.names], [`${folder}sysalloc-a`]);
  const second = made(system.os.named.create("a", 5000, true));
  assertEquals(second.publish!()?.code, "EEXIST");
  second.discard!();
  assertEquals([...system.kernel.names], [`${folder}sysalloc-a`]);
  forget(system);
  const opening = 0x102_0004 | 0x100; // and O_NOFOLLOW
  there(system.os.named.open("a"));
  assertEquals(calls(system)[0], ["open", `${folder}sysalloc-a`, opening | 2]);
  assert(!names(system).includes("confstr")); // it was asked for once
  assertEquals(system.os.named.pathOf!("b"), `${folder}sysalloc-b`);
});

/** A call, without its buffers. */
function runtimeCall({ runtime }: SimulatedSystem, index: number): unknown[] {
  const [name, ...args] = runtime.calls[index]!;
  return [name, ...args.filter((argument) => typeof argument === "number")];
}

for (const platform of ["linux", "darwin"] as const) {
  test(`${platform} makes no memory beyond RLIMIT_FSIZE, and leaves nothing`, () => {
    const system = opened(platform);
    const { kernel, os: { named } } = system;
    kernel.fileLimit = 8192n;
    for (const isReserved of [true, false]) {
      const failure = refused(named.create("a", 8193, isReserved));
      assertEquals([failure.code, failure.syscall], ["EFBIG", undefined]);
      assertStringIncludes(failure.advice!, "at most 8192 bytes (RLIMIT_FSIZE)");
    }
    assertEquals([kernel.names.size, kernel.open.size], [0, 0]);
    made(named.create("a", 8192, true));
  });
}
test("linux makes memory by another name where files without one are refused", () => {
  const [EPERM, ENOENT, EISDIR, EINVAL, ENOSYS, ENOTSUP] = [1, 2, 21, 22, 38, 95];
  for (const error of [EPERM, EISDIR, EINVAL, ENOSYS, ENOTSUP, "no /proc"] as const) {
    const system = opened("linux");
    const { kernel } = system;
    if (error === "no /proc") fail(system, 2, ENOENT);
    else kernel.unnamedError = error;
    const { file, publish, discard } = made(system.os.named.create("a", 5000, true));
    const temporary = "/dev/shm/.sysalloc-1234567890";
    const found = calls(system).filter(([name]) => name !== "open" && name !== "close");
    assertEquals(found.slice(0, 4), [
      ["mkostemp", temporary, 0x8_0000], // O_CLOEXEC
      found[1]!,
      ["fchmod", file, 0o600],
      ["ftruncate", file, 5000n],
    ]);
    assertEquals([[...kernel.open.keys()], [...kernel.names]], [[file], [temporary]]);
    kernel.names.add("/dev/shm/a"); // by somebody else
    assertEquals(publish!(), { syscall: "link", osError: 17, code: "EEXIST" });
    kernel.names.delete("/dev/shm/a");
    assertEquals(publish!(), undefined);
    assertEquals([...kernel.names], ["/dev/shm/a"]);
    discard!();
    assertEquals([...kernel.names], ["/dev/shm/a"]);
  }
});

test("linux leaves nothing of memory by another name, whichever call fails", () => {
  for (let index = 0, failures = 0;; index++) {
    const system = opened("linux");
    const { kernel } = system;
    kernel.unnamedError = 95;
    fail(system, index, 28);
    const result = system.os.named.create("a", 4096, true);
    const failed = kernel.calls[index];
    if (failed === undefined) {
      assertEquals(failures, 6); // open, mkostemp, fstatfs, fchmod, ftruncate, fallocate
      break;
    }
    if ("file" in result) {
      result.discard!();
      system.os.files.close(result.file);
    } else failures++;
    assertEquals([kernel.open.size, kernel.names.size], [0, 0], failed);
  }
});

for (const platform of ["linux", "darwin"] as const) {
  test(`${platform}: what is missing to make memory is not told as memory that is not there`, async () => {
    const ENOENT = 2;
    let codes = "";
    for (const unnamedError of [undefined, 95]) {
      for (let index = 0, isDone = false; !isDone; index++) {
        const system = SIMULATIONS[platform].open();
        const { kernel } = system;
        kernel.unnamedError = unnamedError;
        await on(system, () => {
          kernel.fault = { index, error: ENOENT };
          const options = new MmapOptions({ len: 4096 });
          let mmap: Mmap | undefined;
          const code = codeOf(() => {
            mmap = options.mapShared("a", { mode: "create" });
          });
          isDone = kernel.calls.length <= index;
          kernel.fault = undefined;
          mmap?.unmap();
          if (code === "undefined") return;
          codes += `${kernel.calls[index]} ${code}\n`;
          assert(code !== "ENOENT" || /^(mmap|confstr)$/.test(kernel.calls[index]!), codes);
          assertEquals([kernel.open.size, kernel.names.size], [0, 0], codes);
        });
      }
    }
    assertStringIncludes(codes, platform === "linux" ? "linkat ENOTSUP" : "link ENOTSUP");
  });
}

test("linux and darwin tell whose memory is that they open", () => {
  for (
    const [platform, path] of [
      ["linux", "/dev/shm/a"],
      ["darwin", "/var/folders/zz/T/sysalloc-a"],
    ] as const
  ) {
    const system = opened(platform);
    const { kernel, os: { named } } = system;
    kernel.names.add(path);
    Object.assign(kernel.owner, { user: 4_000_000_000, mode: 0o4666 });
    const owner = { user: 4_000_000_000, self: 1000, mode: 0o4666 };
    assertEquals(there(named.open("a")).owner, owner);
    if (platform === "linux") assertEquals<object>(named.ownerOf!("a"), owner);
    assertEquals([kernel.open.size, named.ownerOf === undefined], [1, platform === "darwin"]);
  }
});

test("darwin removes the other name where the length cannot be set", () => {
  const system = opened("darwin");
  fail(system, 3, 28);
  const { syscall, code } = refused(system.os.named.create("a", 5000, true));
  assertEquals([syscall, code], ["ftruncate", "ENOSPC"]);
  assertEquals([system.kernel.names.size, system.kernel.open.size], [0, 0]);
});

test("windows makes a section of the session, of a length of 64 bits", () => {
  const system = opened("windows");
  const { file } = made(system.os.named.create("ä🦕", 5 * 2 ** 32 + 7, true));
  const [[, handle, security, protection, high, low, name] = []] = system.runtime.calls;
  assertEquals([handle, security, protection, high, low], [2n ** 64n - 1n, 0n, 4, 5, 7]);
  assertEquals(new TextDecoder("utf-16le").decode(name as Uint8Array), "Local\\ä🦕\0");
  assertEquals([...system.kernel.open.keys()], [file]);
  assertEquals([system.os.named.pathOf, system.os.named.isKeptOpen], [undefined, true]);
});

test("windows makes no second section of a name, and closes the one that was there", () => {
  const system = opened("windows");
  made(system.os.named.create("a", 4096, true));
  const failure = refused(system.os.named.create("a", 8192, true));
  assertEquals(failure, { syscall: "CreateFileMappingW", osError: 183, code: "EEXIST" });
  assertEquals(system.kernel.open.size, 1);
  fail(system, 0, 6); // ERROR_INVALID_HANDLE
  const other = refused(system.os.named.create("a", 8192, true));
  assertEquals(other.code, "EEXIST");
  assertStringIncludes(other.advice!, "an event");
});

test("windows opens a section to load and store, and tells its length by a view", () => {
  const system = opened("windows");
  made(system.os.named.create("a", 3 * 4096, true));
  forget(system);
  assertEquals(there(system.os.named.open("a")).byteLength, 3 * 4096);
  assertEquals(names(system).filter((name) => name !== "VirtualQuery"), [
    "OpenFileMappingW",
    "MapViewOfFile",
    "UnmapViewOfFile",
  ]);
  const [open, map] = system.runtime.calls;
  assertEquals(open!.slice(1, 3), [6, 0]); // FILE_MAP_READ | FILE_MAP_WRITE
  assertEquals(map!.slice(2), [2, 0, 0, 0n]);
  assertEquals(system.kernel.space.pageCount, 0);
  assertEquals(refused(system.os.named.open("b")).code, "ENOENT");
});

test("windows opens no section in which a store could end the process", () => {
  const system = opened("windows");
  made(system.os.named.create("a", 3 * 4096, true));
  const { space } = system.kernel;
  const map = space.map.bind(space);
  for (const state of ["section 2", "section 8", "reserved"]) {
    space.map = (address, byteLength, _state) => {
      const base = map(address, byteLength, "section 4");
      space.change(base + 4096n, 4096n, () => state);
      return base;
    };
    const failure = refused(system.os.named.open("a"));
    assertEquals(failure.code, "ENOTSUP");
    assertStringIncludes(failure.advice!, "only plain memory");
    assertEquals([space.pageCount, system.kernel.open.size], [0, 1]);
  }
});

test("windows maps a section as it is, and leaves it open: its name would be gone", () => {
  const system = opened("windows");
  const { file } = made(system.os.named.create("a", 8192, true));
  forget(system);
  const address = system.os.files.map(
    fileRequest({ file, isNamed: true, protection: "read-write", hint: HINT }),
  );
  assertEquals(calls(system), [["MapViewOfFileEx", BigInt(file), 2, 0, 0, 8192n, HINT]]);
  assertEquals(address, HINT);
  assertEquals(system.kernel.open.size, 1);
  system.os.files.close(file);
  assertEquals([...system.kernel.names], []);
});
