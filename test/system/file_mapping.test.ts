import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { open as openHandle } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { currentRuntime, host, runtimeFiles } from "../../ffi/host.ts";
import { UNSUPPORTED } from "../../ffi/os/contract/memory.ts";
import { allocationGranularity, type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { codeOf } from "../support/errors.ts";
import {
  CALLS,
  contents,
  hasViews,
  openDescriptors,
  pattern,
  readBytes,
  TempFolder,
  withoutDescriptors,
} from "../support/temp_files.ts";

const PAGE = pageSize();
const GRANULARITY = allocationGranularity();
const LENGTH = 3 * 65_536 + 100;
const BYTES = pattern(LENGTH);
const withoutDescriptor = runtimeFiles().describe === undefined
  ? "this runtime's descriptors are not those of the system"
  : undefined;

const ACCESS = {
  map: "copy-on-write",
  mapMut: "read-write",
  mapRead: "read",
  mapExec: "read-execute",
} as const;

for (const call of CALLS) {
  test(`${call}() maps all of a file by default`, () => {
    const folder = use(new TempFolder());
    const path = folder.file("file", BYTES);
    const mmap = use(new MmapOptions()[call](path));
    assertEquals([mmap.byteLength, mmap.access], [LENGTH, ACCESS[call]]);
    assertEquals(mmap.isEmpty || mmap.closed, false);
    assertEquals(readBytes(mmap, LENGTH), BYTES);
    if (!hasViews(call)) assertEquals(codeOf(() => mmap.bytes), "EACCES");
    else assertEquals(new Uint8Array(mmap.bytes), BYTES);
    assertEquals(contents(path), BYTES);
  });

  test(`${call}() maps the same by path, URL, descriptor and FileHandle`, async () => {
    const folder = use(new TempFolder());
    const path = folder.file(platform === "win32" ? "fi le#%é" : "fi le#%?é", BYTES);
    const byPath = use(new MmapOptions()[call](path));
    const byUrl = use(new MmapOptions()[call](pathToFileURL(path)));
    const mappings: Mmap[] = [byPath, byUrl];
    if (withoutDescriptor === undefined) {
      const descriptor = openSync(path, "r+");
      const handle = await openHandle(path, "r+");
      mappings.push(
        new MmapOptions()[call](descriptor),
        new MmapOptions()[call](handle),
        new MmapOptions()[call]({ fd: descriptor }),
      );
      // They stay the caller's, where they were, and are not needed any more.
      const start = new Uint8Array(4);
      readSync(descriptor, start, 0, 4, null);
      assertEquals(start, BYTES.subarray(0, 4));
      closeSync(descriptor);
      await handle.close();
    }
    for (const mmap of mappings) {
      assertEquals([mmap.byteLength, readBytes(mmap, LENGTH)], [LENGTH, BYTES]);
      mmap.unmap();
    }
  });

  for (
    const offset of new Set([0, 1, PAGE - 1, PAGE, PAGE + 1, 65_535, 65_536, 65_539])
  ) {
    test(`${call}() maps from the offset ${offset}, of any length`, () => {
      const folder = use(new TempFolder());
      const path = folder.file("file", BYTES);
      const rest = BYTES.subarray(offset);
      for (const len of [0, 1, PAGE - 1, PAGE, PAGE + 1, LENGTH - offset]) {
        const mmap = use(new MmapOptions({ offset, len })[call](path));
        const expected = rest.subarray(0, len || rest.length);
        assertEquals(mmap.byteLength, expected.length);
        assertEquals(readBytes(mmap, expected.length), expected);
        if (!hasViews(call)) continue;
        assertEquals(new Uint8Array(mmap.bytes), expected);
        assertEquals(mmap.view(Uint8Array, expected.length - 1)[0], expected.at(-1));
        assertEquals(mmap.address % BigInt(GRANULARITY), BigInt(offset % GRANULARITY));
      }
    });
  }
}

test("map() reaches past 4 GiB, where the file does", () => {
  const folder = use(new TempFolder());
  const offset = 2 ** 32 + 5;
  const path = folder.sparse("file", offset + PAGE);
  const mut = use(new MmapOptions({ offset, len: 3 }).mapMut(path));
  mut.bytes.set([1, 2, 3]);
  mut.flush();
  const mmap = use(new MmapOptions({ offset: BigInt(offset) }).map(path));
  assertEquals([mmap.byteLength, [...mmap.bytes.subarray(0, 4)]], [PAGE, [1, 2, 3, 0]]);
  const file = openSync(path, "r");
  const read = new Uint8Array(3);
  readSync(file, read, 0, 3, offset);
  closeSync(file);
  assertEquals([...read], [1, 2, 3]);
});

test("view() of a mapping at an odd offset is aligned as its elements are", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const mmap = use(new MmapOptions({ offset: 12, len: 64 }).map(path));
  assertEquals(mmap.view(Uint32Array, 0, 1)[0], new DataView(BYTES.buffer).getUint32(12, true));
  for (const call of [() => mmap.view(Float64Array, 0, 1), () => mmap.view(BigInt64Array, 8, 1)]) {
    assertThrows(call, RangeError);
  }
  assertEquals(mmap.view(Float64Array, 4, 7).length, 7);
  assertEquals(mmap.view(DataView, 1).getUint8(0), BYTES[13]);
});

