import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  currentRuntime,
  host,
  type HostGlobals,
  openHost,
  pickRuntime,
  runtimeThreads,
} from "../../ffi/host.ts";
import type { DenoNamespace } from "../../ffi/runtime/deno.ts";
import type { Versions } from "../../ffi/runtime/versions.ts";
import { test } from "../support/harness.ts";
import { simulated, type SimulatedName, type SimulatedRuntime } from "../support/simulated/mod.ts";

// Opened before the tests: Deno counts a library that a test opens as a leak.
const realHost = host();

/** The FFI of a runtime, whose libraries have one function, which tells its own name. */
const DENO = {
  version: { deno: "2.9.5" },
  build: { os: "linux", arch: "x86_64" },
  dlopen: () => ({ symbols: { ffi: () => "Deno" } }),
  UnsafePointer: { create: String },
  UnsafePointerView: { getArrayBuffer: () => new ArrayBuffer(0) },
} satisfies DenoNamespace;

const BUILTINS: Readonly<Record<string, unknown>> = {
  "bun:ffi": { dlopen: () => ({ symbols: { ffi: () => "bun:ffi" } }) },
  "node:ffi": { dlopen: () => ({ functions: { ffi: () => "node:ffi" } }) },
  "node:worker_threads": {},
};

type Process = NonNullable<HostGlobals["process"]>;

/** The places of a program. */
const PROGRAM = { argv: ["", "/app/main"], env: {}, execPath: "/bin/node", cwd: () => "/here" };

/** A `process` that has `builtins` and refuses to be asked for any other. */
function process(
  builtins: Readonly<Record<string, unknown>>,
  versions: Versions = { node: "26.9.0" },
): Process {
  return {
    platform: "linux",
    arch: "x64",
    versions,
    ...PROGRAM,
    getBuiltinModule(name) {
      assert(Object.hasOwn(builtins, name), `${name} is not to be asked for`);
      return builtins[name];
    },
  };
}

/** A module that a program has loaded. */
interface Loaded {
  readonly exports: { readonly load?: unknown } | null;
}

/** What koffi exports; its functions tell what they open. */
function fakeKoffi(opened: string[] = []): { load(library: string): void } {
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

function builtins(...names: string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, BUILTINS[name]]));
}

/** What the FFI of the picked runtime says that it is. */
function pickedFfi(globals: HostGlobals): unknown {
  return pickRuntime(globals).open("library", { ffi: { parameters: [], result: "void" } }).ffi();
}

test("pickRuntime() picks Deno, and looks at no other global, when those of Bun and Node.js are there too", () => {
  const others = ["Bun", "process"].map((name) => [name, {
    get() {
      throw new Error(`${name} is not to be looked at`);
    },
  }]);
  const globals = Object.defineProperties({ Deno: DENO }, Object.fromEntries(others));
  assertEquals(pickedFfi(globals), "Deno");
});

test("pickRuntime() names the systems of Deno as Node.js does", () => {
  const names = [
    ["linux", "x86_64", "linux", "x64"],
    ["darwin", "aarch64", "darwin", "arm64"],
    ["windows", "x86_64", "win32", "x64"],
    ["freebsd", "riscv64", "freebsd", "riscv64"],
  ] as const;
  for (const [os, denoArch, platform, arch] of names) {
    const { system } = pickRuntime({ Deno: { ...DENO, build: { os, arch: denoArch } } });
    assertEquals(system, { platform, arch });
  }
});

test("pickRuntime() picks Bun when there is no Deno", () => {
  const globals = { Bun: {}, process: process(builtins("bun:ffi", "node:worker_threads")) };
  assertEquals(pickedFfi(globals), "bun:ffi");
});

test("pickRuntime() passes over a Deno without dlopen", () => {
  const shim = { version: { deno: "1.0.0" } } as unknown as DenoNamespace;
  const globals = { Deno: shim, process: process(builtins("node:ffi")) };
  assertEquals(pickedFfi(globals), "node:ffi");
});

test("pickRuntime() picks node:ffi and asks for no other module when it is there", () => {
  assertEquals(pickedFfi({ process: process(builtins("node:ffi")) }), "node:ffi");
});

test("pickRuntime() picks koffi when there is no node:ffi", () => {
  const opened: string[] = [];
  const { modules } = withoutNodeFfi({ koffi: () => fakeKoffi(opened) });
  const picked = pickRuntime({ process: process(modules) });
  picked.open("library", {});
  assertEquals(opened, ["library"]);
  assertStrictEquals(picked.maxViewByteLength, 2 ** 31);
});

/** A Node.js that has no `node:ffi`. */
const OLD = { node: "24.0.0" };

