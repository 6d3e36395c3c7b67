import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  type Mmap,
  MmapError,
  MmapOptions,
  pageSize,
  removeShared,
  type SharedMode,
  type SharedOptions,
} from "../../mod.ts";
import { errorOf } from "../support/errors.ts";
import { platform, test, use } from "../support/harness.ts";
import { withoutSmaps } from "../support/memory_map.ts";
import { makePipe } from "../support/pipe.ts";
import { FOLDER, leftNames, SharedName, unlessFolder } from "../support/shared_names.ts";
import { codeOf } from "../support/errors.ts";
import { openDescriptors, withoutDescriptors, withoutOtherUsers } from "../support/temp_files.ts";

const PAGE = pageSize();
const isWindows = platform === "win32";

const create = (name: string, len: number): Mmap =>
  use(new MmapOptions({ len }).mapShared(name, { mode: "create" }));
const open = (name: string, len = 0): Mmap => use(new MmapOptions({ len }).mapShared(name));
const fresh = (): string => use(new SharedName()).name;

/** The error of a call that must be an {@linkcode MmapError}. */
test("mapShared() makes memory that is zero, and of which all handles are one", () => {
  const name = fresh();
  const first = create(name, 3 * PAGE + 5);
  assertEquals([first.byteLength, first.access], [3 * PAGE + 5, "read-write"]);
  assert(first.bytes.every((byte) => byte === 0));
  const second = open(name);
  // Windows has whole pages.
  assertStrictEquals(second.byteLength, isWindows ? 4 * PAGE : 3 * PAGE + 5);
  first.bytes[3 * PAGE + 4] = 42;
  second.view(Int32Array, 0, 1)[0] = -7;
  assertEquals([second.bytes[3 * PAGE + 4], first.view(Int32Array, 0, 1)[0]], [42, -7]);
});

test("mapShared() maps as much as is asked for of what is there, and never more", () => {
  const name = fresh();
  create(name, 3 * PAGE).bytes.fill(7);
  for (const mode of ["open", "open-or-create"] as const) {
    const part = use(new MmapOptions({ len: 10 }).mapShared(name, { mode }));
    assertEquals([part.byteLength, part.bytes[9]], [10, 7]);
    const error = assertThrows(
      () => new MmapOptions({ len: 3 * PAGE + 1 }).mapShared(name, { mode }),
      RangeError,
    );
    assertStringIncludes(error.message, `is ${3 * PAGE} bytes long`);
  }
});

test("mapShared() makes only what is not there, and opens only what is", () => {
  const name = fresh();
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
  const name = fresh();
  const path = join(FOLDER, name);
  create(name, PAGE).bytes[0] = 7;
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
    const name = fresh();
    const path = join(FOLDER, name);
    create(name, PAGE).bytes[0] = 7;
    chownSync(path, 65_534, 65_534);
    const error = errorOf(() => open(name));
    assertEquals(error.code, "EACCES");
    for (const words of [name, "user 65534", "user 0", "{ foreign: true }"]) {
      assertStringIncludes(error.message, words);
    }
    assertEquals(codeOf(() => create(name, PAGE)), "EEXIST");
    assertEquals(use(new MmapOptions().mapShared(name, { foreign: true })).bytes[0], 7);
  },
  { skip: unlessFolder ?? withoutOtherUsers() },
);

test("mapShared() makes memory of the same mode, whatever the umask is", () => {
  const name = fresh();
  const umask = process.umask(0o277);
  try {
    create(name, PAGE);
  } finally {
    process.umask(umask);
  }
  assertEquals(statSync(join(FOLDER, name)).mode & 0o7777, 0o600);
  open(name);
}, { skip: unlessFolder });

test("mapShared() makes nothing without a length", () => {
  const name = fresh();
  for (const mode of ["create", "open-or-create"] as const) {
    const error = assertThrows(() => new MmapOptions().mapShared(name, { mode }), RangeError);
    assertStringIncludes(error.message, "must be greater than 0");
  }
  assertEquals(codeOf(() => open(name)), "ENOENT");
});

test("mapShared() takes names with a slash at the start for those without", () => {
  const name = fresh();
  create(`/${name}`, PAGE).bytes[0] = 3;
  assertEquals(open(name).bytes[0], 3);
  if (!isWindows) {
    removeShared(`/${name}`);
    assertEquals(codeOf(() => open(name)), "ENOENT");
  }
});

test("mapShared() and removeShared() refuse what is no name, with a reason", () => {
  for (
    const [name, kind, words] of [
      ["", RangeError, "must not be empty"],
      ["/", RangeError, "must not be empty"],
      [".", RangeError, "must not be empty"],
      ["..", RangeError, 'must not be empty, "." or ".."'],
      ["a/b", RangeError, "no slash but one at its start"],
      ["//a", RangeError, "no slash"],
      ["a/", RangeError, "no slash"],
      ["../a", RangeError, "no slash"],
      ["a\\b", RangeError, "no backslash"],
      ["a\0", RangeError, "no NUL"],
      ["\0", RangeError, "no NUL"],
      ["\ud800", RangeError, "lone surrogates"],
      ["a".repeat(256), RangeError, "at most 255 bytes"],
      ["ä".repeat(128), RangeError, "and is 256"],
      [undefined, TypeError, "got undefined"],
      [null, TypeError, "got null"],
      [1, TypeError, "got 1"],
      [new String("a"), TypeError, "got an object"],
      [Symbol("a"), TypeError, "got a symbol"],
    ] as const
  ) {
    for (const mode of ["open", "create", "open-or-create"] as const) {
      const error = assertThrows(
        () => new MmapOptions({ len: PAGE }).mapShared(name as string, { mode }),
        kind,
      );
      assertStringIncludes(error.message, words);
    }
    assertStringIncludes(assertThrows(() => removeShared(name as string), kind).message, words);
  }
});

