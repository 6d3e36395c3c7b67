import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import {
  linkSync,
  mkdirSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  MmapError,
  MmapOptions,
  pageSize,
  removeShared,
  type SharedMode,
  type SharedOptions,
} from "../../mod.ts";
import { codeOf, errorOf } from "../support/errors.ts";
import { platform, test, use } from "../support/harness.ts";
import { makePipe } from "../support/pipe.ts";
import {
  createShared,
  FOLDER,
  freshName,
  leftNames,
  openShared,
  unlessFolder,
} from "../support/shared_names.ts";

const PAGE = pageSize();
const isWindows = platform === "win32";

test("mapShared() makes nothing without a length", () => {
  const name = freshName();
  for (const mode of ["create", "open-or-create"] as const) {
    const error = assertThrows(() => new MmapOptions().mapShared(name, { mode }), RangeError);
    assertMatch(error.message, /must be greater than 0.*: set len\(\)$/);
  }
  assertEquals(codeOf(() => openShared(name)), "ENOENT");
});

test("mapShared() takes names with a slash at the start for those without", () => {
  const name = freshName();
  createShared(`/${name}`, PAGE).bytes[0] = 3;
  assertEquals(openShared(name).bytes[0], 3);
  if (!isWindows) {
    removeShared(`/${name}`);
    assertEquals(codeOf(() => openShared(name)), "ENOENT");
  }
});

test("mapShared() and removeShared() refuse what is no name, with a reason", () => {
  for (
    const [name, kind, words] of [
      ["", RangeError, "must not be empty"],
      ["/", RangeError, "must not be empty"],
      [".", RangeError, "must not be empty"],
      ["..", RangeError, 'must not be empty, "." or ".."'],
      ["a/b", RangeError, "no slash except at its start"],
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
  const prefix = freshName();
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
  const name = freshName();
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
  assertEquals(codeOf(() => openShared(name)), "ENOENT");
});

test("mapShared() leaves no name where it cannot be mapped", () => {
  const name = freshName();
  const taken = use(new MmapOptions({ len: 65_536 }).mapAnon());
  const error = errorOf(() =>
    new MmapOptions({ len: 65_536, hint: taken.address, strict: true })
      .mapShared(name, { mode: "create" })
  );
  assertEquals(error.code, "EADDRNOTAVAIL");
  assertEquals(codeOf(() => openShared(name)), "ENOENT");
});

test("mapShared() tells at once where there is too little memory for its length", () => {
  const name = freshName();
  const map = (init: object) => () => new MmapOptions(init).mapShared(name, { mode: "create" });
  for (const len of [2 ** 45, 2 ** 53 - 1]) {
    const error = errorOf(map({ len }));
    if (platform === "linux") assertStringIncludes(error.message, "noReserve()");
  }
  assert(errorOf(map({ len: 2 ** 53 - 1, noReserve: true })) instanceof MmapError);
  assertEquals(codeOf(() => openShared(name)), "ENOENT");
});

test(
  "mapShared() opens nothing but memory: no directory, pipe or symbolic link, and nothing without a length",
  () => {
    const name = freshName();
    const path = join(FOLDER, name);
    const real = freshName();
    createShared(real, PAGE);
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
    openShared(real);
    makePipe(path);
    assertRefused("ESPIPE", "a pipe");
    removeShared(name);
    writeFileSync(path, "");
    assertRefused("EAGAIN", "no length yet");
    truncateSync(path, PAGE);
    openShared(name);
    unlinkSync(path);
    linkSync(join(FOLDER, real), path); // what is memory
    openShared(name);
  },
  { skip: unlessFolder },
);

test("the tests of shared memory leave none", () => {
  assertEquals(leftNames(), []);
}, { skip: unlessFolder });