test("pickRuntime() looks for koffi from itself, the program, the executable and the working directory", () => {
  const places = ["/app/main", "/bin/node", "/here/"];
  const former = Reflect.get(Error, "prepareStackTrace");
  for (const [index, place] of places.entries()) {
    const { modules, asked } = withoutNodeFfi({ koffi: () => fakeKoffi() }, place);
    pickRuntime({ process: process(modules) });
    const [own, ...others] = asked;
    assertMatch(own!, /koffi_places\.[jt]s$/);
    assertEquals(others, places.slice(0, index + 1));
  }
  assertStrictEquals(Reflect.get(Error, "prepareStackTrace"), former);
});

test("pickRuntime() tells of a koffi that is too old", () => {
  const { modules } = withoutNodeFfi({ koffi: () => ({ version: "2.16.3" }) });
  assertThrows(
    () => pickRuntime({ process: process(modules, OLD) }),
    Error,
    "koffi 3 is needed, found 2.16.3: npm install koffi@3",
  );
});

test("pickRuntime() tells of node:ffi that is turned off", () => {
  const { modules } = withoutNodeFfi({}, "");
  const message =
    assertThrows(() => pickRuntime({ process: process(modules, { node: "26.10.0" }) }))
      .message;
  assertMatch(message, /^node:ffi is turned off: install .*, or drop --no-experimental-ffi$/);
});

test("pickRuntime() tells of a process.getBuiltinModule() that is hidden", () => {
  for (
    const versions of [{ node: "26.9.0" }, { node: "22.3.0" }, { bun: "1.4.0", node: "24.3.0" }]
  ) {
    const hidden = { ...process({}, versions), getBuiltinModule: undefined } as unknown as Process;
    assertThrows(
      () => pickRuntime({ process: hidden }),
      Error,
      "process.getBuiltinModule() is hidden",
    );
  }
});

test("pickRuntime() takes the koffi that the environment names, and looks for no other", () => {
  const there = { ...PROGRAM, env: { SYSALLOC_KOFFI: "koffi.node" } };
  const { modules, asked } = withoutNodeFfi({ "/here/koffi.node": () => fakeKoffi() });
  pickRuntime({ process: { ...process(modules), ...there } });
  assertEquals(asked, ["/bin/node"]);
  const cwd = () => {
    throw new Error("ENOENT");
  };
  pickRuntime({
    process: { ...process(modules), env: { SYSALLOC_KOFFI: "/here/koffi.node" }, cwd },
  });
  const { modules: without } = withoutNodeFfi({});
  const error = assertThrows(
    () => pickRuntime({ process: { ...process(without, OLD), ...there } }),
    Error,
  );
  assertStrictEquals(
    error.message,
    "Node.js below 26.9 has no FFI of its own: SYSALLOC_KOFFI is set to koffi.node, where " +
      "koffi is not: name its folder or its koffi.node, or use Node.js 26.9 or later",
  );
  const { modules: others } = withoutNodeFfi({ "/here/koffi.node": () => ({}) });
  assertThrows(
    () => pickRuntime({ process: { ...process(others, OLD), ...there } }),
    Error,
    "//here/koffi.node is not koffi, or is broken",
  );
});

test("pickRuntime() finds koffi where the working directory was removed, and Error is frozen", () => {
  const cwd = () => {
    throw new Error("ENOENT");
  };
  const { modules, asked } = withoutNodeFfi({ koffi: () => fakeKoffi() }, "/bin/node");
  const gone = { ...process(modules), cwd };
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
  const found = fakeKoffi();
  const cache: Record<string, Loaded> = {
    "/other.node": { exports: null },
    "/koffi2.node": { exports: fakeKoffi() },
    "/koffi": { exports: found },
  };
  for (const file of ["/koffi", "/koffi3.node"]) {
    const { modules } = withoutNodeFfi({ koffi: () => found }, "/app/main", cache);
    const source = pickRuntime({ process: process(modules) }).threadNative();
    assertStringIncludes(source, `createRequire("${file}")("${file}")`);
    cache["/koffi3.node"] = { exports: { load: found.load } };
  }
});

test("pickRuntime() tells what to do when koffi is missing, or does not load", () => {
  const { modules: empty } = withoutNodeFfi({}, "");
  const missing = assertThrows(() => pickRuntime({ process: process(empty, OLD) }), Error);
  assertStrictEquals(
    missing.message.replace(/from \S+koffi_places.[jt]s/, "from HERE"),
    "Node.js below 26.9 has no FFI of its own: install the optional peer dependency koffi " +
      "(npm install koffi), which is not found from HERE, /app/main, /bin/node, /here/, or set " +
      "SYSALLOC_KOFFI to its folder, or use Node.js 26.9 or later",
  );
  assertStrictEquals((missing.cause as Error).message, "not from /here/");

  const cause = Object.assign(new Error("koffi"), { code: "MODULE_NOT_FOUND" }); // one of its own
  const { modules: broken } = withoutNodeFfi({
    koffi() {
      throw cause;
    },
  });
  const error = assertThrows(() => pickRuntime({ process: process(broken, OLD) }), Error);
  assertStrictEquals(
    error.message,
    "Node.js below 26.9 has no FFI of its own, and /koffi did not load: see the cause, " +
      "or use Node.js 26.9 or later",
  );
  assertStrictEquals(error.cause, cause);
});

