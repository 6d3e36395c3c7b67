import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { pickRuntime } from "../../ffi/host.ts";
import { test } from "../support/harness.ts";
import { stubProcess } from "../support/stubs.ts";

/** A Node.js that has `node:ffi`, unless it is turned off, and one that has none. */
const NEW = { node: "26.9.0" };
const OLD = { node: "24.0.0" };

/** A module that a program has loaded. */
interface Loaded {
  readonly exports: { readonly load?: unknown } | null;
}

/** The exports of koffi; its functions note the libraries that they open. */
function loadableKoffi(opened: string[] = []): { load(library: string): void } {
  return { load: (library) => void opened.push(library) };
}

/**
 * The built-in modules of a Node.js without `node:ffi`. A file that `installed` has can be
 * loaded. As `koffi` it is found from `place` alone. Notes what is asked for.
 */
function withoutNodeFfi(
  installed: Readonly<Record<string, () => unknown>>,
  place = "/app/main",
  cache: Readonly<Record<string, Loaded>> = {},
): { readonly modules: Readonly<Record<string, unknown>>; readonly asked: string[] } {
  const asked: string[] = [];
  const createRequire = (from: string) => {
    const resolve = (name: string) => {
      asked.push(from);
      if (name === "koffi" ? from === place : Object.hasOwn(installed, name)) return `/${name}`;
      throw Object.assign(new Error(`not from ${from}`), { code: "MODULE_NOT_FOUND" });
    };
    return Object.assign((file: string) => installed[file.slice(1)]!(), { resolve, cache });
  };
  return {
    modules: {
      "node:ffi": undefined,
      "node:module": { createRequire },
      "node:path": { resolve: (path: string) => path.startsWith("/") ? path : `/here/${path}` },
      "node:buffer": { constants: { MAX_LENGTH: 2 ** 32 } },
    },
    asked,
  };
}

test("pickRuntime() picks koffi when there is no node:ffi", () => {
  const opened: string[] = [];
  const { modules } = withoutNodeFfi({ koffi: () => loadableKoffi(opened) });
  const picked = pickRuntime({ process: stubProcess(NEW, modules) });
  picked.open("library", {});
  assertEquals(opened, ["library"]);
  assertStrictEquals(picked.maxViewByteLength, 2 ** 31);
});

test("pickRuntime() looks for koffi from itself, the program, the executable and the working directory", () => {
  const places = ["/app/main", "/bin/node", "/here/"];
  const former = Reflect.get(Error, "prepareStackTrace");
  for (const [index, place] of places.entries()) {
    const { modules, asked } = withoutNodeFfi({ koffi: () => loadableKoffi() }, place);
    pickRuntime({ process: stubProcess(NEW, modules) });
    const [own, ...others] = asked;
    assertMatch(own!, /koffi_places\.[jt]s$/);
    assertEquals(others, places.slice(0, index + 1));
  }
  assertStrictEquals(Reflect.get(Error, "prepareStackTrace"), former);
});

test("pickRuntime() tells of a koffi that is too old", () => {
  const { modules } = withoutNodeFfi({ koffi: () => ({ version: "2.16.3" }) });
  assertThrows(
    () => pickRuntime({ process: stubProcess(OLD, modules) }),
    Error,
    "koffi 2.16.3 is too old: npm install koffi@3",
  );
});

test("pickRuntime() tells of node:ffi that is turned off", () => {
  const { modules } = withoutNodeFfi({}, "");
  const message =
    assertThrows(() => pickRuntime({ process: stubProcess({ node: "26.10.0" }, modules) }))
      .message;
  assertMatch(message, /^node:ffi is turned off: install .*, or drop --no-experimental-ffi$/);
});

