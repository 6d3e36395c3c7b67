import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { bare } from "../../ffi/own.ts";
import {
  type DenoFileCalls,
  type DenoFileInfo,
  denoFiles,
  denoPermit,
} from "../../ffi/runtime/deno_files.ts";
import { UNTOLD } from "../../ffi/runtime/files.ts";
import { nodeFiles } from "../../ffi/runtime/node_files.ts";
import { test } from "../support/harness.ts";
import { stubProcess, unused } from "../support/stubs.ts";

const PAST_2_53 = 2n ** 53n + 1n;

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
function stubDenoFiles(
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
  const { calls, opened } = stubDenoFiles({
    "/file": denoInfo({ dev: 65_024, ino: 7 }),
    "/folder": denoInfo({ isFile: false, isDirectory: true, size: 0 }),
    "/pipe": denoInfo({ isFile: false, size: 0 }),
  });
  const files = denoFiles(calls, unused, false, true);
  const { close, ...seen } = files.open("/file", true);
  assertEquals(seen, { kind: "file", byteLength: 5, device: 65_024, inode: 7, created: undefined });
  assertEquals(opened, [["open", "/file", bare({ read: true, write: true, create: false })]]);
  close();
  assertEquals(opened.slice(1), [["close", "/file"]]);
  for (const [path, kind] of [["/folder", "directory"], ["/pipe", "neither"]] as const) {
    const { close, ...facts } = files.open(path, false);
    assertEquals(facts, { kind, byteLength: 0, ...UNTOLD });
    close();
  }
  assertStrictEquals(opened.length, 2);
});

test("open() makes a file only if there is none, and it may", () => {
  const missing = Object.assign(new Error(), { name: "NotFound", code: "ENOENT" });
  const { calls, opened } = stubDenoFiles({}, () => denoInfo({ dev: 1, ino: 7 }));
  calls.statSync = () => {
    throw missing;
  };
  const files = denoFiles(calls, unused, false, true);
  files.open("/new", true, true).close();
  assertEquals(opened, [
    ["open", "/new", bare({ read: true, write: true, create: true })],
    ["close", "/new"],
  ]);
  assertThrows(() => files.open("/new", true), Error);
  const fs = {
    statSync: calls.statSync,
    openSync: (...args: unknown[]) => (opened.push(args), 7),
    fstatSync: () => ({ ...denoInfo({}), isFile: () => true, dev: 1n, ino: 7n, size: 0n }),
    closeSync: () => {},
  };
  const node = nodeFiles(stubProcess({}, { "node:fs": fs }));
  node.open("/new", true, true).close();
  assertEquals(opened.slice(2), [["/new", "a+"]]);
  assertThrows(() => node.open("/new", true, false), Error);
});

test("denoFiles().open() tells of the file that it opened, not of the one that was there before", () => {
  const before = { "/file": denoInfo({ dev: 1, ino: 7 }) };
  const after = denoInfo({ isFile: false, isDirectory: true, size: 3, dev: 2, ino: 8 });
  const { close: _, ...seen } = denoFiles(
    stubDenoFiles(before, () => after).calls,
    unused,
    false,
    true,
  ).open("/file", false);
  assertEquals(seen, { kind: "directory", byteLength: 3, device: 2, inode: 8, created: undefined });
  const { calls, opened } = stubDenoFiles(before, unused);
  assertThrows(() => denoFiles(calls, unused, false, true).open("/file", false), Error);
  assertEquals(opened.at(-1), ["close", "/file"]);
});

test("denoFiles().open() tells on Windows, where Deno has no inodes, when the file was made", () => {
  const birthtime = new Date(1_700_000_000_123);
  const { calls } = stubDenoFiles({
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
  const files = denoFiles(stubDenoFiles({}).calls, unused, false, true);
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
  const { calls } = stubDenoFiles({});
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
function stubNodeFs(fstatSync: () => object) {
  const opened: unknown[] = [];
  const stats = { isFile: () => true, isDirectory: () => false, size: 5 };
  const fs = {
    statSync: (path: string) => path === "/folder" ? { ...stats, isFile: () => false } : stats,
    openSync: (...args: unknown[]) => (opened.push(args), 7),
    fstatSync,
    closeSync: (descriptor: number) => opened.push(descriptor),
  };
  return { opened, files: nodeFiles(stubProcess({}, { "node:fs": fs })) };
}

test("nodeFiles().open() tells which file it has opened, to the last bit", () => {
  const { files, opened } = stubNodeFs(() => ({
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
  const { files, opened } = stubNodeFs(unused);
  assertThrows(() => files.open("/file", false), Error);
  assertEquals(opened, [["/file", "r"], 7]);
});

test("nodeFiles().permit() throws Node.js's error for what it does not permit", () => {
  const asked: unknown[] = [];
  const has = (scope: string, path: string) => {
    asked.push([scope, path]);
    return scope === "fs.read";
  };
  const permission = { has };
  const filesOf = (process: object, real: object | undefined) =>
    nodeFiles({ ...stubProcess({}, { "node:process": real }), ...process });
  filesOf({ permission }, {}).permit("/a", ["read", "write"]); // in place of the real process
  filesOf({}, undefined).permit("/a", ["read", "write"]);
  assertThrows(() => filesOf({ permission }, undefined).permit("/b", ["write"]), Error, "restrict");
  asked.length = 0;
  const files = filesOf({}, { permission });
  files.permit("/a", ["read"]);
  const error = assertThrows(
    () => files.permit("/a", ["read", "write"]),
    Error,
    "--allow-fs-write",
  );
  const { code, permission: kind, resource } = error as unknown as Record<string, unknown>;
  assertEquals([code, kind, resource], ["ERR_ACCESS_DENIED", "FileSystemWrite", "/a"]);
  assertEquals(asked, [["fs.read", "/a"], ["fs.read", "/a"], ["fs.write", "/a"]]);
});

test("permitsAll() is true where the real process has no permissions", () => {
  const filesOf = (real: object | undefined) =>
    nodeFiles(stubProcess({}, { "node:process": real }));
  assertStrictEquals(filesOf({}).permitsAll(), true);
  assertStrictEquals(filesOf(undefined).permitsAll(), false);
  for (const permission of [{ has: () => true }, {}, undefined]) {
    assertStrictEquals(filesOf({ permission }).permitsAll(), false);
  }
  assertStrictEquals(filesOf(Object.create({ permission: {} })).permitsAll(), false);
  const { calls } = stubDenoFiles({});
  assertStrictEquals(denoFiles(calls, unused, false, true).permitsAll(), false);
});
