import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { isProxy } from "node:util/types";
import { bare, bareTable } from "../../ffi/own.ts";
import { bun } from "../../ffi/runtime/bun.ts";
import { deno } from "../../ffi/runtime/deno.ts";
import { koffi } from "../../ffi/runtime/koffi.ts";
import { nodeFfi } from "../../ffi/runtime/node_ffi.ts";
import type { SymbolTable } from "../../ffi/symbols.ts";
import { test } from "../support/harness.ts";
import {
  BUN_STUB,
  NODE_FFI_STUB,
  recorder,
  stubDeno,
  stubKoffi,
  stubProcess,
  unused,
} from "../support/stubs.ts";

/** Every type, as a parameter and as a result. */
const TABLE = {
  nothing: { parameters: [], result: "void" },
  signed: {
    parameters: ["i32", "u32", "i64", "usize", "buffer"],
    result: "i32",
  },
  unsigned: { parameters: ["u32", "i32"], result: "u32" },
  wide: { parameters: ["buffer"], result: "i64" },
  address: { parameters: ["usize"], result: "usize" },
} as const satisfies SymbolTable;

const ADDRESS = 0x7fff_ffff_f000n;
const PAST_2_53 = 2n ** 53n + 1n;
const BUFFER = new ArrayBuffer(8);
const FUNCTIONS = {};

test("deno().open() passes the table as it is, without prototypes", () => {
  const dlopen = recorder({ symbols: FUNCTIONS });
  const opened = deno(stubDeno({ dlopen: dlopen.call }), unused).open("library", TABLE);
  assertEquals(dlopen.calls, [["library", bareTable(TABLE, (described) => described)]]);
  assertStrictEquals(opened as unknown, FUNCTIONS);
});

test("deno().view() makes a buffer of the pointer to the address", () => {
  const pointer = {};
  const create = recorder(pointer);
  const getArrayBuffer = recorder(BUFFER);
  const runtime = deno(
    stubDeno({
      UnsafePointer: { create: create.call },
      UnsafePointerView: { getArrayBuffer: getArrayBuffer.call },
    }),
    unused,
  );
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(create.calls, [[ADDRESS]]);
  assertEquals(getArrayBuffer.calls, [[pointer, 8]]);
  assertStrictEquals(getArrayBuffer.calls[0]?.[0], pointer);
});

test("deno().pointer() returns Deno's pointer object", () => {
  const pointer = {};
  const create = recorder(pointer);
  const runtime = deno(stubDeno({ UnsafePointer: { create: create.call } }), unused);
  assertStrictEquals(runtime.pointer(ADDRESS) as unknown, pointer);
  assertEquals(create.calls, [[ADDRESS]]);
});

const BUN_1_4 = { bun: "1.4.0" };
const BUN_1_3 = { bun: "1.3.14" };

test("bun().open() translates the table's types", () => {
  const dlopen = recorder({ symbols: FUNCTIONS });
  const runtime = bun({ ...BUN_STUB, dlopen: dlopen.call }, stubProcess(BUN_1_4));
  runtime.open("library", TABLE);
  assertEquals(dlopen.calls, [[
    "library",
    bare({
      nothing: bare({ args: [], returns: "void" }),
      signed: bare({ args: ["i32", "u32", "i64", "usize", "ptr"], returns: "i32" }),
      unsigned: bare({ args: ["u32", "i32"], returns: "u32" }),
      wide: bare({ args: ["ptr"], returns: "i64" }),
      address: bare({ args: ["usize"], returns: "usize" }),
    }),
  ]]);
});

test("bun().open() makes results of u32 unsigned and leaves the others", () => {
  const call = () => -1;
  const symbols = { unsigned: call, signed: call };
  const runtime = bun({ ...BUN_STUB, dlopen: () => ({ symbols }) }, stubProcess(BUN_1_3));
  const { unsigned, signed } = runtime.open("library", TABLE);
  assertStrictEquals(unsigned(0, 0), 2 ** 32 - 1);
  assertStrictEquals(signed as unknown, call);
});

test("bun().view() makes a buffer with no offset, and refuseTransfer() one that cannot be transferred", () => {
  const toArrayBuffer = recorder(BUFFER);
  const markAsUntransferable = recorder(undefined);
  const runtime = bun(
    { ...BUN_STUB, toArrayBuffer: toArrayBuffer.call },
    stubProcess(BUN_1_4, {
      "node:worker_threads": { markAsUntransferable: markAsUntransferable.call },
    }),
  );
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(toArrayBuffer.calls, [[ADDRESS, 0, 8]]);
  assertStrictEquals(markAsUntransferable.calls.length, 0);
  runtime.refuseTransfer!(BUFFER);
  assertStrictEquals(markAsUntransferable.calls.length, 1);
  assertStrictEquals(markAsUntransferable.calls[0]?.[0], BUFFER);
});

test("bun() refuses memories that it would move, or store zeros to, under what is mapped into them", () => {
  const refusal = (isShared: boolean, isMainThread: boolean, destructs?: string) => {
    const process = {
      ...stubProcess(BUN_1_4, { "node:worker_threads": { isMainThread } }),
      env: { BUN_DESTRUCT_VM_ON_EXIT: destructs },
    };
    return bun(BUN_STUB, process).wasm.refusal(isShared) ?? "taken";
  };
  assertStringIncludes(refusal(false, true), "moves a memory");
  assertStringIncludes(refusal(true, false), "a worker that ends");
  for (const destructs of ["1", "true", "yes"]) {
    assertStringIncludes(refusal(true, true, destructs), "BUN_DESTRUCT_VM_ON_EXIT");
  }
  for (const destructs of [undefined, "", "0", "false"]) {
    assertEquals(refusal(true, true, destructs), "taken");
  }
});

