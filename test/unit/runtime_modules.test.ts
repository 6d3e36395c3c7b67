import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { isProxy } from "node:util/types";
import { bare, bareTable } from "../../ffi/own.ts";
import { bun, type BunFfi } from "../../ffi/runtime/bun.ts";
import { deno, type DenoNamespace } from "../../ffi/runtime/deno.ts";
import {
  type DenoFileCalls,
  type DenoFileInfo,
  denoFiles,
  denoPermit,
} from "../../ffi/runtime/deno_files.ts";
import { UNTOLD } from "../../ffi/runtime/files.ts";
import { type Koffi, koffi } from "../../ffi/runtime/koffi.ts";
import { type NodeFfi, nodeFfi } from "../../ffi/runtime/node_ffi.ts";
import { nodeFiles } from "../../ffi/runtime/node_files.ts";
import {
  type BufferGrid,
  gridLimits,
  type NodeProcess,
  type Runtime,
} from "../../ffi/runtime/runtime.ts";
import { isAtLeast, type Versions } from "../../ffi/runtime/versions.ts";
import type { SymbolTable } from "../../ffi/symbols.ts";
import { test } from "../support/harness.ts";

/** Every type, as a parameter and as a result. */
const TABLE = {
  nothing: { parameters: [], result: "void" },
  signed: {
    parameters: ["i32", "u32", "i64", "usize", "buffer"],
    result: "i32",
  },
  unsigned: { parameters: ["u32", "i32"], result: "u32" },
  wide: { parameters: ["buffer"], result: "i64" },
  address: { parameters: ["usize"], result: "usize" },
} as const satisfies SymbolTable;

const ADDRESS = 0x7fff_ffff_f000n;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const PAST_2_53 = 2n ** 53n + 1n;

/** A function that returns `result`, and what it was called with. */
function recorder<T>(result: T): { calls: unknown[][]; call: (...args: unknown[]) => T } {
  const calls: unknown[][] = [];
  const call = (...args: unknown[]): T => {
    calls.push(args);
    return result;
  };
  return { calls, call };
}

const BUFFER = new ArrayBuffer(8);
const FUNCTIONS = {};

function unused(): never {
  throw new Error("This is not to be called");
}

/** A `Deno` that has only what a test gives it. */
function fakeDeno(given: Partial<DenoNamespace>): DenoNamespace {
  return {
    dlopen: unused,
    version: {},
    build: { os: "linux", arch: "x86_64" },
    UnsafePointer: { create: unused },
    UnsafePointerView: { getArrayBuffer: unused },
    ...given,
  };
}

test("deno().open() passes the table as it is, without prototypes", () => {
  const dlopen = recorder({ symbols: FUNCTIONS });
  const opened = deno(fakeDeno({ dlopen: dlopen.call }), unused).open("library", TABLE);
  assertEquals(dlopen.calls, [["library", bareTable(TABLE, (described) => described)]]);
  assertStrictEquals(opened as unknown, FUNCTIONS);
});

test("deno().view() makes a buffer of the pointer to the address", () => {
  const pointer = {};
  const create = recorder(pointer);
  const getArrayBuffer = recorder(BUFFER);
  const runtime = deno(
    fakeDeno({
      UnsafePointer: { create: create.call },
      UnsafePointerView: { getArrayBuffer: getArrayBuffer.call },
    }),
    unused,
  );
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(create.calls, [[ADDRESS]]);
  assertEquals(getArrayBuffer.calls, [[pointer, 8]]);
  assertStrictEquals(getArrayBuffer.calls[0]?.[0], pointer);
});

test("deno().pointer() returns Deno's pointer object", () => {
  const pointer = {};
  const create = recorder(pointer);
  const runtime = deno(fakeDeno({ UnsafePointer: { create: create.call } }), unused);
  assertStrictEquals(runtime.pointer(ADDRESS) as unknown, pointer);
  assertEquals(create.calls, [[ADDRESS]]);
});

const BUN: BunFfi = { dlopen: unused, toArrayBuffer: unused };

/** A `process` of such versions, whose builtin modules are `builtins`. */
function fakeProcess(
  versions: Versions,
  builtins: Readonly<Record<string, unknown>> = {},
): NodeProcess {
  return {
    ...{ platform: "linux", arch: "x64", versions },
    ...{ argv: [], env: {}, execPath: "", cwd: () => "" },
    getBuiltinModule: (name) => builtins[name],
  };
}

const BUN_1_4 = { bun: "1.4.0" };
const BUN_1_3 = { bun: "1.3.14" };