test("mapShared() takes any other name, up to 255 bytes", () => {
  const prefix = fresh();
  for (const rest of [" ", "\n", "🦕", "...", "a:b*?\"<>|'", "%2F", "-", "ä".repeat(60)]) {
    const name = prefix + rest;
    try {
      const first = new MmapOptions({ len: PAGE }).mapShared(name, { mode: "create" });
      first.bytes[0] = 9;
      const second = new MmapOptions().mapShared(name);
      assertEquals(second.bytes[0], 9, JSON.stringify(name));
      first.unmap();
      second.unmap();
    } finally {
      removeShared(name);
    }
  }
  const longest = prefix.padEnd(platform === "darwin" ? 246 : 255, "x");
  new MmapOptions({ len: PAGE }).mapShared(longest, { mode: "create" }).unmap();
  removeShared(longest);
});

test("mapShared() refuses options and modes that there are not", () => {
  const name = fresh();
  const map = (options: unknown, init = {}) => () =>
    new MmapOptions({ len: PAGE, ...init }).mapShared(name, options as SharedOptions);
  for (const options of [null, 1, "create", () => 1]) assertThrows(map(options), TypeError);
  assertThrows(map({ modes: "create" }), TypeError, "modes");
  assertThrows(map({ mode: 1 }), TypeError, "The mode must be a string");
  assertThrows(map({ foreign: 1 }), TypeError, "The option foreign must be a boolean");
  assertThrows(map({ mode: "Create" as SharedMode }), RangeError, '"open-or-create"');
  const mode = "create";
  assertThrows(map({ mode }, { offset: 1 }), RangeError, "drop offset()");
  assertThrows(map({ mode }, { huge: true }), RangeError, "drop huge()");
  assertThrows(map({ mode }, { stack: true }), RangeError, "drop stack()");
  assertThrows(map({ mode }, { name: "a" }), RangeError, "drop name()");
  assertThrows(map({ mode }, { align: 1 }), RangeError, "alignment");
  assertThrows(map({ mode }, { hint: 5, strict: true }), RangeError, "strict hint");
  assertEquals(codeOf(() => open(name)), "ENOENT");
});

test("mapShared() leaves no name where it cannot be mapped", () => {
  const name = fresh();
  const taken = use(new MmapOptions({ len: 65_536 }).mapAnon());
  const error = errorOf(() =>
    new MmapOptions({ len: 65_536, hint: taken.address, strict: true })
      .mapShared(name, { mode: "create" })
  );
  assertEquals(error.code, "EADDRNOTAVAIL");
  assertEquals(codeOf(() => open(name)), "ENOENT");
});

test("mapShared() honours align(), populate() and guard()", () => {
  const align = 2 ** 20;
  const options = new MmapOptions({ len: 3 * PAGE, align, populate: true });
  const first = use(options.mapShared(fresh(), { mode: "create" }));
  assertStrictEquals(first.address % BigInt(align), 0n);
  assertStrictEquals(first.bytes.length, 3 * PAGE);
  if (isWindows) return;
  const name = fresh();
  const guarded = use(options.guard().mapShared(name, { mode: "create" }));
  guarded.bytes[3 * PAGE - 1] = 1;
  assertEquals(open(name).bytes[3 * PAGE - 1], 1);
});

test("removeShared() frees the name, and what is mapped stays shared", () => {
  const name = fresh();
  const first = create(name, PAGE);
  const second = open(name);
  removeShared(name);
  first.bytes[0] = 5;
  assertEquals(second.bytes[0], 5);
  if (isWindows) return removeShared(name);
  const error = errorOf(() => removeShared(name));
  assertEquals(error.code, "ENOENT");
  assertStringIncludes(error.message, name);
  const third = create(name, 2 * PAGE);
  assertEquals([third.bytes[0], third.byteLength, first.bytes[0]], [0, 2 * PAGE, 5]);
});

test("memory of mapShared() outlives its handles, on all systems but Windows", () => {
  const name = fresh();
  const mmap = new MmapOptions({ len: PAGE }).mapShared(name, { mode: "create" });
  mmap.bytes[0] = 8;
  mmap.unmap();
  // On Windows the section goes with what was viewed, when that is collected; its name goes at once.
  if (isWindows) assertEquals(codeOf(() => open(name)), "ENOENT");
  else assertEquals(open(name).bytes[0], 8);
});