test("what is stored to map()'s memory does not reach the file, nor another mapping", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const other = use(new MmapOptions().map(path));
  const mmap = use(new MmapOptions({ offset: 1 }).map(path));
  mmap.bytes.fill(0xaa);
  mmap.write(new Uint8Array(100).fill(0xbb), PAGE);
  mmap.flush();
  mmap.startFlush();
  assertEquals([mmap.bytes[0], mmap.bytes[PAGE]], [0xaa, 0xbb]);
  assertEquals([contents(path), new Uint8Array(other.bytes)], [BYTES, BYTES]);
});

test("flush() refuses what is not within the mapping", () => {
  const folder = use(new TempFolder());
  const mmap = use(new MmapOptions({ len: PAGE + 1 }).mapMut(folder.file("file", BYTES)));
  for (const flush of ["flush", "startFlush"] as const) {
    for (const [byteOffset, byteLength] of [[PAGE + 1, 1], [0, PAGE + 2], [-1, 1]]) {
      assertThrows(() => mmap[flush](byteOffset!, byteLength), RangeError);
    }
    mmap[flush](PAGE, 1);
    mmap[flush](1);
  }
});

test("protect() of a file knows the one access that its memory can be stored to by", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const priv = use(new MmapOptions().map(path));
  const shared = use(new MmapOptions().mapMut(path));
  assertThrows(() => priv.unsafeProtect("read-write"), RangeError);
  assertThrows(() => shared.unsafeProtect("copy-on-write"), RangeError);
  assertThrows(
    () => new MmapOptions({ len: PAGE }).mapAnon().unsafeProtect("copy-on-write"),
    RangeError,
  );
  priv.bytes.fill(1, 0, GRANULARITY);
  for (const access of ["read", "none"] as const) {
    priv.unsafeProtect(access);
    shared.unsafeProtect(access);
    assertEquals([priv.access, shared.access], [access, access]);
    assertEquals(codeOf(() => priv.bytes), "EACCES");
  }
  priv.unsafeProtect("copy-on-write");
  shared.unsafeProtect("read-write");
  assertEquals([priv.bytes[0], priv.bytes[GRANULARITY]], [1, BYTES[GRANULARITY]]);
  priv.bytes.fill(2);
  assertEquals(contents(path), BYTES);
  shared.bytes[0] = 3;
  shared.flush();
  assertEquals(contents(path)[0], 3);
});

test("commit(), decommit() and intoRaw() refuse memory of files, and change nothing", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  for (const call of CALLS) {
    const mmap = use(new MmapOptions()[call](path));
    const view = !hasViews(call) ? undefined : mmap.bytes;
    const calls = [() => mmap.commit(0, PAGE), () => mmap.decommit(0, PAGE), () => mmap.intoRaw()];
    assertEquals(calls.map(codeOf), calls.map(() => "ENOTSUP"));
    assertEquals([mmap.access, view?.length ?? LENGTH], [ACCESS[call], LENGTH]);
  }
});

test("discard() of map()'s memory makes it as the file is, on Linux; of mapMut()'s it is refused", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const shared = use(new MmapOptions().mapMut(path));
  assertEquals(codeOf(() => shared.discard()), "ENOTSUP");
  const mmap = use(new MmapOptions().map(path));
  const { bytes } = mmap;
  bytes.fill(1);
  if (platform === "linux") {
    mmap.discard(0, PAGE);
    assertEquals([bytes[PAGE - 1], bytes[PAGE]], [BYTES[PAGE - 1], 1]);
    mmap.discard();
    assertEquals(new Uint8Array(bytes), BYTES);
  } else {
    assertEquals(codeOf(() => mmap.discard()), "ENOTSUP");
    assertEquals(bytes[0], 1);
  }
});

test("mapMut() keeps its file open until unmap(), the others do not", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  for (const isViewed of [false, true]) {
    for (const call of CALLS) {
      const mmap = new MmapOptions()[call](path);
      if (isViewed && hasViews(call)) mmap.bytes[0] = 1;
      assertEquals(openDescriptors(path), call === "mapMut" || call === "mapRead" ? 1 : 0);
      mmap.unmap();
      assertEquals(openDescriptors(path), 0);
    }
  }
}, { skip: withoutDescriptors });

