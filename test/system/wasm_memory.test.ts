import { assert, assertEquals, assertThrows } from "@std/assert";
import { readFileSync } from "node:fs";
import { type Mmap, MmapOptions, pageSize } from "../../mod.ts";
import { codeOf, errorOf } from "../support/errors.ts";
import { test, use } from "../support/harness.ts";
import { SharedName } from "../support/shared_names.ts";
import { contents, pattern, readBytes, TempFolder } from "../support/temp_files.ts";
import {
  makeMemory,
  MEMORY_KINDS,
  moduleOver,
  WASM_PAGE,
  withoutEngineMemory,
} from "../support/wasm_module.ts";

const skip = withoutEngineMemory;
const PAGE = pageSize();
/** Longer than a page of WebAssembly, and no whole number of pages. */
const LENGTH = WASM_PAGE + PAGE + 100;

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}

function file(byteLength: number = LENGTH): string {
  return use(new TempFolder()).file("file", pattern(byteLength));
}

for (const kind of MEMORY_KINDS) {
  for (const call of ["map", "mapMut"] as const) {
    test(
      `into() has ${call}() map a file behind the end of a ${kind} memory when it gets no place`,
      () => {
        const memory = makeMemory(kind);
        const path = file();
        const mmap = use(new MmapOptions().into(memory, "grow")[call](path));
        assertEquals(mmap.byteOffset, 4 * WASM_PAGE);
        assertEquals([mmap.byteLength, memory.buffer.byteLength], [LENGTH, 6 * WASM_PAGE]);
        assert(mmap.buffer === memory.buffer && mmap.bytes.buffer === memory.buffer);
        assertEquals(mmap.bytes, pattern(LENGTH));
        const module = moduleOver(memory);
        assertEquals(module.sum(mmap.byteOffset, LENGTH), sumOf(pattern(LENGTH)));
        module.store(mmap.byteOffset + 5, 99);
        mmap.write(Uint8Array.of(98), 6);
        mmap.view(DataView, 7, 1).setUint8(0, 97);
        const stored = [99, 98, 97];
        assertEquals([...readBytes(mmap, 3, 5)], stored);
        const expected = call === "map" ? [...pattern(LENGTH).subarray(5, 8)] : stored;
        assertEquals([...contents(path).subarray(5, 8)], expected);
      },
      { skip },
    );

    test(
      `into() has ${call}() replace the pages of a ${kind} memory and no others, and unmap() puts zeros there`,
      () => {
        const memory = makeMemory(kind);
        const all = new Uint8Array(memory.buffer).fill(7);
        const path = file();
        const mmap = use(new MmapOptions().into(memory, PAGE)[call](path));
        const { bytes } = mmap;
        const end = PAGE + Math.ceil(LENGTH / PAGE) * PAGE;
        assertEquals([mmap.byteOffset, bytes.byteOffset], [PAGE, PAGE]);
        assertEquals([all[PAGE - 1], all[end]], [7, 7]);
        assertEquals(bytes, pattern(LENGTH));
        assertEquals(sumOf(all.subarray(PAGE + LENGTH, end)), 0); // behind the end of the file
        mmap.unmap();
        assert(mmap.closed);
        assertEquals([bytes.length, sumOf(bytes)], [LENGTH, 0]);
        assertEquals(sumOf(all), 7 * (all.length - (end - PAGE)));
        assertEquals(sumOf(contents(path)), sumOf(pattern(LENGTH)));
        bytes.fill(9);
        assertEquals(contents(path), pattern(LENGTH));
        assertEquals(moduleOver(memory).load(PAGE), 9);
      },
      { skip },
    );
  }

  test(`into() has mapShared() show named memory in a ${kind} memory`, () => {
    const { name } = use(new SharedName());
    const other = use(new MmapOptions({ len: LENGTH }).mapShared(name, { mode: "create" }));
    const memory = makeMemory(kind);
    const mmap = use(new MmapOptions().into(memory, "grow").mapShared(name, { mode: "open" }));
    assertEquals([mmap.byteLength, mmap.byteOffset], [LENGTH, 4 * WASM_PAGE]);
    moduleOver(memory).store(mmap.byteOffset + 3, 42);
    assertEquals(other.bytes[3], 42);
    other.bytes[4] = 43;
    assertEquals([...mmap.bytes.subarray(3, 5)], [42, 43]);
    const created = use(new SharedName());
    const len = 3 * PAGE;
    const made = use(
      new MmapOptions({ len }).into(memory, PAGE).mapShared(created.name, { mode: "create" }),
    );
    made.bytes[len - 1] = 9;
    assertEquals(use(new MmapOptions().mapShared(created.name)).bytes[len - 1], 9);
  }, { skip });

  test(`grow() of a ${kind} memory keeps what is mapped in it, and the handle`, () => {
    const memory = makeMemory(kind);
    const path = file();
    const mmap = use(new MmapOptions().into(memory, 0).mapMut(path));
    const { address } = mmap;
    memory.grow(8);
    moduleOver(memory).grow(8);
    assertEquals([mmap.address, mmap.byteLength, mmap.closed], [address, LENGTH, false]);
    assert(mmap.buffer === memory.buffer);
    assertEquals(mmap.bytes, pattern(LENGTH));
    mmap.bytes[0] = 99;
    mmap.view(Uint8Array, 1, 1)[0] = 98;
    assertEquals([...contents(path).subarray(0, 2)], [99, 98]);
  }, { skip });

  test(
    `into() refuses what is mapped in a ${kind} memory already, and takes it once that is unmapped`,
    () => {
      const memory = makeMemory(kind);
      const path = file(2 * PAGE);
      const first = use(new MmapOptions().into(memory, 2 * PAGE).map(path));
      for (
        const [place, code] of [[0, ""], [PAGE, "EEXIST"], [3 * PAGE, "EEXIST"], [
          4 * PAGE,
          "",
        ]] as const
      ) {
        const map = () => use(new MmapOptions().into(memory, place).mapMut(path));
        if (code === "") map();
        else assertEquals(codeOf(map), code, `at ${place}`);
      }
      assertEquals(first.bytes, pattern(2 * PAGE));
      first.unmap();
      assertEquals(
        use(new MmapOptions().into(memory, 2 * PAGE).mapMut(path)).bytes,
        pattern(2 * PAGE),
      );
    },
    { skip },
  );
}

