import { assert, assertEquals, assertThrows } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { test, unlessBun14 } from "../support/harness.ts";
import { isMapped, withoutRegions } from "../support/memory_map.ts";

const LENGTH = 4 * pageSize();
/** In Bun a view of a mapping this long has a buffer of its own. */
const LONG = 65 * 2 ** 20;

const ENDINGS: Record<string, (mmap: Mmap) => void> = {
  "unmap()": (mmap) => mmap.unmap(),
  "[Symbol.dispose]()": (mmap) => mmap[Symbol.dispose](),
  "intoRaw()": (mmap) => {
    const { address, byteLength } = mmap.intoRaw();
    Mmap.unsafeFromRaw(address, byteLength).unmap();
  },
};

function everyKindOfView(mmap: Mmap): [Uint8Array[], ArrayBufferView[], DataView[]] {
  const { bytes } = mmap;
  return [
    [bytes, bytes.subarray(5), new Uint8Array(bytes.buffer), mmap.view(Uint8Array, 1, 9)]
      .concat([new Uint8Array(mmap.arrayBuffer()), new Uint8Array(mmap.arrayBuffer(9, 100))]),
    [mmap.view(Float64Array), mmap.view(Int16Array, 8), mmap.view(BigInt64Array, 16, 1)],
    [mmap.view(DataView), mmap.view(DataView, 7, 3), mmap.view(DataView, mmap.byteLength)],
  ];
}

for (const [ending, end] of Object.entries(ENDINGS)) {
  for (const [kind, len] of Object.entries({ short: LENGTH, long: LONG })) {
    test(`${ending} detaches every view of a ${kind} mapping`, () => {
      const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
      const [bytes, arrays, dataViews] = everyKindOfView(mmap);
      end(mmap);
      for (const array of bytes) {
        assertEquals([array.length, array.byteLength, array[0]], [0, 0, undefined]);
        array[0] = 1; // reaches nothing
        assertEquals(array[0], undefined);
        assertThrows(() => array.fill(1), TypeError);
      }
      for (const array of arrays) assertEquals([array.byteLength, array.byteOffset], [0, 0]);
      for (const view of dataViews) {
        assertThrows(() => view.getInt8(0), TypeError);
        assertThrows(() => view.setFloat64(0, 1), TypeError);
        assertThrows(() => view.byteLength, TypeError);
      }
    });
  }
}

test("a view that unmaps its own mapping in the middle of a loop over it ends the loop", () => {
  for (const step of ["fill", "sort", "forEach", "map", "set"] as const) {
    const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
    const { bytes } = mmap;
    const unmap = () => (mmap.unmap(), 0);
    try {
      if (step === "fill") bytes.fill({ valueOf: unmap } as unknown as number);
      else if (step === "set") bytes.set([{ valueOf: unmap } as unknown as number, 1]);
      else bytes[step](unmap);
    } catch (error) {
      assert(error instanceof TypeError, String(error));
    }
    assertEquals([mmap.closed, bytes.length], [true, 0], step);
  }
});

test("view() of a type that unmaps while it is looked at throws", () => {
  for (const len of [LENGTH, LONG]) {
    const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
    class Unmapping extends Uint8Array {
      static override get BYTES_PER_ELEMENT(): 1 {
        mmap.unmap();
        return 1;
      }
    }
    const error = assertThrows(() => mmap.view(Unmapping as typeof Uint8Array, 0, 10), MmapError);
    assertEquals(error.code, "EBADF");
  }
});

test(
  "unmap() throws EBUSY while the runtime uses a view's buffer, and works afterwards",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sysalloc-"));
    for (const len of [LENGTH, LONG]) {
      const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
      const view = mmap.view(Uint8Array, 0, LENGTH);
      const written = writeFile(join(folder, "file"), view);
      for (const end of [() => mmap.unmap(), () => mmap.intoRaw()]) {
        assertEquals(assertThrows(end, MmapError, "try again").code, "EBUSY");
      }
      assertEquals([mmap.closed, view.length], [false, LENGTH]);
      await written;
      mmap.unmap();
      assertEquals([mmap.closed, view.length], [true, 0]);
    }
    rmSync(folder, { recursive: true });
  },
  { skip: unlessBun14 },
);

