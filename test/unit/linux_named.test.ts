import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { refusal } from "../../ffi/os/contract/memory.ts";
import { linux } from "../../ffi/os/linux/os.ts";
import { test } from "../support/harness.ts";
import { calls, obtained, opened, refused } from "../support/simulated/named_memory.ts";
import { fail, forget, names, PAGE, type SimulatedSystem } from "../support/simulated/mod.ts";

const OPENING = 0x8_0900; // O_CLOEXEC | O_NONBLOCK | O_NOCTTY
const MIB = 2 ** 20;

test("linux: create() makes memory without a name, of its whole length, and publish() names it", () => {
  const system = opened("linux");
  const { kernel, os: { named } } = system;
  const { file, publish } = obtained(named.create("größe", 5000, true));
  const [first, own, , , , reserved] = calls(system);
  assertEquals(names(system), ["open", "open", "close", "syscall", "fstatfs", "fallocate"]);
  // O_TMPFILE | O_RDWR, and 0600
  assertEquals(first, ["open", "/dev/shm", 0o20_200_000 | 2 | OPENING, 0o600]);
  // O_PATH | O_NOFOLLOW
  assertEquals(own, ["open", `/proc/self/fd/${file}`, 0o10_400_000 | OPENING, 0]);
  assertEquals(reserved, ["fallocate", file, 0, 0n, 5000n]);
  assertEquals([...kernel.names], []);
  forget(system);
  assertEquals(publish!(), undefined);
  const byDescriptor = ["linkat", file, "", -100, "/dev/shm/größe", 0x1000];
  assertEquals(calls(system), [
    byDescriptor,
    ["linkat", -100, `/proc/self/fd/${file}`, -100, "/dev/shm/größe", 0x400],
  ]);
  assertEquals([...kernel.names], ["/dev/shm/größe"]);
  assertEquals(publish!(), { syscall: "linkat", osError: 17, code: "EEXIST" });
  kernel.linksDescriptors = true;
  assertEquals(publish!(), { syscall: "linkat", osError: 17, code: "EEXIST" });
  kernel.names.clear();
  forget(system);
  assertEquals(publish!(), undefined);
  assertEquals(calls(system), [byDescriptor]);
  // The next memory needs no look at what does not change.
  forget(system);
  obtained(named.create("b", 5000, true));
  assertEquals(names(system), ["open", "syscall", "fallocate"]);
});

test("linux: create() sets the mode if the umask has changed it", () => {
  const system = opened("linux");
  system.kernel.owner.mode = 0o400;
  const { file } = obtained(system.os.named.create("a", 5000, true));
  assertEquals(calls(system).at(-2), ["fchmod", file, 0o600]);
});

test("linux: create() looks at the room once for 4 MiB of short memory", () => {
  const system = opened("linux");
  obtained(system.os.named.create("a", 5000, true));
  forget(system);
  for (let index = 0; index < 128; index++) {
    obtained(system.os.named.create("a", 65_536, true));
  }
  assertEquals(names(system).filter((name) => name === "fstatfs").length, 2);
});

test("linux: create() looks at the room each time when less than 64 MiB are left", () => {
  const system = opened("linux");
  const { kernel, os: { named } } = system;
  const leave = (mebibytes: number) => {
    const room = Math.ceil(mebibytes * 1024 / 0.9); // nine tenths can be had
    kernel.texts["/proc/meminfo"] = `MemAvailable: ${room} kB\nSwapFree: 0 kB\n`;
  };
  leave(67);
  obtained(named.create("a", 4 * MIB, true));
  leave(68);
  obtained(named.create("a", 4 * MIB, true));
  leave(0);
  obtained(named.create("a", 4 * MIB - 1, true)); // not looked at
  leave(67);
  obtained(named.create("a", 4 * MIB, true));
  leave(0);
  assertEquals(refused(named.create("a", 1, true)).code, "ENOMEM");
});

