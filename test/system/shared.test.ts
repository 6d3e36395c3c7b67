import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { chmodSync, chownSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { MmapOptions, pageSize, removeShared } from "../../mod.ts";
import { codeOf, errorOf } from "../support/errors.ts";
import { platform, test, use } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import {
  createShared,
  FOLDER,
  freshName,
  leftNames,
  openShared,
  unlessFolder,
} from "../support/shared_names.ts";
import { openDescriptors, withoutDescriptors, withoutOtherUsers } from "../support/temp_files.ts";

const PAGE = pageSize();
const isWindows = platform === "win32";

test("mapShared() makes memory that is zero, and of which all handles are one", () => {
  const name = freshName();
  const first = createShared(name, 3 * PAGE + 5);
  assertEquals([first.byteLength, first.access], [3 * PAGE + 5, "read-write"]);
  assert(first.bytes.every((byte) => byte === 0));
  const second = openShared(name);
  // Windows has whole pages.
  assertStrictEquals(second.byteLength, isWindows ? 4 * PAGE : 3 * PAGE + 5);
  first.bytes[3 * PAGE + 4] = 42;
  second.view(Int32Array, 0, 1)[0] = -7;
  assertEquals([second.bytes[3 * PAGE + 4], first.view(Int32Array, 0, 1)[0]], [42, -7]);
});

test("mapShared() maps as much as is asked for of what is there, and never more", () => {
  const name = freshName();
  createShared(name, 3 * PAGE).bytes.fill(7);
  for (const mode of ["open", "open-or-create"] as const) {
    const part = use(new MmapOptions({ len: 10 }).mapShared(name, { mode }));
    assertEquals([part.byteLength, part.bytes[9]], [10, 7]);
    const error = assertThrows(
      () => new MmapOptions({ len: 3 * PAGE + 1 }).mapShared(name, { mode }),
      RangeError,
    );
    assertStringIncludes(
      error.message,
      `is ${3 * PAGE} bytes long, and len() is ${3 * PAGE + 1}: drop`,
    );
  }
});

test("mapShared() makes only what is not there, and opens only what is", () => {
  const name = freshName();
  assertEquals(errorOf(() => new MmapOptions().mapShared(name)).code, "ENOENT");
  assertEquals(errorOf(() => new MmapOptions({ len: 1 }).mapShared(name, {})).code, "ENOENT");
  const either = new MmapOptions({ len: PAGE });
  const first = use(either.mapShared(name, { mode: "open-or-create" }));
  const second = use(either.mapShared(name, { mode: "open-or-create" }));
  first.bytes[0] = 1;
  assertEquals(second.bytes[0], 1);
  const error = errorOf(() => either.mapShared(name, { mode: "create" }));
  assertEquals(error.code, "EEXIST");
  assertStringIncludes(error.message, name);
});

test("mapShared() maps memory that others may store to only where that is asked for", () => {
  const name = freshName();
  const path = join(FOLDER, name);
  createShared(name, PAGE).bytes[0] = 7;
  const [open, foreign] = [{}, { foreign: true }].map((options) => () =>
    use(new MmapOptions({ len: PAGE }).mapShared(name, options))
  );
  const before = withoutDescriptors === undefined ? openDescriptors() : 0;
  for (const mode of [0o602, 0o620, 0o666]) {
    chmodSync(path, mode);
    const error = errorOf(open!);
    assertEquals(error.code, "EACCES");
    for (const words of [name, `0${mode.toString(8)}`, "{ foreign: true }"]) {
      assertStringIncludes(error.message, words);
    }
    const either = { mode: "open-or-create" } as const;
    assertEquals(codeOf(() => new MmapOptions({ len: PAGE }).mapShared(name, either)), "EACCES");
    assertEquals(foreign!().bytes[0], 7);
  }
  if (withoutDescriptors === undefined) assertEquals(openDescriptors(), before);
  chmodSync(path, 0o644);
  assertEquals(open!().bytes[0], 7);
}, { skip: unlessFolder });

test(
  "mapShared() maps memory of another user only where that is asked for, and says whose it is",
  () => {
    const name = freshName();
    const path = join(FOLDER, name);
    createShared(name, PAGE).bytes[0] = 7;
    chownSync(path, 65_534, 65_534);
    const error = errorOf(() => openShared(name));
    assertEquals(error.code, "EACCES");
    for (const words of [name, "user 65534", "user 0", "{ foreign: true }"]) {
      assertStringIncludes(error.message, words);
    }
    assertEquals(codeOf(() => createShared(name, PAGE)), "EEXIST");
    assertEquals(use(new MmapOptions().mapShared(name, { foreign: true })).bytes[0], 7);
  },
  { skip: unlessFolder ?? withoutOtherUsers() },
);

test("mapShared() makes memory of the same mode, whatever the umask is", () => {
  const name = freshName();
  const umask = process.umask(0o277);
  try {
    createShared(name, PAGE);
  } finally {
    process.umask(umask);
  }
  assertEquals(statSync(join(FOLDER, name)).mode & 0o7777, 0o600);
  openShared(name);
}, { skip: unlessFolder });

test("mapShared() honours align(), populate() and guard()", () => {
  const align = 2 ** 20;
  const options = new MmapOptions({ len: 3 * PAGE, align, populate: true });
  const first = use(options.mapShared(freshName(), { mode: "create" }));
  assertStrictEquals(first.address % BigInt(align), 0n);
  assertStrictEquals(first.bytes.length, 3 * PAGE);
  if (isWindows) return;
  const name = freshName();
  const guarded = use(options.guard().mapShared(name, { mode: "create" }));
  guarded.bytes[3 * PAGE - 1] = 1;
  assertEquals(openShared(name).bytes[3 * PAGE - 1], 1);
});

test("removeShared() frees the name, and what is mapped stays shared", () => {
  const name = freshName();
  const first = createShared(name, PAGE);
  const second = openShared(name);
  removeShared(name);
  first.bytes[0] = 5;
  assertEquals(second.bytes[0], 5);
  if (isWindows) return removeShared(name);
  const error = errorOf(() => removeShared(name));
  assertEquals(error.code, "ENOENT");
  assertStringIncludes(error.message, name);
  const third = createShared(name, 2 * PAGE);
  assertEquals([third.bytes[0], third.byteLength, first.bytes[0]], [0, 2 * PAGE, 5]);
});

test("memory of mapShared() outlives its handles, on all systems but Windows", () => {
  const name = freshName();
  const mmap = new MmapOptions({ len: PAGE }).mapShared(name, { mode: "create" });
  mmap.bytes[0] = 8;
  mmap.unmap();
  // On Windows the section goes with what was viewed, when that is collected; its name goes at once.
  if (isWindows) assertEquals(codeOf(() => openShared(name)), "ENOENT");
  else assertEquals(openShared(name).bytes[0], 8);
});

test("memory of mapShared() can do what that of mapMut() can, but become longer", () => {
  const name = freshName();
  const mmap = createShared(name, 4 * PAGE);
  const other = openShared(name);
  mmap.write(Uint8Array.of(1, 2, 3), PAGE - 1);
  const copy = new Uint8Array(3);
  other.read(copy, PAGE - 1);
  assertEquals([...copy], [1, 2, 3]);
  mmap.flush();
  mmap.startFlush(PAGE, 1);
  mmap.lock(0, PAGE);
  mmap.unlock(0, PAGE);
  if (!isWindows) assert(mmap.resident() >= PAGE);
  if (platform !== "darwin") mmap.advise("will-need");
  mmap.protect("read", 0, PAGE);
  assertEquals([mmap.access, other.access], ["mixed", "read-write"]);
  other.bytes[0] = 6;
  mmap.read(copy);
  assertEquals(copy[0], 6);
  mmap.protect("read-write");
  for (
    const [call, code] of [
      [() => mmap.resize(4 * PAGE + 1), "ENOTSUP"],
      [() => mmap.discard(), "ENOTSUP"],
      [() => mmap.commit(0, PAGE), "ENOTSUP"],
      [() => mmap.decommit(0, PAGE), "ENOTSUP"],
      [() => mmap.intoRaw(), "ENOTSUP"],
      [() => mmap.protect("copy-on-write"), "RangeError"],
    ] as const
  ) {
    assertEquals(codeOf(call), code);
  }
  assertStringIncludes(errorOf(() => mmap.resize(8 * PAGE)).message, "cannot become longer");
  assertEquals([mmap.bytes[PAGE], other.bytes[PAGE], other.bytes[0]], [2, 2, 6]);
  mmap.resize(PAGE);
  assertEquals([mmap.bytes.length, other.byteLength, other.bytes[PAGE]], [PAGE, 4 * PAGE, 2]);
});

test("prefault() backs memory of mapShared()", async () => {
  const mmap = createShared(freshName(), 8 * PAGE);
  await mmap.prefault();
  if (!isWindows) assert(mmap.resident() >= 8 * PAGE);
}, { skip: platform === "linux" ? withoutSmaps() : undefined }); // QEMU populates nothing

test(
  "mapShared() makes a file of /dev/shm that only its user can have, and sets its memory aside",
  () => {
    const name = freshName();
    const mmap = createShared(name, 5000);
    const path = join(FOLDER, name);
    const { mode, size, blocks } = statSync(path);
    assertEquals([mode & 0o7777, size, blocks * 512], [0o600, 5000, Math.ceil(5000 / PAGE) * PAGE]);
    mmap.bytes[1] = 200;
    assertEquals(readFileSync(path)[1], 200);
    const sparse = freshName();
    use(new MmapOptions({ len: 2 ** 40, noReserve: true }).mapShared(sparse, { mode: "create" }));
    assertEquals([statSync(join(FOLDER, sparse)).size, statSync(join(FOLDER, sparse)).blocks], [
      2 ** 40,
      0,
    ]);
  },
  { skip: unlessFolder },
);

test("views of shared memory survive that somebody truncates it", () => {
  const name = freshName();
  const mmap = createShared(name, 4 * PAGE);
  const { bytes } = mmap;
  bytes.fill(7);
  truncateSync(join(FOLDER, name), PAGE);
  assertEquals([bytes[0], bytes[3 * PAGE], mmap.truncated], [7, 0, true]);
  assertEquals(codeOf(() => mmap.flush()), "EFAULT");
}, { skip: unlessFolder });

test("no descriptor is left open while shared memory is mapped, nor where it cannot be", () => {
  const name = freshName();
  createShared(name, PAGE);
  const before = openDescriptors();
  const kept = Array.from({ length: 20 }, () => new MmapOptions().mapShared(name));
  for (let round = 0; round < 20; round++) {
    codeOf(() => createShared(name, PAGE));
    codeOf(() => openShared(`${name}-missing`));
    codeOf(() => openShared(name, 2 * PAGE));
    codeOf(() => new MmapOptions({ len: 2 ** 45 }).mapShared(`${name}-2`, { mode: "create" }));
  }
  assert(openDescriptors() <= before + 2, `${before} descriptors, then ${openDescriptors()}`);
  for (const mmap of kept) mmap.unmap();
}, { skip: withoutDescriptors });

test("the tests of shared memory leave none", () => {
  assertEquals(leftNames(), []);
}, { skip: unlessFolder });
