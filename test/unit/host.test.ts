import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  currentRuntime,
  host,
  type HostGlobals,
  openHost,
  pickRuntime,
  runtimeThreads,
} from "../../ffi/host.ts";
import type { DenoNamespace } from "../../ffi/runtime/deno.ts";
import type { NodeProcess } from "../../ffi/runtime/runtime.ts";
import { test } from "../support/harness.ts";
import { stubProcess } from "../support/stubs.ts";
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

const NODE = { node: "26.9.0" };

function builtins(...names: string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, BUILTINS[name]]));
}

/** The name that the FFI of the picked runtime tells. */
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
  const globals = {
    Bun: {},
    process: stubProcess(NODE, builtins("bun:ffi", "node:worker_threads")),
  };
  assertEquals(pickedFfi(globals), "bun:ffi");
});

test("pickRuntime() passes over a Deno without dlopen", () => {
  const shim = { version: { deno: "1.0.0" } } as unknown as DenoNamespace;
  const globals = { Deno: shim, process: stubProcess(NODE, builtins("node:ffi")) };
  assertEquals(pickedFfi(globals), "node:ffi");
});

test("pickRuntime() picks node:ffi and asks for no other module when it is there", () => {
  assertEquals(pickedFfi({ process: stubProcess(NODE, builtins("node:ffi")) }), "node:ffi");
});

test("pickRuntime() tells of a process.getBuiltinModule() that is hidden", () => {
  for (
    const versions of [{ node: "26.9.0" }, { node: "22.3.0" }, { bun: "1.4.0", node: "24.3.0" }]
  ) {
    const hidden = {
      ...stubProcess(versions),
      getBuiltinModule: undefined,
    } as unknown as NodeProcess;
    assertThrows(
      () => pickRuntime({ process: hidden }),
      Error,
      "process.getBuiltinModule() is missing",
    );
  }
});

test("pickRuntime() throws when the runtime is unknown", () => {
  const node = stubProcess(NODE);
  const unknown: HostGlobals[] = [
    {},
    { Bun: {} },
    { process: { ...node, versions: {} } },
    { process: { platform: "browser", arch: "" } as unknown as NodeProcess },
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
    { Deno: { ...DENO, version: { deno: "2.0.6" } }, process: stubProcess({ node: "20.11.1" }) },
    "Deno 2.0.6 is too old: use Deno 2.1 or later",
  ],
  [
    { Bun: {}, process: stubProcess({ bun: "1.2.5", node: "22.6.0" }) },
    "Bun 1.2.5 is too old: use Bun 1.2.6 or later",
  ],
  [
    { process: stubProcess({ node: "22.2.0" }) },
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
