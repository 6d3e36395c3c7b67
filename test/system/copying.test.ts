import { assert, assertEquals, assertThrows } from "@std/assert";
import { truncateSync } from "node:fs";
import { host } from "../../ffi/host.ts";
import { openLibrary } from "../../ffi/library.ts";
import { linuxPipeCopying } from "../../ffi/os/linux/pipe_copying.ts";
import { type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { SharedName } from "../support/shared_names.ts";
import { codeOf } from "../support/errors.ts";
import { CALLS, hasViews, pattern, readBytes, TempFolder } from "../support/temp_files.ts";
import { VIEW_TYPES } from "../support/view_types.ts";

const PAGE = pageSize();
/** More than is copied at a time. */
const LENGTH = 5 * 65_536 + 100;
const BYTES = pattern(LENGTH);

for (const source of ["memory", "file"] as const) {
  const mapped = (folder: TempFolder, len = LENGTH): Mmap => {
    if (source === "file") return new MmapOptions({ len }).mapMut(folder.file("file", BYTES));
    const mmap = new MmapOptions({ len }).mapAnon();
    mmap.bytes.set(BYTES.subarray(0, len));
    return mmap;
  };

  test(`read() and write() of ${source} take every kind of array`, () => {
    const folder = use(new TempFolder());
    const mmap = use(mapped(folder));
    for (const Kind of VIEW_TYPES) {
      const buffers = [
        new ArrayBuffer(64),
        new ArrayBuffer(64, { maxByteLength: 128 }),
        new SharedArrayBuffer(64),
      ];
      for (const buffer of buffers as ArrayBuffer[]) {
        const array = new (Kind as Uint8ArrayConstructor)(buffer, 16, 2);
        mmap.read(array, 1001);
        const all = new Uint8Array(buffer);
        const { byteLength } = array;
        const expected = new Uint8Array(64);
        expected.set(BYTES.subarray(1001, 1001 + byteLength), 16);
        assertEquals(all.slice(), expected, Kind.name);
        all.fill(0xee);
        mmap.write(array, 2001);
        assertEquals(readBytes(mmap, byteLength, 2001), all.slice(0, byteLength));
        assertEquals(mmap.bytes[2001 + byteLength], BYTES[2001 + byteLength]);
        mmap.write(BYTES.subarray(2001, 2001 + byteLength), 2001);
      }
    }
    assertEquals(new Uint8Array(mmap.bytes), BYTES);
  });

  test(`read() and write() of ${source} copy as memmove does where they overlap`, () => {
    for (const [from, to] of [[0, 100], [100, 0], [PAGE, PAGE + 1], [5, 5]] as const) {
      const folder = use(new TempFolder());
      const mmap = use(mapped(folder));
      const length = 2 * 65_536;
      const expected = BYTES.slice().copyWithin(to, from, from + length);
      mmap.read(mmap.view(Uint8Array, to, length), from);
      assertEquals(new Uint8Array(mmap.bytes), expected, "read");
      expected.copyWithin(from, to, to + length);
      mmap.write(mmap.view(Uint8Array, to, length), from);
      assertEquals(new Uint8Array(mmap.bytes), expected, "write");
    }
  });

  test(`read() and write() of ${source} refuse what is out of bounds, and take nothing`, () => {
    const folder = use(new TempFolder());
    const mmap = use(mapped(folder, PAGE + 1));
    for (const call of ["read", "write"] as const) {
      for (const [length, byteOffset] of [[1, PAGE + 1], [PAGE + 2, 0], [2, PAGE], [0, PAGE + 2]]) {
        assertThrows(() => mmap[call](new Uint8Array(length!), byteOffset), RangeError);
      }
      for (const byteOffset of [-1, 2 ** 53, Infinity]) {
        assertThrows(() => mmap[call](new Uint8Array(1), byteOffset), RangeError);
      }
      const detached = new Uint8Array(8);
      detached.buffer.transfer();
      for (const array of [undefined, null, [1], new ArrayBuffer(1), "a", 1, detached]) {
        assertThrows(() => mmap[call](array as never), TypeError);
      }
      mmap[call](new Uint8Array(0));
      mmap[call](new Uint8Array(0), PAGE + 1);
    }
    assertEquals(new Uint8Array(mmap.bytes), BYTES.slice(0, PAGE + 1));
  });

  test(`read() and write() of ${source} ask for the access that they need, throughout`, () => {
    const folder = use(new TempFolder());
    const mmap = use(mapped(folder, 3 * PAGE));
    mmap.unsafeProtect("read", PAGE, PAGE);
    assertEquals(readBytes(mmap, 3 * PAGE), BYTES.slice(0, 3 * PAGE));
    assertEquals(codeOf(() => mmap.write(new Uint8Array(2), PAGE - 1)), "EACCES");
    mmap.unsafeProtect("none", 2 * PAGE);
    assertEquals(codeOf(() => mmap.read(new Uint8Array(2), 2 * PAGE - 1)), "EACCES");
    assertEquals(codeOf(() => mmap.write(new Uint8Array(1), 2 * PAGE)), "EACCES");
    assertEquals(readBytes(mmap, 2 * PAGE), BYTES.slice(0, 2 * PAGE));
  });
}

test("read() and write() of a file that was truncated are EFAULT without the guard", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  for (const call of CALLS) {
    truncateSync(path, LENGTH);
    const mmap = use(new MmapOptions({ truncationGuard: false })[call](path));
    truncateSync(path, PAGE);
    assertEquals(codeOf(() => mmap.read(new Uint8Array(LENGTH))), "EFAULT", call);
    const error = assertThrows(() => mmap.read(new Uint8Array(1), PAGE), MmapError);
    assertEquals(error.code, "EFAULT");
    assertEquals(readBytes(mmap, PAGE).length, PAGE);
    if (!hasViews(call)) continue;
    assertEquals(codeOf(() => mmap.write(new Uint8Array(1), PAGE)), "EFAULT", call);
    mmap.write(new Uint8Array(PAGE));
  }
}, { skip: unlessLinux("Windows does not truncate a mapped file; macOS is not tried") });

