/**
 * Runtimes whose every part is a stub that a test gives.
 *
 * @module
 */
import type { BunFfi } from "../../ffi/runtime/bun.ts";
import type { DenoNamespace } from "../../ffi/runtime/deno.ts";
import type { Koffi } from "../../ffi/runtime/koffi.ts";
import type { NodeFfi } from "../../ffi/runtime/node_ffi.ts";
import type { NodeProcess } from "../../ffi/runtime/runtime.ts";
import type { Versions } from "../../ffi/runtime/versions.ts";

export function unused(): never {
  throw new Error("This is not to be called");
}

/** A function that returns `result`, and what it was called with. */
export function recorder<T>(result: T): { calls: unknown[][]; call: (...args: unknown[]) => T } {
  const calls: unknown[][] = [];
  const call = (...args: unknown[]): T => {
    calls.push(args);
    return result;
  };
  return { calls, call };
}

/** A `process` of such versions, which refuses to be asked for builtin modules that it is not given. */
export function stubProcess(
  versions: Versions,
  builtins: Readonly<Record<string, unknown>> = {},
): NodeProcess {
  return {
    ...{ platform: "linux", arch: "x64", versions },
    ...{ argv: ["", "/app/main"], env: {}, execPath: "/bin/node", cwd: () => "/here" },
    getBuiltinModule(name) {
      if (!Object.hasOwn(builtins, name)) throw new Error(`${name} is not to be asked for`);
      return builtins[name];
    },
  };
}

/** A `Deno` that has only what a test gives it. */
export function stubDeno(given: Partial<DenoNamespace>): DenoNamespace {
  return {
    dlopen: unused,
    version: {},
    build: { os: "linux", arch: "x86_64" },
    UnsafePointer: { create: unused },
    UnsafePointerView: { getArrayBuffer: unused },
    ...given,
  };
}

export const BUN_STUB: BunFfi = { dlopen: unused, toArrayBuffer: unused };

export const NODE_FFI_STUB: NodeFfi = { dlopen: unused, toArrayBuffer: unused };

/** A koffi whose functions all return `result`. */
export function stubKoffi(
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