test("memory of mapShared() can do what that of mapMut() can, but become longer", () => {
  const name = fresh();
  const mmap = create(name, 4 * PAGE);
  const other = open(name);
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
  assertStringIncludes(errorOf(() => mmap.resize(8 * PAGE)).message, "keeps the length");
  assertEquals([mmap.bytes[PAGE], other.bytes[PAGE], other.bytes[0]], [2, 2, 6]);
  mmap.resize(PAGE);
  assertEquals([mmap.bytes.length, other.byteLength, other.bytes[PAGE]], [PAGE, 4 * PAGE, 2]);
});

test("prefault() backs memory of mapShared()", async () => {
  const mmap = create(fresh(), 8 * PAGE);
  await mmap.prefault();
  if (!isWindows) assert(mmap.resident() >= 8 * PAGE);
}, { skip: platform === "linux" ? withoutSmaps() : undefined }); // QEMU populates nothing

test(
  "mapShared() makes a file of /dev/shm that only its user can have, and sets its memory aside",
  () => {
    const name = fresh();
    const mmap = create(name, 5000);
    const path = join(FOLDER, name);
    const { mode, size, blocks } = statSync(path);
    assertEquals([mode & 0o7777, size, blocks * 512], [0o600, 5000, Math.ceil(5000 / PAGE) * PAGE]);
    mmap.bytes[1] = 200;
    assertEquals(readFileSync(path)[1], 200);
    const sparse = fresh();
    use(new MmapOptions({ len: 2 ** 40, noReserve: true }).mapShared(sparse, { mode: "create" }));
    assertEquals([statSync(join(FOLDER, sparse)).size, statSync(join(FOLDER, sparse)).blocks], [
      2 ** 40,
      0,
    ]);
  },
  { skip: unlessFolder },
);

test("mapShared() tells at once where there is too little memory for its length", () => {
  const name = fresh();
  const map = (init: object) => () => new MmapOptions(init).mapShared(name, { mode: "create" });
  for (const len of [2 ** 45, 2 ** 53 - 1]) {
    const error = errorOf(map({ len }));
    if (platform === "linux") assertStringIncludes(error.message, "noReserve()");
  }
  assert(errorOf(map({ len: 2 ** 53 - 1, noReserve: true })) instanceof MmapError);
  assertEquals(codeOf(() => open(name)), "ENOENT");
});

test(
  "mapShared() opens nothing but memory: no directory, pipe or symbolic link, and nothing without a length",
  () => {
    const name = fresh();
    const path = join(FOLDER, name);
    const real = fresh();
    create(real, PAGE);
    const assertRefused = (code: string, words: string) => {
      for (const mode of ["open", "open-or-create"] as const) {
        const error = errorOf(() => new MmapOptions({ len: PAGE }).mapShared(name, { mode }));
        assertEquals(error.code, code, error.message);
        assertStringIncludes(error.message, words);
      }
      const made = errorOf(() =>
        new MmapOptions({ len: PAGE }).mapShared(name, { mode: "create" })
      );
      assertEquals(made.code, "EEXIST");
    };
    mkdirSync(path);
    assertRefused("EISDIR", "a directory");
    assert(["EISDIR", "EPERM"].includes(codeOf(() => removeShared(name))));
    rmdirSync(path);
    symlinkSync(join(FOLDER, real), path);
    assertRefused("ELOOP", "symbolic link");
    removeShared(name); // the link, not where it leads
    open(real);
    makePipe(path);
    assertRefused("ESPIPE", "a pipe");
    removeShared(name);
    writeFileSync(path, "");
    assertRefused("EAGAIN", "no length yet");
    truncateSync(path, PAGE);
    open(name);
    unlinkSync(path);
    linkSync(join(FOLDER, real), path); // what is memory
    open(name);
  },
  { skip: unlessFolder },
);

test("views of shared memory survive that somebody truncates it", () => {
  const name = fresh();
  const mmap = create(name, 4 * PAGE);
  const { bytes } = mmap;
  bytes.fill(7);
  truncateSync(join(FOLDER, name), PAGE);
  assertEquals([bytes[0], bytes[3 * PAGE], mmap.truncated], [7, 0, true]);
  assertEquals(codeOf(() => mmap.flush()), "EFAULT");
}, { skip: unlessFolder });

test("no descriptor is left open while shared memory is mapped, nor where it cannot be", () => {
  const name = fresh();
  create(name, PAGE);
  const before = openDescriptors();
  const kept = Array.from({ length: 20 }, () => new MmapOptions().mapShared(name));
  for (let round = 0; round < 20; round++) {
    codeOf(() => create(name, PAGE));
    codeOf(() => open(`${name}-missing`));
    codeOf(() => open(name, 2 * PAGE));
    codeOf(() => new MmapOptions({ len: 2 ** 45 }).mapShared(`${name}-2`, { mode: "create" }));
  }
  assert(openDescriptors() <= before + 2, `${before} descriptors, then ${openDescriptors()}`);
  for (const mmap of kept) mmap.unmap();
}, { skip: withoutDescriptors });

test("the tests of shared memory leave none", () => {
  assertEquals(leftNames(), []);
}, { skip: unlessFolder });