test("bun() has no refuseTransfer() before Bun 1.4, where it would throw", () => {
  const toArrayBuffer = recorder(BUFFER);
  const runtime = bun(
    { ...BUN_STUB, toArrayBuffer: toArrayBuffer.call },
    stubProcess(BUN_1_3),
  );
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(toArrayBuffer.calls, [[Number(ADDRESS), 0, 8]]);
  assertStrictEquals(runtime.refuseTransfer, undefined);
});

test("bun().view() makes the buffer itself when the length is 0", () => {
  const runtime = bun(BUN_STUB, stubProcess(BUN_1_4));
  assertStrictEquals(runtime.view(ADDRESS, 0).byteLength, 0);
});

test("bun().pointer() returns a number", () => {
  const runtime = bun(BUN_STUB, stubProcess(BUN_1_4));
  assertStrictEquals(runtime.pointer(ADDRESS) as unknown, 0x7fff_ffff_f000);
});

test("nodeFfi().open() translates the table's types, and has proxies of the functions", () => {
  const functions = {
    nothing: () => {},
    signed: () => -1,
    unsigned: () => 1,
    wide: () => 2n,
    address: (address: bigint) => address,
  };
  const dlopen = recorder({ functions });
  const runtime = nodeFfi({ ...NODE_FFI_STUB, dlopen: dlopen.call }, stubProcess({}));
  const opened = runtime.open("library", TABLE);
  assertEquals(Object.keys(opened), Object.keys(TABLE));
  for (const name of Object.keys(TABLE) as (keyof typeof TABLE)[]) {
    assert(isProxy(opened[name]), name); // V8 does not end the process by its calls
  }
  assertStrictEquals(opened.address(ADDRESS), ADDRESS);
  assertEquals(dlopen.calls, [[
    "library",
    bare({
      nothing: bare({ arguments: [], return: "void" }),
      signed: bare({
        arguments: ["int32", "uint32", "int64", "uint64", "buffer"],
        return: "int32",
      }),
      unsigned: bare({ arguments: ["uint32", "int32"], return: "uint32" }),
      wide: bare({ arguments: ["buffer"], return: "int64" }),
      address: bare({ arguments: ["uint64"], return: "uint64" }),
    }),
  ]]);
});

test("nodeFfi().view() asks for a view and not for a copy", () => {
  const toArrayBuffer = recorder(BUFFER);
  const runtime = nodeFfi({ ...NODE_FFI_STUB, toArrayBuffer: toArrayBuffer.call }, stubProcess({}));
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(toArrayBuffer.calls, [[ADDRESS, 8, false]]);
});

test("nodeFfi().pointer() returns the address", () => {
  assertStrictEquals(nodeFfi(NODE_FFI_STUB, stubProcess({})).pointer(ADDRESS) as unknown, ADDRESS);
});

test("koffi().open() translates the table's types", () => {
  const stub = stubKoffi(0);
  koffi(stub.koffi, "", 0, stubProcess({})).open("library", TABLE);
  assertEquals(stub.loaded, ["library"]);
  assertEquals(stub.found, [
    ["nothing", "void", []],
    ["signed", "int32_t", ["int32_t", "uint32_t", "int64_t", "size_t", "void *"]],
    ["unsigned", "uint32_t", ["uint32_t", "int32_t"]],
    ["wide", "int64_t", ["void *"]],
    ["address", "size_t", ["size_t"]],
  ]);
});

test("koffi().open() passes arguments as they are", () => {
  const stub = stubKoffi(0);
  const functions = koffi(stub.koffi, "", 0, stubProcess({})).open("library", TABLE);
  const bytes = new Uint8Array(1);
  functions.signed(-1, 2 ** 32 - 1, -PAST_2_53, ADDRESS, bytes);
  functions.address(ADDRESS);
  assertEquals(stub.called, [
    [-1, 2 ** 32 - 1, -PAST_2_53, ADDRESS, bytes],
    [ADDRESS],
  ]);
  assertStrictEquals(stub.called[0]?.[4], bytes);
});

test("koffi().open() makes every 64-bit result a bigint and leaves the others", () => {
  const cases: readonly [result: unknown, wide: bigint][] = [
    [0, 0n],
    [-1, -1n],
    [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
    [PAST_2_53, PAST_2_53],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
  ];
  for (const [result, wide] of cases) {
    const functions = koffi(stubKoffi(result).koffi, "", 0, stubProcess({})).open("library", TABLE);
    assertStrictEquals(functions.wide(new Uint8Array(1)), wide);
    assertStrictEquals(functions.address(0n), wide);
    assertStrictEquals(functions.unsigned(0, 0) as unknown, result);
    assertStrictEquals(functions.signed(0, 0, 0n, 0n, new Uint8Array(1)) as unknown, result);
  }
  const { nothing } = koffi(stubKoffi(undefined).koffi, "", 0, stubProcess({})).open(
    "library",
    TABLE,
  );
  assertStrictEquals(nothing(), undefined);
});

test("koffi().view() makes a buffer of the address", () => {
  const view = recorder(BUFFER);
  const runtime = koffi({ ...stubKoffi(0).koffi, view: view.call }, "", 0, stubProcess({}));
  assertStrictEquals(runtime.view(ADDRESS, 8), BUFFER);
  assertEquals(view.calls, [[ADDRESS, 8]]);
});

test("koffi().pointer() returns the address", () => {
  const runtime = koffi(stubKoffi(0).koffi, "", 0, stubProcess({}));
  assertStrictEquals(runtime.pointer(ADDRESS) as unknown, ADDRESS);
});
