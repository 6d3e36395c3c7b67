import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { inspect } from "node:util";
import {
  allocationGranularity,
  maxViewByteLength,
  Mmap,
  MmapOptions,
  pageSize,
  type ViewConstructor,
} from "../../mod.ts";
import { platform, runtime, test, use } from "../support/harness.ts";
import { NUMBER_ARRAYS } from "../support/view_types.ts";

const PAGE = pageSize();

/** Maps, and unmaps however `use` ends. */
function withMmap(byteLength: number, use: (mmap: Mmap) => void): void {
  const mmap = new MmapOptions({ len: byteLength }).mapAnon();
  try {
    use(mmap);
  } finally {
    mmap.unmap();
  }
}

test("pageSize() and allocationGranularity() are powers of two, the second a multiple of the first", () => {
  const [page, granularity] = [pageSize(), allocationGranularity()];
  assert(page >= 4096 && Number.isInteger(Math.log2(page)), String(page));
  if (platform === "win32") assertEquals([page, granularity], [4096, 65536]);
  assert(granularity % page === 0 && Number.isInteger(Math.log2(granularity)), String(granularity));
});

test("maxViewByteLength() is at least 1.5 GiB", () => {
  assert(maxViewByteLength() >= 1.5 * 2 ** 30);
});

const LENGTHS: Record<string, number> = {
  "1 byte": 1,
  "a page less 1 byte": PAGE - 1,
  "a page": PAGE,
  "a page and 1 byte": PAGE + 1,
  "3 pages and 7 bytes": 3 * PAGE + 7,
  "1 MiB": 2 ** 20,
};

for (const [name, byteLength] of Object.entries(LENGTHS)) {
  test(`mapAnon() maps ${name}, zeroed and writable to the last byte`, () => {
    withMmap(byteLength, (mmap) => {
      assertEquals(mmap.byteLength, byteLength);
      assertEquals(mmap.bytes.length, byteLength);
      assertEquals(mmap.isEmpty, false);
      assertEquals(mmap.closed, false);
      assertEquals(mmap.address % BigInt(PAGE), 0n);
      assert(mmap.bytes.every((byte) => byte === 0));
      mmap.bytes.fill(0xa5);
      assert(mmap.view(Uint8Array).every((byte) => byte === 0xa5));
    });
  });
}

test("bytes is the same array each time, over all bytes", () => {
  withMmap(PAGE + 1, (mmap) => {
    assertStrictEquals(mmap.bytes, mmap.bytes);
    assertEquals(mmap.bytes.byteLength, PAGE + 1);
  });
});

const VIEWS: readonly ViewConstructor<ArrayBufferView & { [index: number]: unknown }>[] =
  NUMBER_ARRAYS;

for (const View of NUMBER_ARRAYS) {
  const size = (View as typeof Uint8Array).BYTES_PER_ELEMENT;
  test(`view(${View.name}) sees the mapping's memory at any aligned offset`, () => {
    withMmap(2 * PAGE, (mmap) => {
      for (const byteOffset of [0, size, PAGE - size, PAGE]) {
        const view = mmap.view(View, byteOffset, 1);
        assertEquals(view.byteLength, size);
        mmap.bytes.fill(0, byteOffset, byteOffset + size);
        assertEquals(view[0], 0);
        view[0] = 1;
        assert(mmap.bytes.subarray(byteOffset, byteOffset + size).some((byte) => byte !== 0));
      }
      assertEquals(mmap.view(View).byteLength, 2 * PAGE);
      assertEquals(mmap.view(View, PAGE).byteLength, PAGE);
      assertEquals(mmap.view(View, 2 * PAGE).byteLength, 0);
      assertEquals(mmap.view(View, size, 3).byteLength, 3 * size);
    });
  });
}

test("view(BigUint64Array) sees the mapping's memory", () => {
  withMmap(PAGE, (mmap) => {
    mmap.view(BigUint64Array, 8, 1)[0] = 0x0102030405060708n;
    assertEquals(mmap.view(DataView).getBigUint64(8, true), 0x0102030405060708n);
    assertEquals(mmap.view(BigInt64Array).length, PAGE / 8);
  });
});

test("view(DataView) starts at any offset", () => {
  withMmap(PAGE, (mmap) => {
    const view = mmap.view(DataView, 3, 9);
    assertEquals(view.byteLength, 9);
    view.setUint8(8, 7);
    assertEquals(mmap.bytes[11], 7);
  });
});