// How a caller takes a buffer away, and what of its bytes the new owner has.
const TRANSFERS: Record<string, (buffer: ArrayBuffer) => ArrayBuffer> = {
  "transfer()": (buffer) => buffer.transfer(),
  "the prototype's transfer()": (buffer) => ArrayBuffer.prototype.transfer.call(buffer),
  "transferToFixedLength()": (buffer) => buffer.transferToFixedLength(),
  "structuredClone()": (buffer) => structuredClone(buffer, { transfer: [buffer] }),
  "postMessage()": (buffer) => {
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage(buffer, [buffer]);
      return receiveMessageOnPort(port2)!.message;
    } finally {
      port1.close();
      port2.close();
    }
  },
};

for (const [name, transfer] of Object.entries(TRANSFERS)) {
  for (const [kind, len] of Object.entries({ short: LENGTH, long: LONG })) {
    test(`unmap() throws EBUSY after ${name} of a ${kind} mapping's buffer, or it is refused`, () => {
      const mmap = new MmapOptions({ len, noReserve: true }).mapAnon();
      const view = mmap.view(Uint8Array, 0, 100);
      view[42] = 7;
      let moved: ArrayBuffer;
      try {
        moved = transfer(view.buffer);
      } catch (error) {
        // Then nothing has happened.
        assertEquals((error as Error).name, "DataCloneError");
        assertEquals(view[42], 7);
        mmap.unmap();
        assertEquals(view.length, 0);
        return;
      }
      assertEquals(view.length, 0);
      for (const call of [() => mmap.unmap(), () => mmap.intoRaw(), () => mmap.bytes]) {
        const error = assertThrows(
          call,
          MmapError,
          "A buffer of this mapping was transferred away",
        );
        assertEquals(error.code, "EBUSY");
      }
      assertThrows(() => mmap.view(Uint8Array), MmapError);
      assertEquals(mmap.closed, false);
      const bytes = new Uint8Array(moved);
      assertEquals(bytes[42], 7);
      bytes[43] = 8;
      assertEquals(bytes[43], 8);
    });
  }
}

test("EBUSY leaves the memory mapped", () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  mmap.bytes.buffer.transfer();
  assertThrows(() => mmap.unmap(), MmapError);
  assertEquals(isMapped(mmap.address, LENGTH), true);
}, { skip: withoutRegions() });

test("a buffer's own properties do not keep it from being detached", () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const { bytes } = mmap;
  for (const name of ["transfer", "transferToFixedLength", "detached", "byteLength"]) {
    Object.defineProperty(bytes.buffer, name, { value: () => true, configurable: true });
  }
  mmap.unmap();
  assertEquals(bytes.length, 0);
});

test("many windows of a long mapping are all detached", () => {
  const mmap = new MmapOptions({ len: LONG, noReserve: true }).mapAnon();
  const windows = Array.from({ length: 1000 }, (_, index) => mmap.view(Uint8Array, index, 10));
  windows[0]![9] = 5;
  assertEquals(windows[9]![0], 5);
  mmap.unmap();
  assert(windows.every((window) => window.length === 0));
});

test("bytes of a long mapping is the same array while it is kept", () => {
  const mmap = new MmapOptions({ len: LONG, noReserve: true }).mapAnon();
  const { bytes } = mmap;
  assert(bytes === mmap.bytes);
  mmap.unmap();
  assertEquals(bytes.length, 0);
});

test("Bun refuses to post a view's buffer", () => {
  const mmap = new MmapOptions({ len: LENGTH }).mapAnon();
  const { buffer } = mmap.bytes;
  const error = assertThrows(() => structuredClone(buffer, { transfer: [buffer] }));
  assertEquals(error.name, "DataCloneError");
  mmap.unmap();
}, { skip: unlessBun14 });

test("the buffer of a view starts at an aligned address, also where the view does not", () => {
  const mmap = new MmapOptions({ len: LONG, noReserve: true }).mapAnon();
  for (const start of [0, 1, 7, 8, 13, 4099]) {
    const view = mmap.view(Uint8Array, start, 9);
    view.fill(start);
    // Of any other type, at any multiple of its length: atomics want that on some processors.
    const words = new Int32Array(view.buffer, 0, 1);
    Atomics.add(words, 0, 0);
    assertEquals((start - view.byteOffset) % 8, 0);
    assertEquals(mmap.view(Uint8Array, start + 8, 1)[0], start % 256);
  }
  mmap.unmap();
});