test("unmap() lets go of a viewed file at once: a late store does not reach it", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const shows = () => readFileSync("/proc/self/maps", "utf8").includes(path);
  for (const call of ["map", "mapMut"] as const) {
    const mmap = new MmapOptions({ offset: PAGE })[call](path);
    const { bytes, address } = mmap;
    assertEquals([bytes[0], platform !== "linux" || shows()], [BYTES[PAGE], true]);
    mmap.unmap();
    assertEquals([bytes.length, mmap.closed], [0, true]);
    if (platform === "linux") assertEquals(shows(), false);
    // As a call of the runtime that still runs would.
    const late = new Uint8Array(currentRuntime().view(address, PAGE));
    assertEquals(late[0], 0);
    late.fill(0xee);
    assertEquals(contents(path), BYTES);
  }
}, { skip: platform === "win32" ? "Windows keeps a viewed file's memory" : undefined });

test("a file that is longer than all memory costs addresses only", () => {
  const folder = use(new TempFolder());
  const path = folder.sparse("file", 2 ** 40);
  const committed = () =>
    Number(/^Committed_AS:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))![1]);
  const before = committed();
  const mmap = use(new MmapOptions().map(path));
  assert(committed() - before < 2 ** 28, `${committed() - before} KiB more are committed`);
  assertEquals(mmap.view(Uint8Array, 2 ** 40 - 1)[0], 0);
  mmap.view(Uint8Array, 2 ** 40 - 1)[0] = 1;
  assertEquals(readBytes(mmap, 2, 2 ** 40 - 2), new Uint8Array([0, 1]));
}, { skip: unlessLinux("only Linux's temporary folder is sure to take it") ?? withoutSmaps() });

test("map() takes names of any script, and paths of any length", () => {
  const folder = use(new TempFolder());
  for (const name of ["größe-数据-🦕", "a b'c\"d".replace(platform === "win32" ? '"' : "", "")]) {
    const mmap = use(new MmapOptions().map(folder.file(name, BYTES)));
    assertEquals(mmap.bytes[5], BYTES[5]);
  }
  let name = "";
  for (const letter of "abcd") {
    name = join(name, letter.repeat(100));
    mkdirSync(join(folder.path, name));
  }
  const path = folder.file(join(name, "file"), BYTES);
  assert(path.length > 400);
  const mmap = use(new MmapOptions().mapMut(path));
  mmap.bytes[0] = 77;
  mmap.flush();
  assertEquals(contents(path)[0], 77);
});

test("map() takes a path that is relative", () => {
  const folder = use(new TempFolder());
  const mmap = use(new MmapOptions().map(relative(process.cwd(), folder.file("file", BYTES))));
  assertEquals(new Uint8Array(mmap.bytes), BYTES);
});

test("mapMut() shares a file in /dev/shm", () => {
  const path = `/dev/shm/sysalloc-test-${process.pid}`;
  const created = openSync(path, "w");
  try {
    truncateSync(path, PAGE);
    const a = use(new MmapOptions().mapMut(path));
    const b = use(new MmapOptions().mapMut(path));
    a.bytes[9] = 9;
    assertEquals(b.bytes[9], 9);
    a.flush();
    a.startFlush();
  } finally {
    closeSync(created);
    rmSync(path);
  }
}, { skip: unlessLinux("only Linux has /dev/shm") });

test("a file is mapped at a strict hint, and populated", () => {
  const folder = use(new TempFolder());
  const path = folder.file("file", BYTES);
  const hint = freeAddress(8 * 65_536);
  for (const call of CALLS) {
    const mmap = new MmapOptions({ hint, strict: true, populate: true, offset: 3 })[call](path);
    assertEquals(mmap.address, hint + 3n);
    assertEquals(readBytes(mmap, 5), BYTES.slice(3, 8));
    const error = assertThrows(
      () => new MmapOptions({ hint, strict: true })[call](path),
      MmapError,
    );
    assertEquals([error.code, error.requested], ["EADDRNOTAVAIL", hint]);
    assertStringIncludes(error.message, hint.toString(16));
    mmap.unmap();
  }
  assertThrows(() => new MmapOptions({ hint: hint + 1n, strict: true }).map(path), RangeError);
});

test("discard() says what to do where the system cannot discard memory of a file", () => {
  const { files } = host().os;
  const { discard } = files;
  const folder = use(new TempFolder());
  const mmap = use(new MmapOptions().map(folder.file("file", pattern(PAGE))));
  Object.assign(files, { discard: () => UNSUPPORTED });
  try {
    const { code, syscall, message } = assertThrows(() => mmap.discard(), MmapError);
    assertEquals([code, syscall], ["ENOTSUP", undefined]);
    assert(message.endsWith("unmap it, and map it again"), message);
  } finally {
    Object.assign(files, { discard });
  }
});