test("linux: create() sets nothing aside when the name is taken", () => {
  const system = opened("linux");
  const { kernel, os: { named } } = system;
  kernel.names.add("/dev/shm/a");
  assertEquals(refused(named.create("a", 65_537, true)), refusal("EEXIST"));
  assertEquals([names(system), kernel.open.size], [["open", "close"], 0]);
  assertEquals(calls(system)[0], ["open", "/dev/shm/a", 0o10_400_000 | OPENING, 0]);
  // Short memory finds the name when it gets it, or when it cannot be made.
  obtained(named.create("b", 5000, true));
  fail(system, 2, 28);
  assertEquals(refused(named.create("a", 65_536, true)), refusal("EEXIST"));
});

test("linux: open() follows no symbolic link", () => {
  const system = opened("linux");
  system.kernel.names.add("/dev/shm/a");
  const { byteLength, owner } = obtained(system.os.named.open("a"));
  assertEquals(byteLength, system.kernel.fileByteLength);
  assertEquals(owner, { user: 1000, self: 1000, mode: 0o600 });
  assertEquals(calls(system)[0], ["open", "/dev/shm/a", 0o400_000 | 2 | OPENING, 0]);
  const { pathOf, isKeptOpen } = system.os.named;
  assertEquals([pathOf!("a"), isKeptOpen], ["/dev/shm/a", false]);
});

test("linux: create() and open() pass other flags on arm64", () => {
  const { runtime } = opened("linux");
  const { named } = linux(runtime, "arm64");
  runtime.calls.length = 0;
  named.open("a");
  named.create("a", 1, false);
  const flags = runtime.calls.filter(([name]) => name === "open").map(([, , flags]) => flags);
  // O_NOFOLLOW, O_DIRECTORY, O_TMPFILE, O_PATH | O_NOFOLLOW
  assertEquals(flags.slice(0, 4), [
    0o100_000 | 2 | OPENING,
    0o40_000 | OPENING,
    0o20_040_000 | 2 | OPENING,
    0o10_100_000 | OPENING,
  ]);
});

/** The starts and lengths of the slices, in MiB. */
function slices(system: SimulatedSystem): number[][] {
  return system.runtime.calls.filter(([name]) => name === "fallocate")
    .map(([, , , start, length]) => [Number(start) / MIB, Number(length) / MIB]);
}

test("linux: create() sets memory aside in slices, and halves those that a signal interrupts", () => {
  const system = opened("linux");
  fail(system, 15, 4); // EINTR, of the second slice
  obtained(system.os.named.create("a", 194 * MIB + 1, true));
  assertEquals(slices(system), [
    [0, 64],
    [64, 64],
    [64, 32],
    [96, 64], // it goes well again
    [160, 34 + 1 / MIB],
  ]);
});

test("linux: create() sets memory aside when signals come all the time", () => {
  for (const longest of [4 * MIB, Number(PAGE)]) {
    const system = opened("linux");
    system.kernel.interrupts = (byteLength) => byteLength > longest;
    obtained(system.os.named.create("a", 4 * MIB + 5000, true));
    const done = slices(system).filter((slice) => slice[1]! * MIB <= longest);
    assertEquals(done.reduce((sum, slice) => sum + slice[1]! * MIB, 0), 4 * MIB + 5000);
    assert(slices(system).length < 3 * (4 * MIB + 5000) / longest + 20);
  }
});

test("linux: create() gives up when not even a page is set aside between two signals", () => {
  const system = opened("linux");
  system.kernel.interrupts = () => true;
  const { code, syscall } = refused(system.os.named.create("a", 64 * MIB, true));
  assertEquals([code, syscall], ["EINTR", "fallocate"]);
  assertEquals([slices(system).length, slices(system).at(-1)], [1000, [0, Number(PAGE) / MIB]]);
  assertEquals(system.kernel.open.size, 0);
});

