/**
 * The types in Bun. Checked by `tsc`, never run.
 *
 * @module
 */
import * as ffi from "bun:ffi";
import * as workerThreads from "node:worker_threads";
import type { BunFfi, BunType, BunWorkerThreads } from "../../ffi/runtime/bun.ts";
import type { Functions } from "../../ffi/symbols.ts";
import type { Mmap, Pointer } from "../../mod.ts";
import "./api.ts";
import { type Equal, type Expect, expectType } from "./expect.ts";
import type { Table } from "./table.ts";

export const modules: [BunFfi, BunWorkerThreads] = [ffi, workerThreads];

export type Pointers = [
  Expect<Equal<Pointer, ffi.Pointer>>,
  Expect<BunType extends ffi.FFITypeOrString ? true : false>,
];

export function calls(mmap: Mmap): void {
  const functions: Functions<Table> = ffi.dlopen(
    "library",
    {
      nothing: { args: [], returns: "void" },
      signed: { args: ["i32", "u32", "i64", "usize", "ptr"], returns: "i32" },
      unsigned: { args: ["u32"], returns: "u32" },
      wide: { args: ["i64"], returns: "i64" },
      address: { args: ["usize"], returns: "usize" },
    } as const,
  ).symbols;
  functions.nothing();

  const { symbols } = ffi.dlopen(
    "library",
    {
      use: { args: ["ptr", "usize"], returns: "void" },
    } as const,
  );
  symbols.use(mmap.pointer, mmap.byteLength);
  expectType(ffi.toArrayBuffer(mmap.pointer, 0, 1)).is<ArrayBuffer>();
  symbols.use(mmap.pointerAt(1n), 1);
  const number: number = mmap.pointer;

  // @ts-expect-error: not every number is a pointer
  symbols.use(number, 1);
  // @ts-expect-error: a pointer is not the address that it is in Node.js
  expectType(mmap.pointer).is<bigint>();
}