test("bun().open() translates the table's types", () => {
  const dlopen = recorder({ symbols: FUNCTIONS });
  const runtime = bun({ ...BUN, dlopen: dlopen.call }, fakeProcess(BUN_1_4));
  runtime.open("library", TABLE);
  assertEquals(dlopen.calls, [[
    "library",
    bare({
      nothing: bare({ args: [], returns: "void" }),
      signed: bare({ args: ["i32", "u32", "i64", "usize", "ptr"], returns: "i32" }),
      unsigned: bare({ args: ["u32", "i32"], returns: "u32" }),
      wide: bare({ args: ["ptr"], returns: "i64" }),
      address: bare({ args: ["usize"], returns: "usize" }),
    }),
  ]]);
});

test("bun().open() makes results of u32 unsigned and leaves the others", () => {
  const call = () => -1;
  const symbols = { unsigned: call, signed: call };
  const runtime = bun({ ...BUN, dlopen: () => ({ symbols }) }, fakeProcess(BUN_1_3));
  const { unsigned, signed } = runtime.open("library", TABLE);
  assertStrictEquals(unsigned(0, 0), 2 ** 32 - 1);
  assertStrictEquals(signed as unknown, call);
});

test("bun().view() makes a buffer with no offset, and refuseTransfer() one that cannot be transferred", () => {
  const toArrayBuffer = recorder(BUFFER);
  const markAsUntransferable = recorder(undefined);
  const runtime = bun(
    { ...BUN, toArrayBuffer: toArrayBuffer.call },
    fakeProcess(BUN_1_4, {
      "node:worker_threads": { markAsUntransferable: markAsUntransferable.call },
    }),
  );
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(toArrayBuffer.calls, [[ADDRESS, 0, 8]]);
  assertStrictEquals(markAsUntransferable.calls.length, 0);
  runtime.refuseTransfer!(BUFFER);
  assertStrictEquals(markAsUntransferable.calls.length, 1);
  assertStrictEquals(markAsUntransferable.calls[0]?.[0], BUFFER);
});

test("bun() has no refuseTransfer() before Bun 1.4, where it would throw", () => {
  const toArrayBuffer = recorder(BUFFER);
  const runtime = bun(
    { ...BUN, toArrayBuffer: toArrayBuffer.call },
    fakeProcess(BUN_1_3),
  );
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(toArrayBuffer.calls, [[Number(ADDRESS), 0, 8]]);
  assertStrictEquals(runtime.refuseTransfer, undefined);
});

test("bun().view() makes the buffer itself when the length is 0", () => {
  const runtime = bun(BUN, fakeProcess(BUN_1_4));
  assertStrictEquals(runtime.view(ADDRESS, 0).byteLength, 0);
});

test("bun().pointer() returns a number", () => {
  const runtime = bun(BUN, fakeProcess(BUN_1_4));
  assertStrictEquals(runtime.pointer(ADDRESS) as unknown, 0x7fff_ffff_f000);
});

/** How a runtime makes views. */
function limits(
  { maxViewByteLength, maxSharedByteLength, longMappings }: Runtime,
): [number, number, Runtime["longMappings"]] {
  return [maxViewByteLength, maxSharedByteLength, longMappings];
}

test("bun() makes windows above 64 MiB, and buffers of grids before Bun 1.4", () => {
  const of = (version: string) => limits(bun(BUN, fakeProcess({ bun: version })));
  for (const version of ["1.4.0", "1.4.5", "1.10.0", "2.0.0"]) {
    assertEquals(of(version), [4 * GIB, 64 * MIB, "windows"], version);
  }
  const grids = [
    { stride: 64 * MIB, byteLength: 128 * MIB },
    { stride: 1.5 * GIB, byteLength: 3 * GIB },
  ];
  for (const version of ["1.2.6", "1.3.14"]) {
    assertEquals(of(version), [1.5 * GIB, 64 * MIB, grids], version);
  }
});