test("view() takes a subclass of a typed array", () => {
  class Pixels extends Uint32Array {}
  withMmap(PAGE, (mmap) => {
    const pixels = mmap.view(Pixels, 4, 2);
    assert(pixels instanceof Pixels);
    assertEquals(pixels.length, 2);
  });
});

test("view() makes a Buffer as Node.js asks for it", () => {
  const type = new Proxy(Buffer, {
    construct() {
      throw new Error("Node.js warns of a new Buffer()");
    },
  });
  withMmap(PAGE, (mmap) => {
    const buffer = mmap.view(type, 8, 4);
    buffer.write("text");
    assert(Buffer.isBuffer(buffer) && buffer.buffer === mmap.bytes.buffer);
    assertEquals([...mmap.view(Uint8Array, 7, 6)], [0, ...Buffer.from("text"), 0]);
    assertThrows(() => mmap.view(type, 0, PAGE + 1), RangeError);
  });
});

test("view() takes types of another realm", async () => {
  const { createContext, runInContext } = await import("node:vm");
  const context = createContext({});
  const mmap = use(new MmapOptions({ len: PAGE }).mapAnon());
  mmap.bytes.set([1, 2, 3, 4]);
  for (
    const [source, values] of Object.entries({ Uint8Array: [1, 2], Uint16Array: [0x201, 0x403] })
  ) {
    for (const type of [source, `(class extends ${source} {})`]) {
      const foreign = runInContext(type, context) as typeof Uint8Array;
      assertEquals([...mmap.view(foreign, 0, 2)], values, type);
      assertThrows(() => mmap.view(foreign, 0, PAGE + 1), RangeError);
    }
  }
  for (const type of ["DataView", "(class extends DataView {})"]) {
    assertEquals(mmap.view(runInContext(type, context) as typeof DataView, 1).getInt8(0), 2, type);
  }
  for (const type of ["ArrayBuffer", "Map", "Object.getPrototypeOf(Uint8Array)"]) {
    assertThrows(() => mmap.view(runInContext(type, context)), TypeError);
  }
});

test("view() agrees with an ArrayBuffer of the same length on which ranges there are", () => {
  const byteLength = PAGE - 3; // not whole elements
  const reference = new ArrayBuffer(byteLength);
  const near = (edge: number) => fc.integer({ min: Math.max(0, edge - 9), max: edge + 9 });
  const offset = fc.oneof(near(0), near(byteLength / 2 | 0), near(byteLength));
  const length = fc.option(fc.oneof(offset, fc.integer({ min: 0, max: 3 })), { nil: undefined });
  withMmap(byteLength, (mmap) => {
    fc.assert(
      fc.property(fc.constantFrom(...VIEWS, DataView), offset, length, (View, start, count) => {
        const expected = attempt(() => new View(reference, start, count).byteLength);
        const actual = attempt(() =>
          mmap.view(View as ViewConstructor<ArrayBufferView>, start, count).byteLength
        );
        assertEquals(actual, expected);
      }),
      { numRuns: 500 },
    );
  });
});

function attempt(make: () => number): number | string {
  try {
    return make();
  } catch (error) {
    return (error as Error).name;
  }
}

test("the same bytes come back from random stores through random views", () => {
  const byteLength = 4 * PAGE;
  const shadow = new Uint8Array(byteLength);
  const store = fc.record({
    View: fc.constantFrom(Uint8Array, Uint16Array, Uint32Array),
    index: fc.nat({ max: byteLength / 4 - 1 }),
    value: fc.nat({ max: 0xffff_ffff }),
  });
  withMmap(byteLength, (mmap) => {
    fc.assert(
      fc.property(fc.array(store, { maxLength: 50 }), (stores) => {
        for (const { View, index, value } of stores) {
          mmap.view(View as typeof Uint8Array)[index] = value;
          new View(shadow.buffer)[index] = value;
        }
        assertEquals(Array.from(mmap.bytes), Array.from(shadow));
      }),
      { numRuns: 20 },
    );
  });
});

test("flush() does nothing on anonymous memory", () => {
  withMmap(PAGE, (mmap) => {
    mmap.bytes[0] = 1;
    assertEquals(mmap.flush(), undefined);
    assertEquals(mmap.bytes[0], 1);
  });
});

test("unmap() closes the handle, and can be called again", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  mmap.unmap();
  assertEquals(mmap.closed, true);
  assertEquals(mmap.isEmpty, true);
  assertEquals(mmap.byteLength, 0);
  assertEquals(mmap.address, 0n);
  assertEquals(mmap.unmap(), undefined);
});