test("linux: create() sets nothing aside when it is not asked to", () => {
  const system = opened("linux");
  obtained(system.os.named.create("a", 2 ** 50, false));
  assertEquals(names(system), ["open", "open", "close", "syscall", "fstatfs", "ftruncate"]);
});

test("linux: create() makes nothing, and says so without trying, when there is no room", () => {
  const system = opened("linux");
  const { kernel } = system;
  for (
    const [byteLength, code, words] of [
      [2 ** 31 + 1, "ENOSPC", "docker run --shm-size"],
      [1_500_000 * 1024 * 0.9 + 1, "ENOMEM", "nine tenths"],
    ] as const
  ) {
    const failure = refused(system.os.named.create("a", byteLength, true));
    assertEquals(failure.code, code);
    assertStringIncludes(failure.advice!, words);
  }
  assert(!names(system).includes("fallocate"));
  obtained(system.os.named.create("a", 1_500_000 * 1024 * 0.9, true));
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
    if (isRoom) obtained(result);
    else {
      const { code, advice } = refused(result);
      assertEquals(code, "ENOMEM");
      assertStringIncludes(advice!, "999999980 bytes of memory (/sys/fs/cgroup/a/memory.max)");
      assertStringIncludes(advice!, "999995884 are left");
    }
  }
  delete texts["/proc/self/cgroup"];
  for (const meminfo of ["", "MemTotal: 1 kB\n"]) { // where it is not told
    texts["/proc/meminfo"] = meminfo;
    obtained(system.os.named.create("a", 2 ** 31, true));
  }
  assertEquals([...kernel.open.values()].length, 4);
});

test("linux: create() says what to do when /dev/shm is full", () => {
  const system = opened("linux");
  fail(system, 5, 28);
  const { code, syscall, advice } = refused(system.os.named.create("a", 4096, true));
  assertEquals([code, syscall], ["ENOSPC", "fallocate"]);
  assertStringIncludes(advice!, "noReserve()");
  assertEquals(system.kernel.open.size, 0);
});

test("linux: create() and open() are ENOTSUP when /dev/shm is no tmpfs", () => {
  const system = opened("linux");
  const { kernel, os: { named } } = system;
  fail(system, 0, 2); // ENOENT
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

test("linux: create() makes memory under another name when files without one are refused", () => {
  const [EPERM, ENOENT, EISDIR, EINVAL, ENOSYS, ENOTSUP] = [1, 2, 21, 22, 38, 95];
  for (const error of [EPERM, EISDIR, EINVAL, ENOSYS, ENOTSUP, "no /proc"] as const) {
    const system = opened("linux");
    const { kernel } = system;
    if (error === "no /proc") fail(system, 1, ENOENT);
    else kernel.unnamedError = error;
    const { file, publish, discard } = obtained(system.os.named.create("a", 5000, true));
    const temporary = "/dev/shm/.sysalloc-1234567890";
    const found = calls(system).filter(([name]) => name !== "open" && name !== "close");
    assertEquals(found.slice(0, 4), [
      ["mkostemp", temporary, 0x8_0000], // O_CLOEXEC
      ...found.slice(1, 3),
      ["fallocate", file, 0, 0n, 5000n],
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

test("linux: create() leaves nothing under another name, whichever call fails", () => {
  for (let index = 0, failures = 0;; index++) {
    const system = opened("linux");
    const { kernel } = system;
    kernel.unnamedError = 95;
    fail(system, index, 28);
    const result = system.os.named.create("a", 4096, true);
    const failed = kernel.calls[index];
    if (failed === undefined) {
      assertEquals(failures, 5); // open, mkostemp, fstat, fstatfs, fallocate
      break;
    }
    if ("file" in result) {
      result.discard!();
      system.os.files.close(result.file);
    } else failures++;
    assertEquals([kernel.open.size, kernel.names.size], [0, 0], failed);
  }
});
