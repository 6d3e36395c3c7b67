/**
 * Picks the runtime and the operating system, once, at first use. No other module asks for them,
 * and importing opens nothing.
 *
 * @module
 */
import { darwin } from "./os/darwin/os.ts";
import { linux } from "./os/linux/os.ts";
import type { Os } from "./os/contract/os.ts";
import { windows } from "./os/windows/os.ts";
import { bun, type BunFfi } from "./runtime/bun.ts";
import { deno, type DenoNamespace, denoSystem } from "./runtime/deno.ts";
import { type DenoFileCalls, denoFiles } from "./runtime/deno_files.ts";
import type { RuntimeFiles } from "./runtime/files.ts";
import { koffi } from "./runtime/koffi.ts";
import { findKoffi } from "./runtime/koffi_places.ts";
import { nodeFiles } from "./runtime/node_files.ts";
import { type NodeFfi, nodeFfi } from "./runtime/node_ffi.ts";
import type { NodeProcess, Runtime } from "./runtime/runtime.ts";
import { nodeThreads, type NodeWorkerThreads, type RuntimeThreads } from "./runtime/threads.ts";
import { checkVersion, isAtLeast } from "./runtime/versions.ts";
import { own } from "./own.ts";
import type { Native } from "./symbols.ts";

/**
 * The globals that tell the runtimes apart. Only own properties count, because properties of
 * `Object.prototype` look like globals too.
 */
export interface HostGlobals {
  readonly Deno?: DenoNamespace & Partial<DenoFileCalls>;
  readonly Bun?: unknown;
  readonly process?: NodeProcess;
}

/** This runtime on this system. */
export interface Host {
  /** Calls C. */
  readonly runtime: Runtime;
  /** Knows what to call. */
  readonly os: Os;
}

const SYSTEMS: Readonly<Record<string, (native: Native, arch: string) => Os>> = {
  linux,
  darwin,
  win32: windows,
};
const ARCHITECTURES: readonly string[] = ["x64", "arm64"];

/**
 * The first version of Deno whose `node:fs` uses the descriptors of the system. Older versions use
 * their own numbers.
 */
const DENO_DESCRIPTORS = "2.7.13";

let pickedRuntime: Runtime | undefined;
let pickedFiles: RuntimeFiles | undefined;
let pickedThreads: RuntimeThreads | undefined;
let openedHost: Host | undefined;

/** Picks this runtime. Opens no library and needs no permission. */
export function currentRuntime(): Runtime {
  return pickedRuntime ??= pickRuntime(globalThis as HostGlobals);
}

/** Picks the files of this runtime. */
export function runtimeFiles(): RuntimeFiles {
  return pickedFiles ??= pickFiles(globalThis as HostGlobals);
}

/** Picks the threads of this runtime. */
export function runtimeThreads(): RuntimeThreads {
  if (pickedThreads !== undefined) return pickedThreads;
  const globals = globalThis as HostGlobals;
  const isDeno = isDenoItself(own(globals, "Deno"));
  const isBun = !isDeno && own(globals, "Bun") !== undefined;
  const process = own(globals, "process")!;
  const hasNodeFfi = !isDeno && !isBun && process.getBuiltinModule("node:ffi") !== undefined;
  return pickedThreads = nodeThreads(
    process.getBuiltinModule("node:worker_threads") as NodeWorkerThreads,
    !isDeno,
    isBun,
    hasNodeFfi ? ["--experimental-ffi"] : [], // before 26.9 a thread has no FFI without the flag
  );
}

/** Opens this system's libraries in this runtime. */
export function host(): Host {
  return openedHost ??= openHost(currentRuntime());
}

/**
 * Picks the runtime that has these globals. In Deno it does not touch `process`, which takes 14 ms
 * to load.
 */
export function pickRuntime(globals: HostGlobals): Runtime {
  const Deno = own(globals, "Deno");
  if (isDenoItself(Deno)) {
    checkVersion(Deno.version);
    return deno(Deno, (name) => own(globals, "process")!.getBuiltinModule(name));
  }
  const Bun = own(globals, "Bun");
  const process = own(globals, "process");
  checkVersion(process?.versions ?? {});
  if (typeof process?.getBuiltinModule !== "function") {
    throw new Error(
      "process.getBuiltinModule() is missing, although this version has it: something has replaced " +
        "process, as bundlers and test runners do; have it keep the real one",
    );
  }
  if (Bun !== undefined) {
    return bun(process.getBuiltinModule("bun:ffi") as BunFfi, process);
  }
  const ffi = process.getBuiltinModule("node:ffi") as NodeFfi | undefined;
  if (ffi !== undefined) return nodeFfi(ffi, process);
  const found = findKoffi(process);
  const { constants } = process.getBuiltinModule("node:buffer") as {
    constants: { MAX_LENGTH: number };
  };
  return koffi(found.koffi, found.file, constants.MAX_LENGTH, process);
}

/** Picks the files of the runtime that has these globals. */
export function pickFiles(globals: HostGlobals): RuntimeFiles {
  const Deno = own(globals, "Deno");
  if (!isDenoItself(Deno)) return nodeFiles(own(globals, "process")!);
  const isWindows = denoSystem(Deno).platform === "win32";
  return denoFiles(
    Deno as DenoNamespace & DenoFileCalls,
    (name) => own(globals, "process")!.getBuiltinModule(name),
    isWindows,
    !isWindows && isAtLeast(Deno.version["deno"] ?? "", DENO_DESCRIPTORS),
  );
}

/** Tells Deno's own namespace from a shim of it. */
function isDenoItself<T extends DenoNamespace>(namespace: T | undefined): namespace is T {
  return typeof namespace?.dlopen === "function";
}

/** Opens the system that `runtime` runs on. */
export function openHost(runtime: Runtime): Host {
  const { platform, arch } = runtime.system;
  const open = Object.hasOwn(SYSTEMS, platform) ? SYSTEMS[platform] : undefined;
  if (open === undefined || !ARCHITECTURES.includes(arch)) {
    throw new Error(
      `The system ${platform} on ${arch} is not supported: ` +
        "use Linux, macOS or Windows on x64 or arm64",
    );
  }
  return { runtime, os: open(runtime, arch) };
}