test("pickRuntime() takes the koffi that the environment names, and looks for no other", () => {
  const env = { SYSALLOC_KOFFI: "koffi.node" };
  const { modules, asked } = withoutNodeFfi({ "/here/koffi.node": () => loadableKoffi() });
  pickRuntime({ process: { ...stubProcess(NEW, modules), env } });
  assertEquals(asked, ["/bin/node"]);
  const cwd = () => {
    throw new Error("ENOENT");
  };
  pickRuntime({
    process: { ...stubProcess(NEW, modules), env: { SYSALLOC_KOFFI: "/here/koffi.node" }, cwd },
  });
  const { modules: without } = withoutNodeFfi({});
  const error = assertThrows(
    () => pickRuntime({ process: { ...stubProcess(OLD, without), env } }),
    Error,
  );
  assertStrictEquals(
    error.message,
    "Node.js below 26.9 has no FFI of its own: koffi is not at koffi.node, which " +
      "SYSALLOC_KOFFI names: name its folder or its koffi.node, or use Node.js 26.9 or later",
  );
  const { modules: others } = withoutNodeFfi({ "/here/koffi.node": () => ({}) });
  assertThrows(
    () => pickRuntime({ process: { ...stubProcess(OLD, others), env } }),
    Error,
    "//here/koffi.node is not koffi, or is broken",
  );
});

test("pickRuntime() finds koffi where the working directory was removed, and Error is frozen", () => {
  const cwd = () => {
    throw new Error("ENOENT");
  };
  const { modules, asked } = withoutNodeFfi({ koffi: () => loadableKoffi() }, "/bin/node");
  const gone = { ...stubProcess(NEW, modules), cwd };
  const set = Reflect.set;
  try {
    Reflect.set = () => false;
    pickRuntime({ process: gone });
  } finally {
    Reflect.set = set;
  }
  assertEquals(asked, ["/app/main", "/bin/node"]);
});

test("other threads load the machine code that koffi has, and koffi where that is not seen", () => {
  const found = loadableKoffi();
  const cache: Record<string, Loaded> = {
    "/other.node": { exports: null },
    "/koffi2.node": { exports: loadableKoffi() },
    "/koffi": { exports: found },
  };
  for (const file of ["/koffi", "/koffi3.node"]) {
    const { modules } = withoutNodeFfi({ koffi: () => found }, "/app/main", cache);
    const source = pickRuntime({ process: stubProcess(NEW, modules) }).threadNative();
    assertStringIncludes(source, `createRequire("${file}")("${file}")`);
    cache["/koffi3.node"] = { exports: { load: found.load } };
  }
});

test("pickRuntime() tells what to do when koffi is missing, or does not load", () => {
  const { modules: empty } = withoutNodeFfi({}, "");
  const missing = assertThrows(() => pickRuntime({ process: stubProcess(OLD, empty) }), Error);
  assertStrictEquals(
    missing.message.replace(/from \S+koffi_places.[jt]s/, "from HERE"),
    "Node.js below 26.9 has no FFI of its own: install the optional peer dependency koffi " +
      "(npm install koffi), which was not found from HERE, /app/main, /bin/node, /here/, or set " +
      "SYSALLOC_KOFFI to its folder, or use Node.js 26.9 or later",
  );
  assertStrictEquals((missing.cause as Error).message, "not from /here/");

  const cause = Object.assign(new Error("koffi"), { code: "MODULE_NOT_FOUND" }); // one of its own
  const { modules: broken } = withoutNodeFfi({
    koffi() {
      throw cause;
    },
  });
  const error = assertThrows(() => pickRuntime({ process: stubProcess(OLD, broken) }), Error);
  assertStrictEquals(
    error.message,
    "Node.js below 26.9 has no FFI of its own, and /koffi did not load (see the cause): " +
      "install it again, or use Node.js 26.9 or later",
  );
  assertStrictEquals(error.cause, cause);

  cause.code = "ERR_DLOPEN_DISABLED"; // Node.js with --permission
  const { message } = assertThrows(
    () => pickRuntime({ process: stubProcess(OLD, broken) }),
    Error,
  );
  assertStringIncludes(message, "(see the cause): permit it by --allow-addons, or use");
});