test("pickRuntime() throws when the runtime is unknown", () => {
  const node = process({});
  const unknown: HostGlobals[] = [
    {},
    { Bun: {} },
    { process: { ...node, versions: {} } },
    { process: { platform: "browser", arch: "" } as unknown as Process },
  ];
  for (const globals of unknown) {
    assertThrows(
      () => pickRuntime(globals),
      Error,
      "This JavaScript runtime is not supported: " +
        "use Deno 2.1, Bun 1.2.6 or Node.js 22.3, or later",
    );
  }
});

const DENO_1 = { ...DENO, version: { deno: "1.46.3", v8: "12.9.202.5-rusty" } };

const TOO_OLD: readonly (readonly [globals: HostGlobals, message: string])[] = [
  [{ Deno: DENO_1 }, "Deno 1.46.3 is too old: use Deno 2.1 or later"],
  [
    { Deno: { ...DENO, version: { deno: "2.0.6" } }, process: process({}, { node: "20.11.1" }) },
    "Deno 2.0.6 is too old: use Deno 2.1 or later",
  ],
  [
    { Bun: {}, process: process({}, { bun: "1.2.5", node: "22.6.0" }) },
    "Bun 1.2.5 is too old: use Bun 1.2.6 or later",
  ],
  [
    { process: process({}, { node: "22.2.0" }) },
    "Node.js 22.2.0 is too old: use Node.js 22.3 or later",
  ],
];

for (const [index, [globals, message]] of TOO_OLD.entries()) {
  test(`pickRuntime() throws and asks for nothing: ${message} (${index})`, () => {
    assertStrictEquals(assertThrows(() => pickRuntime(globals), Error).message, message);
  });
}

const SUPPORTED = [
  ["linux", "libc.so.6", "linux"],
  ["darwin", "/usr/lib/libSystem.B.dylib", "darwin"],
  ["win32", "kernel32.dll", "windows"],
] as const;

/** A simulated runtime that has opened nothing yet, on a system. */
function runtimeOn(platform: string, arch: string, name: SimulatedName): SimulatedRuntime {
  const { runtime } = simulated(name);
  runtime.opened.length = 0;
  return Object.assign(runtime, { system: { platform, arch } });
}

for (const [platform, library, name] of SUPPORTED) {
  for (const arch of ["x64", "arm64"]) {
    test(`openHost() opens ${library} when the system is ${platform} on ${arch}`, () => {
      const runtime = runtimeOn(platform, arch, name);
      const opened = openHost(runtime);
      assertStrictEquals(opened.runtime, runtime);
      assertStrictEquals(opened.os.pageSize, 4096);
      assertStrictEquals(runtime.opened[0]?.library, library);
    });
  }
}

for (
  const [platform, arch] of [
    ["freebsd", "x64"],
    ["android", "arm64"],
    ["linux", "ia32"],
    ["linux", "riscv64"],
    ["win32", "ia32"],
    ["toString", "x64"],
    ["linux", "length"],
  ] as const
) {
  test(`openHost() throws and opens nothing when the system is ${platform} on ${arch}`, () => {
    const runtime = runtimeOn(platform, arch, "linux");
    assertThrows(
      () => openHost(runtime),
      Error,
      `The system ${platform} on ${arch} is not supported: ` +
        "use Linux, macOS or Windows on x64 or arm64",
    );
    assertEquals(runtime.opened, []);
  });
}

test("currentRuntime() returns the same runtime when called again", () => {
  assertStrictEquals(currentRuntime(), currentRuntime());
  assert(pickRuntime(globalThis as HostGlobals) !== currentRuntime());
});

test("host() opens nothing when called again", () => {
  assertStrictEquals(host(), realHost);
  assertStrictEquals(host().runtime, currentRuntime());
});

test("only what can be there later is a shortage of threads", () => {
  const { isShortage } = runtimeThreads();
  const coded = (code: string) => Object.assign(new Error("A message"), { code });
  for (
    const cause of [
      coded("ERR_WORKER_INIT_FAILED"),
      coded("ERR_WORKER_OUT_OF_MEMORY"),
      coded("EAGAIN"),
      new TypeError("Failed to spawn worker thread"),
    ]
  ) assert(isShortage(cause), String(cause));
  for (
    const cause of [undefined, null, "EAGAIN", coded("ERR_ACCESS_DENIED"), new TypeError("no")]
  ) {
    assert(!isShortage(cause), String(cause));
  }
});
