import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readFileSync } from "node:fs";
import { releaseHeldRanges } from "../../core/lifetime/held_ranges.ts";
import { MmapError, MmapOptions, pageSize, regions } from "../../mod.ts";
import { test, unlessLinux, use } from "../support/harness.ts";

const PAGE = pageSize();
const LENGTH = 16 * PAGE;
/** `stack_guard_gap` */
const GAP = BigInt(256 * PAGE);

const skip = unlessLinux("elsewhere nothing grows into addresses that are free") ??
  (regions().some(({ name }) => name === "[stack]") ? undefined : "this system shows no stack");

/** The range that the main thread's stack can grow to: the first address of its gap, and its end. */
function stackRoom(): { readonly start: bigint; readonly end: bigint } {
  const { address, byteLength } = regions().find(({ name }) => name === "[stack]")!;
  const [, limit = ""] = /^Max stack size +(\S+)/m.exec(
    readFileSync("/proc/self/limits", "utf8"),
  )!;
  const end = address + BigInt(byteLength);
  return { start: end - BigInt(limit === "unlimited" ? 2 ** 27 : limit) - GAP, end };
}

/** The end of the heap, at which it grows; `undefined` if the C library uses none. */
function heapEnd(): bigint | undefined {
  const heap = regions().find(({ name }) => name === "[heap]");
  return heap && heap.address + BigInt(heap.byteLength);
}

/** Starts of `LENGTH` bytes into which the process grows. */
function places(): bigint[] {
  const { start } = stackRoom();
  const { address } = regions().find(({ name }) => name === "[stack]")!;
  const length = BigInt(LENGTH);
  const ofStack = [address - length, address - GAP - length, start, start - length + BigInt(PAGE)];
  const end = heapEnd();
  return end === undefined ? ofStack : [...ofStack, end, end + 2n ** 24n];
}

test("a strict hint where the process itself grows is EADDRNOTAVAIL", () => {
  for (const hint of places()) {
    const options = new MmapOptions({ len: LENGTH, hint, strict: true });
    for (const map of [() => options.mapAnon(), () => options.reserve()]) {
      const error = assertThrows(map, MmapError);
      assertEquals([error.code, error.requested], ["EADDRNOTAVAIL", hint]);
      // An emulator has the stack's room mapped, and musl the page above the heap.
      assertStringIncludes(error.message, error.syscall === undefined ? "grows into it" : "EEXIST");
    }
    const guarded = options.guard(PAGE);
    assertNotAvailable(() => guarded.mapAnon());
    const mirror = new MmapOptions({ len: LENGTH / 2, hint, strict: true });
    assertNotAvailable(() => mirror.mapMirrored());
    assertNotAvailable(() => options.map(process.execPath));
  }
}, { skip });

function assertNotAvailable(map: () => unknown): void {
  assertEquals(assertThrows(map, MmapError).code, "EADDRNOTAVAIL");
}

test("a mere hint where the process itself grows maps elsewhere", () => {
  const { start, end } = stackRoom();
  for (const hint of places()) {
    const options = new MmapOptions({ len: LENGTH, hint });
    for (const made of [options, options.align(2 ** 21), options.guard(PAGE)]) {
      const { address } = use(made.mapAnon());
      assertNotEquals(address, hint);
      assert(address + BigInt(LENGTH) <= start || address >= end);
      const heap = heapEnd();
      assert(heap === undefined || address < heap || address >= heap + 2n ** 27n);
    }
  }
}, { skip });

/** A reason to skip what maps right below the stack's room. */
function takenBelow(): string | undefined {
  const { start } = stackRoom();
  const isTaken = regions().some(({ address, byteLength }) =>
    address < start && address + BigInt(byteLength) > start - BigInt(2 * LENGTH)
  );
  return isTaken
    ? "something is mapped right below the stack's room, as by an emulator"
    : undefined;
}

test("resize() does not grow into what the stack grows into", () => {
  for (const isViewed of [false, true]) {
    const room = stackRoom().start;
    const hint = room - BigInt(2 * LENGTH);
    const mmap = use(new MmapOptions({ len: LENGTH, hint, strict: true }).mapAnon());
    if (isViewed) mmap.bytes[5] = 7;
    else mmap.write(Uint8Array.of(7), 5);
    mmap.resize(2 * LENGTH); // up to there it can
    assertEquals(mmap.address, hint);
    if (isViewed) mmap.bytes[6] = 8;
    mmap.resize(2 * LENGTH + PAGE);
    assert(mmap.address + BigInt(mmap.byteLength) <= room);
    assertEquals([...mmap.view(Uint8Array, 5, 2)], [7, isViewed ? 8 : 0]);
    mmap.unmap();
    releaseHeldRanges();
  }
}, { skip: skip ?? takenBelow() });
