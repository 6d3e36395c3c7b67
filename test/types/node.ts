/**
 * The types in Node.js. Checked by `tsc`, never run.
 *
 * @module
 */
import * as koffi from "koffi";
import * as ffi from "node:ffi";
import type { Koffi, KoffiType } from "../../ffi/runtime/koffi.ts";
import type { NodeFfi, NodeType } from "../../ffi/runtime/node_ffi.ts";
import type { Functions } from "../../ffi/symbols.ts";
import type { Mmap, Pointer } from "../../mod.ts";
import "./api.ts";
import { type Equal, type Expect, expectType } from "./expect.ts";
import type { Table } from "./table.ts";

export const modules: [NodeFfi, Koffi] = [ffi, koffi];

/** The names that koffi has for types; `void *` is derived from one of them. */
type KoffiNames = keyof typeof koffi.types;

export type Pointers = [
  Expect<Equal<Pointer, bigint>>,
  Expect<NodeType extends ffi.ReturnType ? true : false>,
  Expect<Exclude<NodeType, "void"> extends ffi.ArgumentType ? true : false>,
  Expect<Equal<Exclude<KoffiType, KoffiNames>, "void *">>,
];

export function calls(mmap: Mmap): void {
  const functions: Functions<Table> = ffi.dlopen("library", {
    nothing: { arguments: [], return: "void" },
    signed: { arguments: ["int32", "uint32", "int64", "uint64", "buffer"], return: "int32" },
    unsigned: { arguments: ["uint32"], return: "uint32" },
    wide: { arguments: ["int64"], return: "int64" },
    address: { arguments: ["uint64"], return: "uint64" },
  }).functions;
  functions.nothing();

  const { functions: { use } } = ffi.dlopen("library", {
    use: { arguments: ["pointer", "uint64"], return: "void" },
  });
  use(mmap.pointer, BigInt(mmap.byteLength));
  use(mmap.pointerAt(1), 1n);
  expectType(mmap.view(Buffer, 8, 2)).is<Buffer>();
  expectType(ffi.toArrayBuffer(mmap.pointer, 1, false)).is<ArrayBuffer>();
  expectType(koffi.view(mmap.pointer, 1)).is<ArrayBuffer>();

  // @ts-expect-error: a pointer is not the number that it is in Bun
  expectType(mmap.pointer).is<number>();
}
