import { assert, assertEquals, assertThrows } from "@std/assert";
import { touchPages } from "../../core/pages/touch.ts";
import { mapWithRoom } from "../../core/placing/placement.ts";
import { currentRuntime } from "../../ffi/host.ts";
import type { Os } from "../../ffi/os/contract/os.ts";
import type { Runtime } from "../../ffi/runtime/runtime.ts";
import { MmapOptions, pageSize } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { request } from "../support/simulated/mod.ts";

const STRETCH = 64 * 2 ** 20;

/** This runtime, whose views are noted. */
function noting(): { runtime: Runtime; views: ArrayBuffer[]; lengths: number[] } {
  const views: ArrayBuffer[] = [];
  const lengths: number[] = [];
  const runtime: Runtime = {
    ...currentRuntime(),
    view(address, byteLength) {
      const buffer = currentRuntime().view(address, byteLength);
      views.push(buffer);
      lengths.push(byteLength);
      return buffer;
    },
  };
  return { runtime, views, lengths };
}

// As if pages were longer: each store is told from its neighbours.
const PAGE = 4 * pageSize();
const LENGTHS: Record<string, number> = {
  "1 byte": 1,
  "a page": PAGE,
  "a page and 1 byte": PAGE + 1,
  "5 pages": 5 * PAGE,
  "64 MiB and a page": STRETCH + PAGE,
};

for (const [name, byteLength] of Object.entries(LENGTHS)) {
  test(`touchPages() stores one byte in each page of ${name}`, () => {
    const mmap = new MmapOptions({ len: byteLength }).mapAnon();
    const { bytes } = mmap;
    for (let offset = 0; offset < byteLength; offset += PAGE / 2) bytes[offset] = 1;
    const { runtime, views, lengths } = noting();
    touchPages(runtime, PAGE, mmap.address, byteLength);
    for (let offset = 0; offset < byteLength; offset += PAGE / 2) {
      assertEquals(bytes[offset], offset % PAGE === 0 ? 0 : 1);
    }
    assert(views.every((view) => view.detached));
    assert(lengths.every((length) => length <= STRETCH), "Bun counts a view's length as its heap");
    mmap.unmap();
  });
}

test("mapWithRoom() touches pages where the system does not populate, and only when asked", () => {
  const mmap = new MmapOptions({ len: 3 * pageSize() }).mapAnon();
  mmap.bytes.fill(1);
  const os = {
    pageSize: pageSize(),
    populates: false,
    map: () => mmap.address,
  } as unknown as Os;
  const { runtime, views } = noting();
  const byteLength = BigInt(mmap.byteLength);
  mapWithRoom({ runtime, os }, request({ byteLength }));
  assertEquals([views.length, mmap.bytes[0]], [0, 1]);
  mapWithRoom({ runtime, os: { ...os, populates: true } }, request({ byteLength, populate: true }));
  assertEquals([views.length, mmap.bytes[0]], [0, 1]);
  mapWithRoom({ runtime, os }, request({ byteLength, populate: true }));
  assertEquals([0, 1, 2].map((page) => mmap.bytes[page * pageSize()]), [0, 0, 0]);
  mmap.unmap();
});

test("mapWithRoom() unmaps when touching fails", () => {
  const unmapped: unknown[] = [];
  const os = {
    pageSize: 4096,
    populates: false,
    map: () => 0x10000n,
    unmap: (...range: unknown[]) => void unmapped.push(range),
  } as unknown as Os;
  const runtime = {
    view() {
      throw new RangeError("Out of memory");
    },
  } as unknown as Runtime;
  assertThrows(
    () => mapWithRoom({ runtime, os }, request({ byteLength: 8192n, populate: true })),
    RangeError,
    "Out of memory",
  );
  assertEquals(unmapped, [[0x10000n, 8192n]]);
});
