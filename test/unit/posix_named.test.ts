import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Mmap, MmapOptions } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { calls, obtained, opened, refused } from "../support/simulated/named_memory.ts";
import { on } from "../support/simulated/host.ts";
import { fail, forget, names, simulated, type SimulatedSystem } from "../support/simulated/mod.ts";
import { codeOf } from "../support/errors.ts";

for (const platform of ["linux", "darwin"] as const) {
  test(`${platform}: the calls of named memory are opened when they are asked for`, () => {
    const { os, runtime } = simulated(platform);
    const count = runtime.opened.length;
    void os.named;
    const after = runtime.opened.length;
    assert(after > count);
    void os.named;
    assertEquals(runtime.opened.length, after);
  });

  test(`${platform}: create() makes no memory beyond RLIMIT_FSIZE, and leaves nothing`, () => {
    const system = opened(platform);
    const { kernel, os: { named } } = system;
    kernel.fileLimit = 8192n;
    for (const isReserved of [true, false]) {
      const failure = refused(named.create("a", 8193, isReserved));
      assertEquals([failure.code, failure.syscall], ["EFBIG", undefined]);
      assertStringIncludes(failure.advice!, "at most 8192 bytes (RLIMIT_FSIZE)");
    }
    assertEquals([kernel.names.size, kernel.open.size], [0, 0]);
    obtained(named.create("a", 8192, true));
  });
}

for (const platform of ["linux", "darwin"] as const) {
  test(`${platform}: mapShared() is not ENOENT when what is missing is needed to make memory`, async () => {
    const ENOENT = 2;
    let codes = "";
    for (const unnamedError of [undefined, 95]) {
      for (let index = 0, isDone = false; !isDone; index++) {
        const system = simulated(platform);
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

for (
  const [platform, path] of [
    ["linux", "/dev/shm/a"],
    ["darwin", "/var/folders/zz/T/sysalloc-a"],
  ] as const
) {
  test(`${platform}: open() tells the owner of the memory`, () => {
    const { kernel, os: { named } } = opened(platform);
    kernel.names.add(path);
    Object.assign(kernel.owner, { user: 4_000_000_000, mode: 0o4666 });
    const owner = { user: 4_000_000_000, self: 1000, mode: 0o4666 };
    assertEquals(obtained(named.open("a")).owner, owner);
    if (platform === "linux") assertEquals<object>(named.ownerOf!("a"), owner);
    assertEquals([kernel.open.size, named.ownerOf === undefined], [1, platform === "darwin"]);
  });

  test(`${platform}: open() refuses a pipe or a device by the name of memory`, () => {
    const { kernel, os: { named } } = opened(platform);
    kernel.names.add(path);
    for (const kind of [0o010_000, 0o020_000]) { // S_IFIFO, S_IFCHR
      kernel.kind = kind;
      assertEquals([refused(named.open("a")).code, kernel.open.size], ["ESPIPE", 0]);
    }
  });
}

test("darwin: create() makes memory under another name in the user's own folder, and publish() links it", () => {
  const system = opened("darwin");
  const { file, publish } = obtained(system.os.named.create("a", 5000, true));
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
  const second = obtained(system.os.named.create("a", 5000, true));
  assertEquals(second.publish!()?.code, "EEXIST");
  second.discard!();
  assertEquals([...system.kernel.names], [`${folder}sysalloc-a`]);
  forget(system);
  const opening = 0x102_0004 | 0x100; // and O_NOFOLLOW
  obtained(system.os.named.open("a"));
  assertEquals(calls(system)[0], ["open", `${folder}sysalloc-a`, opening | 2, 0]);
  assert(!names(system).includes("confstr")); // it was asked for once
  assertEquals(system.os.named.pathOf!("b"), `${folder}sysalloc-b`);
});

/** A call, without its buffers. */
function runtimeCall({ runtime }: SimulatedSystem, index: number): unknown[] {
  const [name, ...args] = runtime.calls[index]!;
  return [name, ...args.filter((argument) => typeof argument === "number")];
}

test("darwin: create() removes the other name when the length cannot be set", () => {
  const system = opened("darwin");
  fail(system, 3, 28);
  const { syscall, code } = refused(system.os.named.create("a", 5000, true));
  assertEquals([syscall, code], ["ftruncate", "ENOSPC"]);
  assertEquals([system.kernel.names.size, system.kernel.open.size], [0, 0]);
});
