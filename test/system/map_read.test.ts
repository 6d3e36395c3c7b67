import { assertEquals, assertStringIncludes } from "@std/assert";
import { MmapOptions, pageSize } from "../../mod.ts";
import { codeOf, errorOf } from "../support/errors.ts";
import { test, use } from "../support/harness.ts";
import { pattern, readBytes, TempFolder } from "../support/temp_files.ts";
import { wake } from "../support/waits.ts";

const LENGTH = 2 * pageSize() + 100;

test("mapRead() shows what others store to the file, and wakes and is woken by them", async () => {
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  const reader = use(new MmapOptions().mapRead(path));
  const writer = use(new MmapOptions().mapMut(path));
  const words = writer.view(Int32Array, 0, 2);
  assertEquals(readBytes(reader, LENGTH), pattern(LENGTH));
  words[1] = 0;
  assertEquals(readBytes(reader, 4, 4), new Uint8Array(4));
  assertEquals([reader.wait(4, 0, 0), reader.wait(4, 1)], ["timed-out", "not-equal"]);
  for (const [waits, wakes] of [[reader, writer], [writer, reader]] as const) {
    const woken = waits.waitAsync(4, 0);
    assertEquals(await wake(wakes, 1, 4), 1);
    assertEquals(await woken, "ok");
  }
});

test("mapRead() refuses views and stores when its file is open for reading alone", () => {
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  const mmap = use(new MmapOptions().mapRead(path));
  const refused = [
    () => mmap.bytes,
    () => mmap.view(Uint8Array, 1, 1),
    () => mmap.write(new Uint8Array(1)),
    () => mmap.discard(),
    () => mmap.protect("read-write"),
    () => mmap.unsafeProtect("copy-on-write", 0, pageSize()),
  ];
  for (const call of refused) {
    const { code, message } = errorOf(call);
    assertEquals([code, mmap.access], ["EACCES", "read"]);
    assertStringIncludes(message, "mapRead()");
    assertStringIncludes(message, "mapMut()");
  }
  mmap.protect("none");
  assertEquals([codeOf(() => mmap.wait(0, 0, 0)), codeOf(() => mmap.notify(0))], [
    "EACCES",
    "EACCES",
  ]);
  assertStringIncludes(errorOf(() => mmap.notify(0)).message, 'must be not "none"');
  mmap.protect("read");
  assertEquals(readBytes(mmap, LENGTH), pattern(LENGTH));
  mmap.flush();
});