test("copies go through a pipe where there is no process_vm_readv", () => {
  const native = host().runtime;
  const failed = (syscall: string) => ({ syscall, osError: 14, code: "EFAULT" });
  const library = { native, file: "libc.so.6", open: openLibrary(native, "libc.so.6"), failed };
  const copying = linuxPipeCopying(library);
  const mmap = use(new MmapOptions({ len: LENGTH }).mapAnon());
  const mebibyte = use(new MmapOptions({ len: 2 ** 20 + 5 }).mapAnon());
  for (const { address, byteLength } of [mmap, mebibyte]) {
    const bytes = pattern(byteLength);
    assertEquals(copying.write(address, bytes), undefined);
    const target = new Uint8Array(byteLength + 2);
    assertEquals(copying.read(address, target.subarray(1, 1 + byteLength)), undefined);
    assert(target.subarray(1, 1 + byteLength).every((byte, index) => byte === bytes[index]));
    assertEquals([target[0], target.at(-1)], [0, 0]);
  }
  mmap.unsafeProtect("none");
  for (const verb of ["read", "write"] as const) {
    const syscall = verb === "read" ? "write" : "read"; // what meets the address
    assertEquals(copying[verb](mmap.address, new Uint8Array(8))?.syscall, syscall);
  }
}, { skip: unlessLinux("it is Linux's") });

/** As `assertEquals()`, which takes minutes to word how so many bytes differ. */
function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assertEquals(actual.findIndex((byte, index) => byte !== expected[index]), -1, what);
}