test("into() throws a RangeError when the place is not of whole pages of the memory", () => {
  const memory = makeMemory(undefined, 1, 2);
  const path = file(PAGE + 1);
  for (const place of [1, PAGE - 1, WASM_PAGE - PAGE, WASM_PAGE, 2 ** 40, 2 ** 53 - PAGE]) {
    assertThrows(() => new MmapOptions().into(memory, place).map(path), RangeError);
  }
  assertThrows(
    () => new MmapOptions({ len: 2 * WASM_PAGE }).into(memory, "grow").mapMut(path),
    RangeError,
  );
  assertThrows(() => new MmapOptions({ offset: 1 }).into(memory, 0).map(path), RangeError);
  assertThrows(
    () => new MmapOptions({ len: PAGE }).into(memory, "grow").mapAnon(),
    RangeError,
    "drop into()",
  );
  assertThrows(() => new MmapOptions({ len: PAGE }).into(memory, "grow").reserve(), RangeError);
  assertThrows(() => new MmapOptions({ len: PAGE }).into(memory, "grow").mapMirrored(), RangeError);
  assertThrows(() => new MmapOptions().into(memory, "grow").mapRead(path), RangeError);
  assertThrows(() => new MmapOptions().into(memory, "grow").mapExec(path), RangeError);
  for (const set of ["withHint", "align", "guard"] as const) {
    assertThrows(() => new MmapOptions()[set](65536).into(memory, "grow").map(path), RangeError);
  }
  assertEquals(memory.buffer.byteLength, WASM_PAGE);
  assertEquals(sumOf(new Uint8Array(memory.buffer)), 0);
}, { skip });

test("into() throws a TypeError when it gets no memory or no place", () => {
  const values = [
    undefined,
    null,
    1,
    {},
    { buffer: new ArrayBuffer(WASM_PAGE) },
    new ArrayBuffer(8),
  ];
  for (const value of [...values, WebAssembly.Memory.prototype, new Proxy(makeMemory(), {})]) {
    assertThrows(() => new MmapOptions().into(value as never, "grow"), TypeError);
  }
  for (const place of ["0", 0.5, null, {}]) {
    assertThrows(() => new MmapOptions().into(makeMemory(), place as never), TypeError);
  }
  assertThrows(() => new MmapOptions().into(makeMemory(), -1), RangeError);
});

