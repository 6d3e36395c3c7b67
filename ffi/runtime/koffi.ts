/**
 * Node.js below 26.9: the npm package koffi.
 *
 * @module
 */
import { bare } from "../own.ts";
import type { CType, Functions, SymbolTable } from "../symbols.ts";
import { type MessageChannels, nextTurn } from "./event_loop.ts";
import { heldLimits, type NodeProcess, type Pointer, type Runtime, V8_WASM } from "./runtime.ts";
import { isAtLeast, maxV8BufferByteLength } from "./versions.ts";

/** The used part of koffi. */
export interface Koffi {
  /** Its own version. */
  readonly version?: string;
  /** {@link https://koffi.dev/functions} */
  load(library: string): {
    func(
      name: string,
      result: KoffiType,
      parameters: KoffiType[],
    ): (...args: (number | bigint | Uint8Array)[]) => unknown;
  };
  /** {@link https://koffi.dev/pointers} */
  view(address: bigint, byteLength: number): ArrayBuffer;
}

/** The names that koffi has for the types of the tables. */
export type KoffiType =
  | "void"
  | "int32_t"
  | "uint32_t"
  | "int64_t"
  | "size_t"
  | "void *";

const TYPES: Readonly<Record<CType, KoffiType>> = bare({
  void: "void",
  i32: "int32_t",
  u32: "uint32_t",
  i64: "int64_t",
  usize: "size_t",
  buffer: "void *",
});

/** The oldest koffi that is supported. */
const KOFFI = "3";

/** Loads the koffi that was found. */
const threadNative = (file: string) => () =>
  `(() => {
  const types = ${JSON.stringify(TYPES)};
  const { createRequire } = process.getBuiltinModule("node:module");
  const { load, view } = createRequire(${JSON.stringify(file)})(${JSON.stringify(file)});
  return {
    open(library, table) {
      const opened = load(library);
      return Object.fromEntries(Object.entries(table).map(([name, { parameters, result }]) => [
        name,
        opened.func(name, types[result], parameters.map((type) => types[type])),
      ]));
    },
    view,
  };
})()`;

/**
 * Makes the runtime of Node.js with koffi. Other threads load koffi from `file`.
 * `maxBufferByteLength` is `buffer.constants.MAX_LENGTH`, beyond which koffi aborts the process.
 */
export function koffi(
  { version = KOFFI, load, view }: Koffi,
  file: string,
  maxBufferByteLength: number,
  process: NodeProcess,
): Runtime {
  if (!isAtLeast(version, KOFFI)) {
    throw new Error(`koffi ${version} is too old: npm install koffi@${KOFFI}`);
  }
  if (typeof load !== "function") throw new Error(`${file} is not koffi, or is broken`);
  const { platform, arch } = process;
  return {
    ...heldLimits(Math.min(maxBufferByteLength, maxV8BufferByteLength(process.versions))),

    system: { platform, arch },

    threadNative: threadNative(file),

    refuseTransfer: undefined,
    wasm: V8_WASM,

    open<const T extends SymbolTable>(library: string, table: T): Functions<T> {
      const opened = load(library);
      const functions = Object.entries(table).map(
        ({ 0: name, 1: { parameters, result } }) => {
          const call = opened.func(
            name,
            TYPES[result],
            parameters.map((type) => TYPES[type]),
          );
          // koffi returns a 64-bit result as a number if it fits; the tables promise a bigint.
          const isWide = result === "usize" || result === "i64";
          return [
            name,
            isWide
              ? (...args: (number | bigint)[]) => BigInt(call(...args) as number | bigint)
              : call,
          ];
        },
      );
      return Object.fromEntries(functions) as Functions<T>;
    },

    view(address: bigint, byteLength: number): ArrayBuffer {
      return view(address, byteLength);
    },

    pointer(address: bigint): Pointer {
      return address as unknown as Pointer;
    },

    nextTurn: () => nextTurn(process.getBuiltinModule("node:worker_threads") as MessageChannels),
  };
}