test("gridLimits() asks for no buffer that is longer, and starts each aligned", () => {
  for (const byteLength of [2 ** 17, 2 ** 17 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    const { maxViewByteLength, longMappings } = gridLimits(byteLength);
    const [grid] = longMappings as readonly BufferGrid[];
    assertStrictEquals(grid!.byteLength, 2 * grid!.stride);
    assertStrictEquals(grid!.stride, maxViewByteLength);
    assertStrictEquals(grid!.stride % 2 ** 16, 0);
    assert(grid!.byteLength <= byteLength && grid!.byteLength > byteLength - 2 ** 17);
  }
});

const NODE_FFI: NodeFfi = { dlopen: unused, toArrayBuffer: unused };

test("nodeFfi().open() translates the table's types, and has proxies of the functions", () => {
  const functions = {
    nothing: () => {},
    signed: () => -1,
    unsigned: () => 1,
    wide: () => 2n,
    address: (address: bigint) => address,
  };
  const dlopen = recorder({ functions });
  const runtime = nodeFfi({ ...NODE_FFI, dlopen: dlopen.call }, fakeProcess({}));
  const opened = runtime.open("library", TABLE);
  assertEquals(Object.keys(opened), Object.keys(TABLE));
  for (const name of Object.keys(TABLE) as (keyof typeof TABLE)[]) {
    assert(isProxy(opened[name]), name); // V8 does not end the process by its calls
  }
  assertStrictEquals(opened.address(ADDRESS), ADDRESS);
  assertEquals(dlopen.calls, [[
    "library",
    bare({
      nothing: bare({ arguments: [], return: "void" }),
      signed: bare({
        arguments: ["int32", "uint32", "int64", "uint64", "buffer"],
        return: "int32",
      }),
      unsigned: bare({ arguments: ["uint32", "int32"], return: "uint32" }),
      wide: bare({ arguments: ["buffer"], return: "int64" }),
      address: bare({ arguments: ["uint64"], return: "uint64" }),
    }),
  ]]);
});

test("nodeFfi().view() asks for a view and not for a copy", () => {
  const toArrayBuffer = recorder(BUFFER);
  const runtime = nodeFfi({ ...NODE_FFI, toArrayBuffer: toArrayBuffer.call }, fakeProcess({}));
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(toArrayBuffer.calls, [[ADDRESS, 8, false]]);
});

test("nodeFfi().pointer() returns the address", () => {
  assertStrictEquals(nodeFfi(NODE_FFI, fakeProcess({})).pointer(ADDRESS) as unknown, ADDRESS);
});

/** What `process.versions` says, and whether that engine ends the process at 32 GiB. */
const V8_VERSIONS: readonly (readonly [versions: Versions, aborts: boolean])[] = [
  [{ deno: "2.1.0", node: "20.11.1", v8: "13.0.245.12-rusty" }, false],
  [{ deno: "2.6.6", node: "24.2.0", v8: "14.2.231.17-rusty" }, false],
  [{ deno: "2.6.8", node: "24.2.0", v8: "14.5.201.2-rusty" }, true],
  [{ deno: "2.7.14", node: "24.2.0", v8: "14.7.173.20-rusty" }, true],
  [{ deno: "2.8.0", node: "24.15.0", v8: "14.9.207.2-rusty" }, false],
  [{ deno: "2.9.5", node: "26.3.0", v8: "15.0.245.2-rusty" }, false],
  [{ deno: "2.7.99", node: "26.9.0", v8: "14.8.1.1-rusty" }, true],
  [{ node: "22.3.0", v8: "12.4.254.20-node.13" }, false],
  [{ node: "25.9.0", v8: "14.1.146.11-node.25" }, false],
  [{ node: "26.0.0", v8: "14.6.202.33-node.19" }, true],
  [{ node: "26.8.2", v8: "14.6.202.34-node.28" }, true],
  [{ node: "26.9.0", v8: "14.6.202.34-node.32" }, false],
  [{ node: "26.10.0", v8: "14.6.202.34-node.34" }, false],
  [{}, false],
];

for (
  const [name, make] of [
    ["deno", (versions: Versions) => deno(fakeDeno({ version: versions }), unused)],
    ["nodeFfi", (versions: Versions) => nodeFfi(NODE_FFI, fakeProcess(versions))],
    [
      "koffi",
      (versions: Versions) => koffi(fakeKoffi(0).koffi, "", 2 ** 53 - 1, fakeProcess(versions)),
    ],
  ] as const
) {
  test(`${name}() shares one buffer among all views, and none that V8 cannot bear`, () => {
    for (const [versions, aborts] of V8_VERSIONS) {
      const byteLength = aborts ? 30 * GIB : 2 ** 53 - 2 ** 17;
      const stride = byteLength / 2;
      const grids = [{ stride, byteLength }];
      assertEquals(limits(make(versions)), [stride, stride, grids], versions.v8);
    }
  });
}

test("isAtLeast() compares numbers and not letters, and takes a pre-release for the release", () => {
  const ordered = ["1.2", "1.2.6-canary.1", "1.2.10", "1.3.0", "1.10.0", "2.0.0-rc.1", "10.0.0"];
  for (const [index, version] of ordered.entries()) {
    for (const [otherIndex, other] of ordered.entries()) {
      const first = other.replace(/-.*/, "");
      assertStrictEquals(isAtLeast(version, first), index >= otherIndex, `${version}, ${first}`);
    }
  }
  assertStrictEquals(isAtLeast("1.4", "1.4.0"), true);
  assertStrictEquals(isAtLeast("", "0.1"), false);
});

/** A koffi whose functions all return `result`. */
function fakeKoffi(
  result: unknown,
): { koffi: Koffi; loaded: string[]; found: unknown[][]; called: unknown[][] } {
  const loaded: string[] = [];
  const found: unknown[][] = [];
  const { calls: called, call } = recorder(result);
  const load: Koffi["load"] = (library) => {
    loaded.push(library);
    return {
      func(...args) {
        found.push(args);
        return call;
      },
    };
  };
  return { koffi: { load, view: unused }, loaded, found, called };
}

test("koffi().open() translates the table's types", () => {
  const fake = fakeKoffi(0);
  koffi(fake.koffi, "", 0, fakeProcess({})).open("library", TABLE);
  assertEquals(fake.loaded, ["library"]);
  assertEquals(fake.found, [
    ["nothing", "void", []],
    ["signed", "int32_t", ["int32_t", "uint32_t", "int64_t", "size_t", "void *"]],
    ["unsigned", "uint32_t", ["uint32_t", "int32_t"]],
    ["wide", "int64_t", ["void *"]],
    ["address", "size_t", ["size_t"]],
  ]);
});

test("koffi().open() passes arguments as they are", () => {
  const fake = fakeKoffi(0);
  const functions = koffi(fake.koffi, "", 0, fakeProcess({})).open("library", TABLE);
  const bytes = new Uint8Array(1);
  functions.signed(-1, 2 ** 32 - 1, -PAST_2_53, ADDRESS, bytes);
  functions.address(ADDRESS);
  assertEquals(fake.called, [
    [-1, 2 ** 32 - 1, -PAST_2_53, ADDRESS, bytes],
    [ADDRESS],
  ]);
  assertStrictEquals(fake.called[0]?.[4], bytes);
});

test("koffi().open() makes every 64-bit result a bigint and leaves the others", () => {
  const cases: readonly [result: unknown, wide: bigint][] = [
    [0, 0n],
    [-1, -1n],
    [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
    [PAST_2_53, PAST_2_53],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
  ];
  for (const [result, wide] of cases) {
    const functions = koffi(fakeKoffi(result).koffi, "", 0, fakeProcess({})).open("library", TABLE);
    assertStrictEquals(functions.wide(new Uint8Array(1)), wide);
    assertStrictEquals(functions.address(0n), wide);
    assertStrictEquals(functions.unsigned(0, 0) as unknown, result);
    assertStrictEquals(functions.signed(0, 0, 0n, 0n, new Uint8Array(1)) as unknown, result);
  }
  const { nothing } = koffi(fakeKoffi(undefined).koffi, "", 0, fakeProcess({})).open(
    "library",
    TABLE,
  );
  assertStrictEquals(nothing(), undefined);
});

test("koffi().view() makes a buffer of the address", () => {
  const view = recorder(BUFFER);
  const runtime = koffi({ ...fakeKoffi(0).koffi, view: view.call }, "", 0, fakeProcess({}));
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(view.calls, [[ADDRESS, 8]]);
});

test("koffi().pointer() returns the address", () => {
  const runtime = koffi(fakeKoffi(0).koffi, "", 0, fakeProcess({}));
  assertStrictEquals(runtime.pointer(ADDRESS) as unknown, ADDRESS);
});

test("koffi() limits buffers to the length that it is given", () => {
  const runtime = koffi(fakeKoffi(0).koffi, "", 2 ** 32, fakeProcess({}));
  const grids = [{ stride: 2 * GIB, byteLength: 4 * GIB }];
  assertEquals(limits(runtime), [2 * GIB, 2 * GIB, grids]);
});

test("denoPermit() requests what is not given yet, and throws Deno's error where it is refused", () => {
  class NotCapable extends Error {}
  const requested: unknown[] = [];
  const permissions = (given: readonly string[], onRequest: readonly string[] = []) => ({
    querySync({ name }: { name: "read" | "write" }) {
      return { state: given.includes(name) ? "granted" : "prompt" };
    },
    requestSync(descriptor: { name: "read" | "write"; path: string }) {
      requested.push(descriptor);
      return { state: onRequest.includes(descriptor.name) ? "granted" : "denied" };
    },
  });
  const errors = { NotCapable };
  denoPermit({ permissions: permissions(["read", "write"]), errors }, "/a", ["read", "write"]);
  assertEquals(requested, []);
  denoPermit({ permissions: permissions(["read"], ["write"]), errors }, "/a", ["read", "write"]);
  assertEquals(requested, [bare({ name: "write", path: "/a" })]);
  assertThrows(
    () => denoPermit({ permissions: permissions(["read"]), errors }, "/a", ["read", "write"]),
    NotCapable,
    'Requires write access to "/a"',
  );
});

/** The facts that Deno has of a file, with what a test gives. */
function denoInfo(given: Partial<DenoFileInfo>): DenoFileInfo {
  return {
    isFile: true,
    isDirectory: false,
    size: 5,
    dev: 0,
    ino: null,
    birthtime: null,
    ...given,
  };
}

/** A `Deno` whose files are `infos` by their paths, and what was opened. */
function fakeDenoFiles(
  infos: Readonly<Record<string, DenoFileInfo>>,
  statSync: (path: string) => DenoFileInfo = (path) => infos[path]!,
): { calls: DenoFileCalls; opened: unknown[] } {
  const opened: unknown[] = [];
  const calls: DenoFileCalls = {
    statSync: (path) => infos[path]!,
    openSync(path, options) {
      opened.push(["open", path, options]);
      return { statSync: () => statSync(path), close: () => void opened.push(["close", path]) };
    },
    permissions: { querySync: unused, requestSync: unused },
    errors: { NotCapable: Error },
  };
  return { calls, opened };
}

test("denoFiles().open() opens files alone, and asks for no module of Node.js", () => {
  const { calls, opened } = fakeDenoFiles({
    "/file": denoInfo({ dev: 65_024, ino: 7 }),
    "/folder": denoInfo({ isFile: false, isDirectory: true, size: 0 }),
    "/pipe": denoInfo({ isFile: false, size: 0 }),
  });
  const files = denoFiles(calls, unused, false, true);
  const { close, ...seen } = files.open("/file", true);
  assertEquals(seen, { kind: "file", byteLength: 5, device: 65_024, inode: 7, created: undefined });
  assertEquals(opened, [["open", "/file", bare({ read: true, write: true })]]);
  close();
  assertEquals(opened.slice(1), [["close", "/file"]]);
  for (const [path, kind] of [["/folder", "directory"], ["/pipe", "neither"]] as const) {
    const { close, ...facts } = files.open(path, false);
    assertEquals(facts, { kind, byteLength: 0, ...UNTOLD });
    close();
  }
  assertStrictEquals(opened.length, 2);
});

test("denoFiles().open() tells of the file that it opened, not of the one that was there before", () => {
  const before = { "/file": denoInfo({ dev: 1, ino: 7 }) };
  const after = denoInfo({ isFile: false, isDirectory: true, size: 3, dev: 2, ino: 8 });
  const { close: _, ...seen } = denoFiles(
    fakeDenoFiles(before, () => after).calls,
    unused,
    false,
    true,
  ).open("/file", false);
  assertEquals(seen, { kind: "directory", byteLength: 3, device: 2, inode: 8, created: undefined });
  const { calls, opened } = fakeDenoFiles(before, unused);
  assertThrows(() => denoFiles(calls, unused, false, true).open("/file", false), Error);
  assertEquals(opened.at(-1), ["close", "/file"]);
});

test("denoFiles().open() tells on Windows, where Deno has no inodes, when the file was made", () => {
  const birthtime = new Date(1_700_000_000_123);
  const { calls } = fakeDenoFiles({
    "new": denoInfo({ dev: 0xfedc_ba98, birthtime }),
    "before 2.5.2": denoInfo({ ino: 0, birthtime }),
  });
  const files = denoFiles(calls, unused, true, false);
  for (const [path, device] of [["new", 0xfedc_ba98], ["before 2.5.2", undefined]] as const) {
    const { close: _, ...seen } = files.open(path, false);
    const created = 1_700_000_000_123;
    assertEquals(seen, { kind: "file", byteLength: 5, device, inode: undefined, created });
  }
});

test("denoFiles().systemPaths() starts with the path that Deno opens where not all is permitted", () => {
  const files = denoFiles(fakeDenoFiles({}).calls, unused, false, true);
  for (const path of ["/a/b", "a", "/", "..", "../a", "...", "/a/..b", "/\u{1f995}"]) {
    assertEquals([...files.systemPaths(path)], [path]);
  }
  for (
    const [path, normalized] of [
      ["/a/link/../b", "/a/b"],
      ["/a/./b", "/a/b"],
      ["//a///b/", "/a/b"],
      ["/a/b/.", "/a/b"],
      ["/../../a", "/a"],
      ["/..", "/"],
      ["a/../../b/./c", "../b/c"],
      ["../../a/..", "../.."],
      ["a/..", "."],
      ["./a", "a"],
    ] as const
  ) {
    assertEquals([...files.systemPaths(path)], [normalized, path]);
  }
});

test("denoFiles() takes descriptors, URLs and long paths of Windows to the modules of Node.js", () => {
  const { calls } = fakeDenoFiles({});
  const modules: Readonly<Record<string, unknown>> = {
    "node:fs": { fstatSync: () => ({ isFile: () => true, isDirectory: () => false, size: 3 }) },
    "node:path": { toNamespacedPath: (path: string) => `namespaced ${path}` },
    "node:url": { fileURLToPath: (url: string) => `path of ${url}` },
  };
  const files = denoFiles(calls, (name) => modules[name], false, true);
  assertEquals(files.describe?.(4), { kind: "file", byteLength: 3 });
  assertStrictEquals(files.pathOf("file:///a"), "path of file:///a");
  const onWindows = denoFiles(calls, (name) => modules[name], true, false);
  assertStrictEquals(onWindows.describe, undefined);
  const [first, second] = onWindows.systemPaths("C:\\a");
  assertEquals([first, second], ["C:\\a", "namespaced C:\\a"]);
  const [likeliest] = denoFiles(calls, unused, true, false).systemPaths("C:\\a");
  assertStrictEquals(likeliest, "C:\\a");
});

/** `node:fs` with one file, and what was opened and closed. */
function fakeNodeFs(fstatSync: () => object) {
  const opened: unknown[] = [];
  const stats = { isFile: () => true, isDirectory: () => false, size: 5 };
  const fs = {
    statSync: (path: string) => path === "/folder" ? { ...stats, isFile: () => false } : stats,
    openSync: (...args: unknown[]) => (opened.push(args), 7),
    fstatSync,
    closeSync: (descriptor: number) => opened.push(descriptor),
  };
  return { opened, files: nodeFiles(fakeProcess({}, { "node:fs": fs })) };
}

test("nodeFiles().open() tells which file it has opened, to the last bit", () => {
  const { files, opened } = fakeNodeFs(() => ({
    isFile: () => true,
    isDirectory: () => false,
    size: 6n,
    dev: 0x1_8000_0001n,
    ino: PAST_2_53,
  }));
  const { close, ...seen } = files.open("/file", true);
  const which = { device: 0x8000_0001, inode: PAST_2_53, created: undefined };
  assertEquals(seen, { kind: "file", byteLength: 6, ...which });
  assertEquals(opened, [["/file", "r+"]]);
  close();
  assertEquals(opened.slice(1), [7]);
  files.open("/folder", false).close();
  assertStrictEquals(opened.length, 2);
  assertEquals([...files.systemPaths("/a/link/../b")], ["/a/link/../b"]);
});

test("nodeFiles().open() closes what it cannot tell of", () => {
  const { files, opened } = fakeNodeFs(unused);
  assertThrows(() => files.open("/file", false), Error);
  assertEquals(opened, [["/file", "r"], 7]);
});

test("nodeFiles().permit() throws Node.js's error for what it does not permit", () => {
  const asked: unknown[] = [];
  const has = (scope: string, path: string) => {
    asked.push([scope, path]);
    return scope === "fs.read";
  };
  nodeFiles(fakeProcess({})).permit("/a", ["read", "write"]);
  const files = nodeFiles({ ...fakeProcess({}), permission: { has } });
  files.permit("/a", ["read"]);
  const error = assertThrows(
    () => files.permit("/a", ["read", "write"]),
    Error,
    "--allow-fs-write",
  );
  const { code, permission, resource } = error as unknown as Record<string, unknown>;
  assertEquals([code, permission, resource], ["ERR_ACCESS_DENIED", "FileSystemWrite", "/a"]);
  assertEquals(asked, [["fs.read", "/a"], ["fs.read", "/a"], ["fs.write", "/a"]]);
});