test(
  "sharedBuffer() makes memory whose buffer is a SharedArrayBuffer, which stays when it is unmapped",
  () => {
    const mmap = use(new MmapOptions({ len: LENGTH, sharedBuffer: true }).mapAnon());
    const { bytes, buffer } = mmap;
    assertEquals(Object.prototype.toString.call(buffer), "[object SharedArrayBuffer]");
    assertEquals([mmap.byteOffset, bytes.length, buffer.byteLength], [0, LENGTH, 2 * WASM_PAGE]);
    assertEquals(sumOf(bytes), 0);
    assertEquals(Atomics.add(new Int32Array(buffer), 1, 5), 0);
    assertEquals([...readBytes(mmap, 4, 4)], [5, 0, 0, 0]);
    mmap.unmap();
    assertEquals([bytes.length, sumOf(bytes)], [LENGTH, 0]);
    bytes[0] = 1;
    assertEquals(new Uint8Array(buffer)[0], 1);
  },
  { skip },
);

test("sharedBuffer() serves map(), mapMut() and mapShared()", () => {
  const options = new MmapOptions({ sharedBuffer: true });
  const path = file();
  const isShared = (mmap: Mmap) => mmap.buffer instanceof SharedArrayBuffer;
  const copy = use(options.map(path));
  const mmap = use(options.mapMut(path));
  assert(isShared(copy) && isShared(mmap));
  assertEquals([copy.bytes, mmap.bytes], [pattern(LENGTH), pattern(LENGTH)]);
  copy.bytes[0] = 98;
  Atomics.store(mmap.view(Uint8Array, 1, 1), 0, 99);
  mmap.flush();
  assertEquals([...contents(path).subarray(0, 2)], [pattern(1)[0], 99]);
  const { name } = use(new SharedName());
  const shared = use(options.len(LENGTH).mapShared(name, { mode: "create" }));
  shared.bytes[LENGTH - 1] = 7;
  assert(isShared(shared));
  assertEquals(use(new MmapOptions().mapShared(name)).bytes[LENGTH - 1], 7);
}, { skip });

test("sharedBuffer() throws a RangeError when other options or a call exclude it", () => {
  const options = new MmapOptions({ len: PAGE, sharedBuffer: true });
  const path = file();
  for (
    const call of [
      () => options.reserve(),
      () => options.mapMirrored(),
      () => options.mapRead(path),
      () => options.mapExec(path),
      () => options.withHint(65536).mapAnon(),
      () => options.align(65536).mapAnon(),
      () => options.guard().mapAnon(),
      () => options.populate().mapAnon(),
      () => options.huge().mapAnon(),
      () => options.stack().mapAnon(),
      () => options.len(0).mapAnon(),
      () => options.len(2 ** 32 + 1).mapAnon(),
      () => options.into(makeMemory(), "grow").map(path),
    ]
  ) assertThrows(call, RangeError);
}, { skip });

test("memory of the engine refuses the calls that would change its access, length or owner", () => {
  const anonymous = use(new MmapOptions({ len: LENGTH, sharedBuffer: true }).mapAnon());
  const path = file();
  const mapped = use(new MmapOptions().into(makeMemory(), "grow").mapMut(path));
  for (const mmap of [anonymous, mapped]) {
    for (
      const call of [
        () => mmap.protect("read"),
        () => mmap.unsafeProtect("none"),
        () => mmap.commit(0, PAGE),
        () => mmap.decommit(0, PAGE),
        () => mmap.resize(PAGE),
        () => mmap.share(),
        () => mmap.intoRaw(),
      ]
    ) assertEquals(errorOf(call).code, "ENOTSUP", String(call));
    assertEquals([mmap.closed, mmap.access, mmap.byteLength], [false, "read-write", LENGTH]);
  }
  assertEquals(mapped.bytes, pattern(LENGTH));
  assertEquals(new Uint8Array(readFileSync(path)), pattern(LENGTH));
}, { skip });

test("buffer and byteOffset tell where the bytes of any mapping are", () => {
  const mmap = use(new MmapOptions({ offset: 1 }).map(file()));
  const bytes = new Uint8Array(mmap.buffer, mmap.byteOffset, mmap.byteLength);
  assertEquals(bytes, pattern(LENGTH).subarray(1));
  assert(mmap.buffer === mmap.bytes.buffer);
});