test("[Symbol.dispose]() unmaps", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  const { bytes } = mmap;
  mmap[Symbol.dispose]();
  assertEquals([mmap.closed, bytes.length], [true, 0]);
});

test("intoRaw() and unsafeFromRaw() pass the same memory on", () => {
  const first = new MmapOptions({ len: PAGE + 5 }).mapAnon();
  const { address, bytes } = first;
  bytes[PAGE + 4] = 9;
  const raw = first.intoRaw();
  assertEquals(raw, { address, byteLength: PAGE + 5 });
  assertEquals([first.closed, bytes.length], [true, 0]);
  first.unmap(); // nothing of it is left to unmap
  const second = Mmap.unsafeFromRaw(raw.address, raw.byteLength);
  assertEquals([second.address, second.byteLength, second.bytes[PAGE + 4]], [address, PAGE + 5, 9]);
  second.unmap();
});

test("pointer is the address, in the form of this runtime's FFI", () => {
  withMmap(PAGE, (mmap) => {
    const { pointer } = mmap;
    const { Deno } = globalThis as unknown as {
      Deno?: { UnsafePointer: { value(pointer: unknown): bigint | number } };
    };
    const value = Deno ? Deno.UnsafePointer.value(pointer) : pointer as unknown as number | bigint;
    assertEquals(BigInt(value), mmap.address);
  });
});

test("Mmap shows its address and length when inspected", () => {
  const mmap = new MmapOptions({ len: 5 }).mapAnon();
  assertEquals(inspect(mmap), `Mmap { address: 0x${mmap.address.toString(16)}, byteLength: 5 }`);
  mmap.unmap();
  assertEquals(inspect(mmap), "Mmap { closed }");
  for (const likeOne of [Mmap.prototype, Object.create(mmap), new Proxy(mmap, {})]) {
    inspect(likeOne); // must not throw
  }
});

test("a view made before intoRaw() throws once it is a DataView", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  const view = mmap.view(DataView);
  const raw = mmap.intoRaw();
  assertThrows(() => view.getUint8(0), TypeError);
  Mmap.unsafeFromRaw(raw.address, raw.byteLength).unmap();
});

test("truncated and truncationGuarded are false for anonymous memory", () => {
  const mmap = new MmapOptions({ len: 1 }).mapAnon();
  assertEquals([mmap.truncated, mmap.truncationGuarded], [false, false]);
  mmap.unmap();
});

test("ranges can be bigints, as addresses are", async () => {
  const mmap = use(new MmapOptions({ len: 4 * PAGE }).mapAnon());
  const [start, size] = [BigInt(PAGE), BigInt(PAGE)];
  assertEquals(mmap.view(Float64Array, start, 2n).byteOffset, PAGE);
  mmap.write(Uint8Array.of(7), start);
  const read = new Uint8Array(1);
  mmap.read(read, start);
  assertEquals(read[0], 7);
  mmap.decommit(start, size);
  assertEquals(mmap.accessAt(start), "none");
  mmap.commit(start, size);
  mmap.protect("read-write", start, size);
  mmap.unsafeProtect("read-write", start, size);
  mmap.discard(start, size);
  mmap.flush(start, size);
  mmap.startFlush(start, size);
  mmap.advise("will-need", start, size);
  mmap.unlock(start, size);
  assert(mmap.resident(start, size) >= 0);
  assertEquals(mmap.wait(start, 1), "not-equal");
  assertEquals(await mmap.waitAsync(start, 1), "not-equal");
  assertEquals(mmap.notify(start), 0);
  await mmap.prefault({ byteOffset: start, byteLength: 2n * size });
  const tooFar = await mmap.prefault({ byteOffset: 5n * size }).catch((error) => error);
  assertEquals(tooFar.name, "RangeError");
});

test("a handle cannot be cloned or posted, and prints as before", () => {
  const mmap = new MmapOptions({ len: PAGE }).mapAnon();
  const { port1, port2 } = new MessageChannel();
  for (const state of ["open", "closed"]) {
    for (const value of [mmap, [mmap], { mmap }]) {
      for (const clone of [() => structuredClone(value), () => port1.postMessage(value)]) {
        const error = assertThrows(clone) as Error;
        assertEquals(error.name, "DataCloneError", state);
        // V8 tells what cannot be cloned: it is a text.
        if (runtime !== "bun") assert(error.message.includes("share()"), error.message);
      }
    }
    assertEquals(JSON.stringify(mmap), "{}");
    assert(!inspect(mmap).includes("share()"), inspect(mmap));
    mmap.unmap();
  }
  for (const port of [port1, port2]) port.close();
});
