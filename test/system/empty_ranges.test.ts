import { assertEquals } from "@std/assert";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { test, use } from "../support/harness.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";

const LENGTH = 2 * pageSize() + 100;

/** Calls for a range of no byte. */
function callsAt(mmap: Mmap, at: number): Record<string, () => unknown> {
  return {
    protect: () => mmap.protect("none", at, 0),
    unsafeProtect: () => mmap.unsafeProtect("read", at, 0),
    commit: () => mmap.commit(at, 0),
    decommit: () => mmap.decommit(at, 0),
    discard: () => mmap.discard(at, 0),
    flush: () => mmap.flush(at, 0),
    startFlush: () => mmap.startFlush(at, 0),
    advise: () => mmap.advise("normal", at, 0),
    adviseWholePages: () => mmap.advise("free", at, 0),
    lock: () => mmap.lock(at, 0),
    unlock: () => mmap.unlock(at, 0),
    read: () => mmap.read(new Uint8Array(0), at),
    write: () => mmap.write(new Uint8Array(0), at),
  };
}

test("calls for a range of no byte do nothing, of any memory and also at the end", async () => {
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  const options = new MmapOptions({ len: LENGTH });
  const made = [
    options.mapAnon(),
    options.reserve(),
    options.map(path),
    options.mapMut(path),
    new MmapOptions({ offset: 5 }).mapMut(path),
    options.mapRead(path),
    new MmapOptions({ len: 65_536 }).mapMirrored(),
  ];
  for (const mmap of made) {
    use(mmap);
    const { access, byteLength } = mmap;
    const view = access === "none" || access === "read" ? undefined : mmap.bytes;
    for (const at of [0, byteLength]) {
      for (const [name, call] of Object.entries(callsAt(mmap, at))) {
        assertEquals(codeOf(call), "undefined", `${name} at ${at}`);
      }
      assertEquals(mmap.resident(at, 0), 0);
      await mmap.prefault({ byteOffset: at, byteLength: 0 });
      await mmap.flushAsync(at, 0);
    }
    mmap.flush(byteLength); // the rest, which is nothing
    assertEquals([mmap.access, view?.length], [access, view && mmap.bytes.length]);
  }
});

test("calls for a range of no byte check their arguments", async () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  for (const [name, call] of Object.entries(callsAt(mmap, LENGTH + 1))) {
    assertEquals(codeOf(call), "RangeError", name);
  }
  assertEquals(codeOf(() => mmap.protect("all" as "read", 0, 0)), "RangeError");
  assertEquals(codeOf(() => mmap.discard(1, 0)), "RangeError"); // not of a page
  assertEquals(codeOf(() => mmap.advise("" as "free", 0, 0)), "RangeError");
  const signal = AbortSignal.abort("enough");
  assertEquals(await mmap.prefault({ byteLength: 0, signal }).catch(String), "enough");
  assertEquals(await mmap.flushAsync(0, 0, { signal }).catch(String), "enough");
  mmap.unmap();
  for (const [name, call] of Object.entries(callsAt(mmap, 0))) {
    assertEquals(codeOf(call), "EBADF", name);
  }
});