// Their addresses do not tell that they overlap, and so not in which order to copy.
for (const kind of ["mapMut", "mapShared"] as const) {
  test(`read() and write() of ${kind}() copy from another mapping of the same bytes`, () => {
    const folder = use(new TempFolder());
    const { name } = use(new SharedName());
    const path = folder.file("file", BYTES);
    const options = new MmapOptions({ len: LENGTH });
    const [one, other] = [1, 2].map(() =>
      use(
        kind === "mapMut"
          ? options.mapMut(path)
          : options.mapShared(name, { mode: "open-or-create" }),
      )
    ) as [Mmap, Mmap];
    for (const [from, to] of [[0, 1], [1, 0], [PAGE + 3, 5]] as const) {
      one.write(BYTES);
      const length = LENGTH - PAGE - 10;
      const expected = BYTES.slice().copyWithin(to, from, from + length);
      one.write(other.view(Uint8Array, from, length), to);
      assertSame(readBytes(other, LENGTH), expected, `write from ${from} to ${to}`);
      expected.copyWithin(to, from, from + length);
      other.read(one.view(Uint8Array, to, length), from);
      assertSame(readBytes(other, LENGTH), expected, `read from ${from} to ${to}`);
      // What the engine copies need not be right, but ends no process.
      one.view(Uint8Array, to, length).set(other.view(Uint8Array, from, length));
    }
  });
}

test("read() and write() of mapMirrored() copy as memmove does, whichever copy is taken", () => {
  const half = 8 * 65_536;
  const mmap = use(new MmapOptions({ len: half }).mapMirrored());
  const ring = pattern(half);
  const place = (start: number, length: number) => mmap.view(Uint8Array, start, length);
  for (
    const [from, to, length] of [
      [0, 100, half - 200], // it ends before it meets its start again
      [100, 0, half - 200],
      [half, 100, half - 200],
      [half - 5, 3, half - 100],
      [3, half - 5, half - 100],
      [0, half / 2 + 5, half - 9], // overlaps at both ends
      [half / 2, 0, half],
      [0, half, half],
      [7, half / 2, 1000],
    ] as const
  ) {
    const expected = ring.slice();
    for (let index = 0; index < length; index++) {
      expected[(to + index) % half] = ring[(from + index) % half]!;
    }
    for (const verb of ["read", "write"] as const) {
      mmap.bytes.set(ring);
      if (verb === "read") mmap.read(place(to, length), from);
      else mmap.write(place(from, length), to);
      assertSame(mmap.bytes, expected, `${verb} ${length} bytes from ${from} to ${to}`);
    }
  }
});

test("read() and write() of a private file copy from and to what it still shares", () => {
  const folder = use(new TempFolder());
  const length = LENGTH - PAGE - 10;
  for (const [from, to] of [[0, 1], [1, 0], [PAGE + 3, 5]] as const) {
    const path = folder.file(`from ${from}`, BYTES); // Windows keeps what is held
    const own = use(new MmapOptions().map(path));
    const shared = use(new MmapOptions({ offset: PAGE }).mapMut(path));
    if (to < PAGE) {
      // What is stored to the private one nobody else sees.
      own.write(shared.view(Uint8Array, from, length - PAGE), to);
      const expected = BYTES.slice();
      expected.set(BYTES.subarray(PAGE + from, from + length), to);
      assertSame(readBytes(own, LENGTH), expected, `write to ${to}`);
      assertSame(readBytes(shared, LENGTH - PAGE), BYTES.subarray(PAGE), "the file");
    }
    const other = use(new MmapOptions().map(path));
    shared.write(other.view(Uint8Array, PAGE + from, length - PAGE), to);
    const expected = BYTES.slice().copyWithin(PAGE + to, PAGE + from, from + length);
    if (platform === "linux") {
      assertSame(readBytes(shared, LENGTH - PAGE), expected.subarray(PAGE), `from ${from}`);
    }
    for (const mmap of [own, shared, other]) mmap.unmap();
  }
});

