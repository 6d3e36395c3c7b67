import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../support/harness.ts";
import { calls, obtained, opened, refused } from "../support/simulated/named_memory.ts";
import { fail, fileRequest, forget, HINT, names, simulated } from "../support/simulated/mod.ts";

test("windows: the calls of named memory are opened when they are asked for", () => {
  const { os, runtime } = simulated("windows");
  const count = runtime.opened.length;
  void os.named;
  const after = runtime.opened.length;
  assert(after > count);
  void os.named;
  assertEquals(runtime.opened.length, after);
});

test("windows: create() makes a section of the session, with a length of 64 bits", () => {
  const system = opened("windows");
  const { file } = obtained(system.os.named.create("ä🦕", 5 * 2 ** 32 + 7, true));
  const [[, handle, security, protection, high, low, name] = []] = system.runtime.calls;
  assertEquals([handle, security, protection, high, low], [2n ** 64n - 1n, 0n, 4, 5, 7]);
  assertEquals(new TextDecoder("utf-16le").decode(name as Uint8Array), "Local\\ä🦕\0");
  assertEquals([...system.kernel.open.keys()], [file]);
  assertEquals([system.os.named.pathOf, system.os.named.isKeptOpen], [undefined, true]);
});

test("windows: create() makes no second section of a name, and closes the one that was there", () => {
  const system = opened("windows");
  obtained(system.os.named.create("a", 4096, true));
  const failure = refused(system.os.named.create("a", 8192, true));
  assertEquals(failure, { syscall: "CreateFileMappingW", osError: 183, code: "EEXIST" });
  assertEquals(system.kernel.open.size, 1);
  fail(system, 0, 6); // ERROR_INVALID_HANDLE
  const other = refused(system.os.named.create("a", 8192, true));
  assertEquals(other.code, "EEXIST");
  assertStringIncludes(other.advice!, "an event");
});

test("windows: open() opens a section to load and store, and tells its length by a view", () => {
  const system = opened("windows");
  obtained(system.os.named.create("a", 3 * 4096, true));
  forget(system);
  assertEquals(obtained(system.os.named.open("a")).byteLength, 3 * 4096);
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

test("windows: open() opens no section in which a store could end the process", () => {
  const system = opened("windows");
  obtained(system.os.named.create("a", 3 * 4096, true));
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

test("windows: map() leaves a section open, because its name would be gone", () => {
  const system = opened("windows");
  const { file } = obtained(system.os.named.create("a", 8192, true));
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
