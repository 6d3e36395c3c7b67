/**
 * The types in Deno. Checked by `deno check`, never run.
 *
 * @module
 */
import type { DenoNamespace, DenoType } from "../../ffi/runtime/deno.ts";
import type { DenoFileCalls } from "../../ffi/runtime/deno_files.ts";
import type { Functions } from "../../ffi/symbols.ts";
import type { Mmap, Pointer } from "../../mod.ts";
import "./api.ts";
import { type Equal, type Expect, expectType } from "./expect.ts";
import type { Table } from "./table.ts";

export const namespace: DenoNamespace = Deno;
export const permissions: DenoFileCalls = Deno;

export type Pointers = [
  Expect<Equal<Pointer, Deno.PointerObject>>,
  Expect<DenoType extends Deno.NativeResultType ? true : false>,
  Expect<Exclude<DenoType, "void"> extends Deno.NativeType ? true : false>,
];

export function calls(mmap: Mmap, table: Table): void {
  const functions: Functions<Table> = Deno.dlopen("library", table).symbols;
  functions.nothing();

  const { symbols } = Deno.dlopen("library", {
    use: { parameters: ["pointer", "usize"], result: "void" },
  });
  symbols.use(mmap.pointer, BigInt(mmap.byteLength));
  expectType(Deno.UnsafePointer.value(mmap.pointer)).is<bigint>();
  symbols.use(mmap.pointerAt(1), 1n);
  expectType(Deno.UnsafePointerView.getArrayBuffer(mmap.pointer, 1)).is<ArrayBuffer>();

  // @ts-expect-error: a pointer is not its address
  symbols.use(mmap.address, 1n);
  // @ts-expect-error: a pointer is not the number that it is in Bun
  expectType(mmap.pointer).is<number>();
}