// As much again was allocated for it.
test("read() and write() of a file take the memory itself, or little at a time", () => {
  const folder = use(new TempFolder());
  const len = 2 ** 20;
  const [path, another] = ["file", "other"].map((name) => folder.sparse(name, len)) as [
    string,
    string,
  ];
  const file = use(new MmapOptions().mapMut(path));
  const other = use(new MmapOptions().mapMut(another));
  const anon = use(new MmapOptions({ len }).mapAnon());
  const { copying } = host().os;
  const { read, write } = copying;
  const lengths = (call: () => void): number[] => {
    const seen: number[] = [];
    Object.assign(copying, {
      read: (...args: Parameters<typeof read>) => (seen.push(args[1].byteLength), read(...args)),
      write: (...args: Parameters<typeof write>) => (seen.push(args[1].byteLength), write(...args)),
    });
    try {
      call();
    } finally {
      Object.assign(copying, { read, write });
    }
    return seen;
  };
  const pieces = Array(4).fill(2 ** 18);
  for (const verb of ["read", "write"] as const) {
    assertEquals(lengths(() => file[verb](anon.bytes)), [len], `${verb} of memory`);
    assertEquals(lengths(() => file[verb](other.bytes)), pieces, `${verb} of a file`);
    const shared = new Uint8Array(new SharedArrayBuffer(len));
    assertEquals(lengths(() => file[verb](shared)), pieces, `${verb} of shared memory`);
    const half = other.view(Uint8Array, len / 2);
    assertEquals(lengths(() => file[verb](half)), [len / 2], `${verb} of what is elsewhere`);
  }
});

test("read() and write() refuse a view that is detached or out of bounds", () => {
  const mmap = new MmapOptions({ len: 1 }).mapAnon();
  const gone = new MmapOptions({ len: 1 }).mapAnon();
  const shrunk = new ArrayBuffer(16, { maxByteLength: 32 });
  const views = [
    ...[gone.view(Uint8Array), gone.view(DataView)],
    ...[new Uint8Array(shrunk, 8), new Uint8Array(shrunk, 8, 4), new DataView(shrunk, 8, 4)],
  ];
  gone.unmap();
  shrunk.resize(4);
  for (const view of views) {
    for (const [verb, what] of [["read", "target"], ["write", "source"]] as const) {
      const { message } = assertThrows(() => mmap[verb](view), TypeError);
      assert(message.startsWith(`The ${what} is detached or out of bounds: `), message);
    }
  }
  mmap.unmap();
});

test("read() and write() take the bytes that a view has, whatever properties it gives itself", () => {
  const mmap = use(new MmapOptions({ len: PAGE }).mapAnon());
  const growable = new SharedArrayBuffer(8, { maxByteLength: 2 ** 26 });
  class Liar extends Uint8Array {
    override get byteLength(): number {
      growable.grow(growable.maxByteLength);
      return undefined as unknown as number;
    }
    override get byteOffset(): number {
      return -1;
    }
    override get buffer(): ArrayBuffer {
      return new ArrayBuffer(2 ** 26);
    }
  }
  const liar = new Liar(growable as unknown as ArrayBuffer);
  const own = Object.defineProperties(new DataView(new ArrayBuffer(8)), {
    byteLength: { value: 2 ** 26 },
    byteOffset: { value: 2 ** 26 },
    buffer: { value: growable },
  });
  for (const view of [liar, own]) {
    mmap.write(new Uint8Array(PAGE).fill(7));
    mmap.read(view);
    mmap.write(view, PAGE - 8);
    assertThrows(() => mmap.write(view, PAGE - 7), RangeError, "The 8 bytes from byteOffset");
  }
  assertEquals(growable.byteLength, 8);
  assertEquals([...new Uint8Array(growable)], Array(8).fill(7));
});

test("read() and write() take a view of another realm", async () => {
  const { createContext, runInContext } = await import("node:vm");
  const context = createContext({});
  const mmap = use(new MmapOptions({ len: PAGE }).mapAnon());
  for (
    const source of [
      "new Uint8Array([1, 2, 3, 4])",
      "new DataView(new Uint8Array([1, 2, 3, 4]).buffer)",
      "const shared = new Uint8Array(new SharedArrayBuffer(4)); shared.set([1, 2, 3, 4]); shared",
    ]
  ) {
    const view = runInContext(source, context) as ArrayBufferView;
    mmap.write(view, 1);
    assertEquals([...mmap.view(Uint8Array, 0, 6)], [0, 1, 2, 3, 4, 0], source);
    mmap.write(new Uint8Array(6).fill(9));
    mmap.read(view);
    assertEquals([...new Uint8Array(view.buffer)], [9, 9, 9, 9], source);
    mmap.write(new Uint8Array(6));
  }
});
