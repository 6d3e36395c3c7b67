/**
 * Node.js 26.9 and later: `node:ffi`. From 26.1 on it is behind the flag
 * `--experimental-ffi`.
 *
 * @module
 */
import { bare, bareTable } from "../own.ts";
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import { type MessageChannels, nextTurn } from "./event_loop.ts";
import { heldLimits, type NodeProcess, type Pointer, type Runtime, V8_WASM } from "./runtime.ts";
import { maxV8BufferByteLength } from "./versions.ts";

/** The used part of `node:ffi`. */
export interface NodeFfi {
  /** {@link https://nodejs.org/api/ffi.html#ffidlopenpath-definitions} */
  dlopen(
    library: string,
    table: Record<string, { arguments: Exclude<NodeType, "void">[]; return: NodeType }>,
  ): { readonly functions: Readonly<Record<string, (...args: never[]) => unknown>> };
  /** {@link https://nodejs.org/api/ffi.html#ffitoarraybufferpointer-length-copy} */
  toArrayBuffer(
    address: bigint,
    byteLength: number,
    copy: boolean,
  ): ArrayBuffer;
}

/** The names that `node:ffi` has for the types of the tables. It has none for `size_t`. */
export type NodeType =
  | "void"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "buffer";

const TYPES = bare(
  {
    void: "void",
    i32: "int32",
    u32: "uint32",
    i64: "int64",
    usize: "uint64",
    buffer: "buffer",
  } as const satisfies Record<CType, NodeType>,
);

const threadNative = () =>
  `{
  open(library, table) {
    const types = ${JSON.stringify(TYPES)};
    const translated = Object.entries(table).map(([name, { parameters, result }]) => [
      name,
      { __proto__: null, arguments: parameters.map((type) => types[type]), return: types[result] },
    ]);
    const { dlopen } = process.getBuiltinModule("node:ffi");
    const { functions } = dlopen(library, Object.fromEntries(translated));
    return Object.fromEntries(
      Object.keys(table).map((name) => [name, new Proxy(functions[name], { __proto__: null })])
    );
  },
  view: (address, byteLength) =>
    process.getBuiltinModule("node:ffi").toArrayBuffer(address, byteLength, false),
}`;

/** Makes the runtime of Node.js with its own FFI. */
export function nodeFfi(
  { dlopen, toArrayBuffer }: NodeFfi,
  process: NodeProcess,
): Runtime {
  const { platform, arch } = process;
  return {
    ...heldLimits(maxV8BufferByteLength(process.versions)),

    system: { platform, arch },

    threadNative,

    refuseTransfer: undefined,
    wasm: V8_WASM,

    open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
      // node:ffi ignores unknown keys, so only the type above prevents a misspelled one.
      const translated = bareTable(table, ({ parameters, result }) => ({
        arguments: parameters.map((type) => TYPES[type]),
        return: TYPES[result],
      }));
      const { functions } = dlopen(library, translated);
      // V8 crashes if it compiles a call of a C function while the thread ends
      // (FastApiCallNode::ArityForArgc). It compiles the call of a proxy in another way, which runs
      // as fast.
      const proxies = Object.keys(table).map((name) => [
        name,
        new Proxy(functions[name]!, bare({})),
      ]);
      return bare(Object.fromEntries(proxies)) as Functions<T>;
    },

    view(address: bigint, byteLength: number): ArrayBuffer {
      // Without the `false` it would be a copy.
      return toArrayBuffer(address, byteLength, false);
    },

    pointer(address: bigint): Pointer {
      return address as unknown as Pointer;
    },

    nextTurn: () => nextTurn(process.getBuiltinModule("node:worker_threads") as MessageChannels),
  };
}
