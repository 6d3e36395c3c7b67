import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { currentRuntime } from "../../ffi/host.ts";
import { Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf, errorOf } from "../support/errors.ts";
import { test, use } from "../support/harness.ts";
import { pattern, TempFolder } from "../support/temp_files.ts";
import { makeMemory, withoutEngineMemory } from "../support/wasm_module.ts";

const PAGE = pageSize();
const LENGTH = 4 * PAGE;

function map(): Mmap {
  return use(new MmapOptions({ len: LENGTH }).mapAnon());
}

test("pointerAt() is what the FFI takes for the address of a byte", () => {
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  const guarded = use(new MmapOptions({ len: LENGTH, guard: PAGE }).mapAnon());
  for (const mmap of [map(), guarded, use(new MmapOptions({ offset: 7 }).map(path))]) {
    assertEquals(mmap.pointerAt(0), mmap.pointer);
    for (const at of [1, PAGE, mmap.byteLength - 1]) {
      assertEquals(mmap.pointerAt(at), currentRuntime().pointer(mmap.address + BigInt(at)));
      assertEquals(mmap.pointerAt(BigInt(at)), mmap.pointerAt(at));
    }
    for (const at of [mmap.byteLength, -1, 2 ** 53, Infinity]) {
      assertThrows(() => mmap.pointerAt(at), RangeError);
    }
    for (const at of [undefined, "0", NaN, 0.5]) {
      assertThrows(() => mmap.pointerAt(at as number), TypeError);
    }
  }
});

test("pin() makes what would move or end the memory EBUSY until all pins are disposed", () => {
  for (const isViewed of [false, true]) {
    const mmap = map();
    const view = isViewed ? mmap.bytes : undefined;
    const refused = [
      () => mmap.unmap(),
      () => mmap[Symbol.dispose](),
      () => mmap.protect("read-write"),
      () => mmap.unsafeProtect("none", 0, PAGE),
      () => mmap.decommit(0, PAGE),
      () => mmap.resize(LENGTH),
      () => mmap.intoRaw(),
    ];
    const pins = [mmap.pin(), mmap.pin()];
    for (const left of [2, 1]) {
      for (const call of refused) {
        const { code, message } = errorOf(call);
        assertEquals([code, mmap.closed, mmap.access], ["EBUSY", false, "read-write"]);
        assertStringIncludes(message, left === 1 ? "the pin of" : "the 2 pins of");
      }
      const pin = pins.pop()!;
      pin[Symbol.dispose]();
      pin[Symbol.dispose](); // does nothing
    }
    assertEquals(view?.length ?? LENGTH, LENGTH);
    mmap.discard();
    mmap.protect("read-write", 0, PAGE);
    mmap.unmap();
    assertEquals([mmap.closed, codeOf(() => mmap.pin())], [true, "EBADF"]);
  }
});

test("pin() within a capacity refuses to make the memory shorter, but not longer", () => {
  const mmap = use(new MmapOptions({ len: LENGTH, capacity: 2 * LENGTH }).mapAnon());
  const pin = mmap.pin();
  mmap.resize(LENGTH + 1);
  assertEquals([codeOf(() => mmap.resize(PAGE)), mmap.byteLength], ["EBUSY", LENGTH + 1]);
  pin[Symbol.dispose]();
  mmap.resize(PAGE);
});

test("pin() of one handle keeps the memory when others are unmapped, and from their changes", () => {
  const mmap = map();
  mmap.bytes[5] = 7;
  const other = Mmap.fromTicket(mmap.share());
  const pin = mmap.pin();
  for (const call of [() => other.protect("none"), () => other.decommit(0, PAGE)]) {
    assertEquals(codeOf(call), "EBUSY");
  }
  other.unmap();
  assertEquals([mmap.bytes[5], codeOf(() => mmap.unmap())], [7, "EBUSY"]);
  pin[Symbol.dispose]();
  mmap.unmap();
});

test("pin() of memory of the engine needs a shared one, which does not move", () => {
  const path = use(new TempFolder()).file("file", pattern(LENGTH));
  const shared = use(new MmapOptions().into(makeMemory("shared", 1, 4), "grow").map(path));
  const pin = shared.pin();
  assertEquals(codeOf(() => shared.unmap()), "EBUSY");
  pin[Symbol.dispose]();
  shared.unmap();
  if (currentRuntime().wasm.refusal(false) !== undefined) return; // Bun maps into no other
  const { code, message } = errorOf(
    () => use(new MmapOptions().into(makeMemory("plain", 1, 4), "grow").map(path)).pin(),
  );
  assertEquals(code, "ENOTSUP");
  assertStringIncludes(message, "shared: true");
}, { skip: withoutEngineMemory });
