import { closeSync, existsSync, openSync, statSync, symlinkSync } from "node:fs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MmapOptions, pageSize } from "../../mod.ts";
import { codeOf } from "../support/errors.ts";
import { platform, test, unlessLinux, use } from "../support/harness.ts";
import { freshName } from "../support/shared_names.ts";
import { contents, pattern, TempFolder } from "../support/temp_files.ts";

const PAGE = pageSize();
const creating = (len: number) => new MmapOptions({ len, create: true });
const folder = (): TempFolder => use(new TempFolder());

/** Tells whether this runtime makes the file that a link names: Deno 2.2 does not, Deno 2.4 does. */
function followsLinks(path: string): boolean {
  symlinkSync(`${path}/probe target`, `${path}/probe`);
  try {
    closeSync(openSync(`${path}/probe`, "w"));
    return true;
  } catch {
    return false;
  }
}

test("create() makes a file of the length, of the offset and the length, and of a link", () => {
  const { path } = folder();
  const mmap = use(creating(5).mapMut(`${path}/new`));
  assertEquals([mmap.byteLength, statSync(`${path}/new`).size], [5, 5]);
  mmap.bytes.set([1, 2, 3, 4, 5]);
  assertEquals(contents(`${path}/new`), Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals(use(creating(2).offset(PAGE + 1).mapMut(`${path}/part`)).byteLength, 2);
  assertEquals(statSync(`${path}/part`).size, PAGE + 3);
  if (platform === "win32") return;
  assertEquals(statSync(`${path}/new`).mode & 0o777, 0o666 & ~process.umask());
  symlinkSync(`${path}/target`, `${path}/link`);
  if (followsLinks(path)) {
    use(creating(3).mapMut(`${path}/link`));
    assertEquals(statSync(`${path}/target`).size, 3);
  } else {
    assertEquals(codeOf(() => creating(3).mapMut(`${path}/link`)), "ELOOP");
  }
});

test("create() makes a file longer, keeps its content, and never makes it shorter", () => {
  const path = folder().file("f", pattern(100));
  assertEquals(use(creating(10).mapMut(path)).byteLength, 10);
  assertEquals(contents(path), pattern(100));
  const mmap = use(creating(3 * PAGE).mapMut(path));
  assertEquals([...mmap.bytes.subarray(0, 100)], [...pattern(100)]);
  assertEquals([mmap.bytes[100], statSync(path).size], [0, 3 * PAGE]);
  const empty = use(new TempFolder()).file("empty", new Uint8Array(0));
  assertEquals(use(creating(1).mapMut(empty)).byteLength, 1);
});

test("create() makes the file of a descriptor longer", () => {
  const path = folder().file("f", new Uint8Array(0));
  const fd = openSync(path, "r+");
  try {
    assertEquals(use(creating(7).mapMut(fd)).byteLength, 7);
  } catch (error) {
    assertEquals((error as { code?: unknown }).code, "ENOTSUP"); // this runtime has no descriptors
    return;
  } finally {
    closeSync(fd);
  }
  assertEquals(statSync(path).size, 7);
});

test("create() with a capacity makes a log that grows", () => {
  const path = `${folder().path}/log`;
  const mmap = use(creating(8).capacity(2 ** 30).mapMut(path));
  const length = mmap.view(BigUint64Array, 0, 1);
  mmap.resize(PAGE);
  length[0] = 3n;
  assertEquals([mmap.bytes.length, statSync(path).size], [PAGE, PAGE]);
});

test("allocate() fills the holes of a file, and of what resize() adds", () => {
  const path = use(new TempFolder()).sparse("sparse", 64 * PAGE);
  const allocated = () => statSync(path).blocks * 512;
  for (const capacity of [0, 2 ** 30]) {
    const options = new MmapOptions({ capacity, offset: PAGE, len: 3 * PAGE, allocate: true });
    const mmap = use(options.mapMut(path));
    assertEquals(statSync(path).size >= 64 * PAGE, true);
    assert(allocated() >= 3 * PAGE, `${allocated()} bytes`);
    mmap.resize(9 * PAGE);
    assert(allocated() >= 9 * PAGE, `${allocated()} bytes`);
    mmap.resize((capacity === 0 ? 80 : 90) * PAGE);
    assertEquals(statSync(path).size, (capacity === 0 ? 81 : 91) * PAGE);
  }
  const fresh = `${path}-new`;
  use(creating(7).allocate().mapMut(fresh));
  assertEquals(statSync(fresh).size, 7);
}, { skip: unlessLinux("elsewhere it is refused, or does nothing") });

test("allocate() is refused where there are no blocks", () => {
  const path = use(new TempFolder()).file("f", pattern(5));
  const options = new MmapOptions({ len: 5, allocate: true });
  const refused = [
    () => options.map(path),
    () => options.mapAnon(),
    () => options.mapShared(freshName(), { mode: "create" }),
  ];
  for (const map of refused) assertThrows(map, RangeError);
  if (platform === "darwin") assertEquals(codeOf(() => options.mapMut(path)), "ENOTSUP");
});

test("create() is refused where no file is made, and makes none then", () => {
  const { path } = folder();
  const refused = [
    () => creating(0).mapMut(`${path}/f`),
    () => creating(1).map(`${path}/f`),
    () => creating(1).mapExec(`${path}/f`),
    () => creating(1).mapAnon(),
    () => creating(1).reserve(),
    () => creating(2 ** 16).mapMirrored(),
    () => creating(1).sharedBuffer().mapAnon(),
    () => creating(1).mapShared(freshName(), { mode: "create" }),
  ];
  for (const map of refused) assertThrows(map, RangeError);
  assertEquals(existsSync(`${path}/f`), false);
  assertEquals(codeOf(() => creating(1).mapMut(`${path}/missing/f`)), "ENOENT");
  const code = codeOf(() => creating(1).mapMut(path));
  assertEquals(["EISDIR", "EACCES", "EPERM"].includes(code), true, code);
});
