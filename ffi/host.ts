/**
 * The only place that asks which runtime and which operating system this is.
 * It picks one of each, once, at first use: importing opens nothing.
 *
 * @module
 */
import { darwin } from "./os/darwin.ts";
import { linux } from "./os/linux.ts";
import type { Os } from "./os/os.ts";
import { windows } from "./os/windows.ts";
import { bun, type BunFfi, type BunWorkerThreads } from "./runtime/bun.ts";
import { deno, type DenoNamespace } from "./runtime/deno.ts";
import { type Koffi, koffi } from "./runtime/koffi.ts";
import { type NodeFfi, nodeFfi } from "./runtime/node_ffi.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { Native } from "./symbols.ts";

/** The globals by which the runtimes are told apart. */
export interface HostGlobals {
  readonly Deno?: DenoNamespace;
  readonly Bun?: unknown;
  readonly process?: {
    readonly platform: string;
    readonly arch: string;
    getBuiltinModule(name: string): unknown;
  };
}

/** This runtime on this system. */
export interface Host {
  /** How to call C here. */
  readonly runtime: Runtime;
  /** What to call here. */
  readonly os: Os;
}

const SYSTEMS: Readonly<Record<string, (native: Native) => Os>> = {
  linux,
  darwin,
  win32: windows,
};
const ARCHITECTURES: readonly string[] = ["x64", "arm64"];

let pickedRuntime: Runtime | undefined;
let openedHost: Host | undefined;

/** Picks this runtime. Opens no library and needs no permission. */
export function currentRuntime(): Runtime {
  return pickedRuntime ??= pickRuntime(globalThis as HostGlobals);
}

/** Opens this system's libraries in this runtime. */
export function host(): Host {
  return openedHost ??= openHost(globalThis as HostGlobals, currentRuntime());
}

/** Picks the runtime that has these globals. */
export function pickRuntime({ Deno, Bun, process }: HostGlobals): Runtime {
  if (typeof ArrayBuffer.prototype.transfer !== "function") {
    throw new Error(
      "This runtime cannot detach an ArrayBuffer, which keeps views from outliving their memory: " +
        "use Deno 2, Bun 1.4 or Node.js 22, or later",
    );
  }
  if (typeof Deno?.dlopen === "function") return deno(Deno);
  if (typeof process?.getBuiltinModule !== "function") {
    throw new Error(
      "This JavaScript runtime is not supported: use Deno, Bun or Node.js",
    );
  }
  const builtin = <T>(name: string) => process.getBuiltinModule(name) as T;
  if (Bun !== undefined) {
    return bun(
      builtin<BunFfi>("bun:ffi"),
      builtin<BunWorkerThreads>("node:worker_threads"),
    );
  }
  const ffi = builtin<NodeFfi | undefined>("node:ffi");
  return ffi ? nodeFfi(ffi) : pickKoffi(builtin);
}

function pickKoffi(builtin: <T>(name: string) => T): Runtime {
  const { createRequire } = builtin<{
    createRequire(url: string): (name: string) => unknown;
  }>("node:module");
  const { constants } = builtin<{ constants: { MAX_LENGTH: number } }>(
    "node:buffer",
  );
  let library: Koffi;
  try {
    library = createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    const isMissing = (cause as { code?: unknown }).code === "MODULE_NOT_FOUND";
    throw new Error(
      "Node.js below 26.9 has no FFI of its own" +
        (isMissing
          ? ": install the optional peer dependency koffi (npm install koffi), "
          : ", and koffi did not load: see the cause, ") +
        "or use Node.js 26.9 or later",
      { cause },
    );
  }
  return koffi(library, constants.MAX_LENGTH);
}

/** Opens the system that has these globals, from `runtime`. */
export function openHost({ process }: HostGlobals, runtime: Runtime): Host {
  const { platform = "unknown", arch = "unknown" } = process ?? {};
  const open = Object.hasOwn(SYSTEMS, platform) ? SYSTEMS[platform] : undefined;
  if (open === undefined || !ARCHITECTURES.includes(arch)) {
    throw new Error(
      `The system ${platform} on ${arch} is not supported: ` +
        "use Linux, macOS or Windows on x64 or arm64",
    );
  }
  return { runtime, os: open(runtime) };
}
