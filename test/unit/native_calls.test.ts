import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { currentRuntime, host } from "../../ffi/host.ts";
import type { CFunction, Functions } from "../../ffi/symbols.ts";
import { platform, test } from "../support/harness.ts";
import { request } from "../support/simulated/mod.ts";

const runtime = currentRuntime();
const isWindows = platform === "win32";
const LIBC = isWindows
  ? "msvcrt.dll"
  : platform === "darwin"
  ? "/usr/lib/libSystem.B.dylib"
  : "libc.so.6";

function find<const F extends CFunction>(
  library: string,
  name: string,
  type: F,
): Functions<Record<string, F>>[string] {
  return runtime.open(library, { [name]: type })[name]!;
}

// Everything is opened before the tests: Deno counts a library that a test
// opens as a leak.
const { os } = host();
const abs = find(LIBC, "abs", { parameters: ["i32"], result: "i32" });
const abs64 = find(LIBC, isWindows ? "_abs64" : "llabs", {
  parameters: ["i64"],
  result: "i64",
});
const parseI64 = find(LIBC, isWindows ? "_strtoi64" : "strtoll", {
  parameters: ["buffer", "usize", "i32"],
  result: "i64",
});
const parseU64 = find(LIBC, isWindows ? "_strtoui64" : "strtoull", {
  parameters: ["buffer", "usize", "i32"],
  result: "usize",
});
const strnlen = find(LIBC, "strnlen", {
  parameters: ["buffer", "usize"],
  result: "usize",
});
const strnlenAt = find(LIBC, "strnlen", {
  parameters: ["usize", "usize"],
  result: "usize",
});
const memsetAt = find(LIBC, "memset", {
  parameters: ["usize", "i32", "usize"],
  result: "usize",
});
// Both fill bytes with zeros.
const clear = find(
  isWindows ? "ntdll.dll" : LIBC,
  isWindows ? "RtlZeroMemory" : "bzero",
  { parameters: ["buffer", "usize"], result: "void" },
);
const [mapU32, MAPPED_U32] = isWindows
  ? [
    find("ws2_32.dll", "htonl", { parameters: ["u32"], result: "u32" }),
    [[0, 0], [1, 0x0100_0000], [0x80, 0x8000_0000], [0xffff_ffff, 0xffff_ffff]],
  ] as const
  : [
    find(LIBC, "towlower", { parameters: ["u32"], result: "u32" }),
    [[0, 0], [0x41, 0x61], [0x8000_0000, 0x8000_0000], [0xffff_ffff, 0xffff_ffff]],
  ] as const;

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** Calls `use` with a page of zeros. */
function withPage(use: (address: bigint) => void): void {
  const byteLength = BigInt(os.pageSize);
  const address = os.map(request({ byteLength }));
  assert(typeof address === "bigint");
  try {
    use(address);
  } finally {
    assertStrictEquals(os.unmap(address, byteLength), undefined);
  }
}

test("open() makes functions that take and return i32", () => {
  for (const [value, expected] of [[0, 0], [-1, 1], [2 ** 31 - 1, 2 ** 31 - 1]] as const) {
    assertStrictEquals(abs(value), expected);
  }
  assertStrictEquals(abs(-(2 ** 31)), -(2 ** 31)); // INT_MIN has no positive twin
});

test("open() makes functions that take and return u32", () => {
  for (const [value, expected] of MAPPED_U32) {
    assertStrictEquals(mapU32(value), expected);
  }
});

test("open() makes functions that take and return i64", () => {
  const values = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n];
  for (const value of values) {
    assertStrictEquals(abs64(value), value);
    assertStrictEquals(abs64(-value), value);
    assertStrictEquals(parseI64(cString(`${-value}`), 0n, 10), -value);
  }
  assertStrictEquals(parseI64(cString(`${-(2n ** 63n)}`), 0n, 10), -(2n ** 63n));
});

test("open() makes functions that return usize", () => {
  for (const value of [0n, 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    assertStrictEquals(parseU64(cString(`${value}`), 0n, 10), value);
  }
});

test("open() makes functions that take usize", () => {
  for (const limit of [0n, 1n, 5n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) {
    assertStrictEquals(strnlen(cString("hello"), limit), limit < 5n ? limit : 5n);
  }
});

test("open() makes functions that return nothing", () => {
  assertStrictEquals(clear(new Uint8Array(1), 1n), undefined);
});

test("open() makes functions that write to a buffer where it starts", () => {
  const bytes = new Uint8Array(8).fill(7);
  clear(bytes.subarray(2, 5), 3n);
  assertEquals([...bytes], [7, 7, 0, 0, 0, 7, 7, 7]);
  clear(bytes, 8n);
  assertEquals([...bytes], [0, 0, 0, 0, 0, 0, 0, 0]);
});

test("open() throws when there is no such library or function", () => {
  const table = { sysalloc_none: { parameters: [], result: "void" } } as const;
  assertThrows(() => runtime.open("sysalloc-none", table));
  assertThrows(() => runtime.open(LIBC, table));
});

test("view() shows what C writes", () => {
  withPage((address) => {
    const bytes = new Uint8Array(runtime.view(address, 8));
    assertEquals([...bytes], [0, 0, 0, 0, 0, 0, 0, 0]);
    assertStrictEquals(memsetAt(address + 2n, 0xa5, 3n), address + 2n);
    assertEquals([...bytes], [0, 0, 0xa5, 0xa5, 0xa5, 0, 0, 0]);
  });
});

test("view() lets C see what JavaScript writes", () => {
  withPage((address) => {
    const bytes = new Uint8Array(runtime.view(address, os.pageSize));
    bytes.set(cString("hello"));
    assertStrictEquals(strnlenAt(address, 100n), 5n);
    bytes[3] = 0;
    assertStrictEquals(strnlenAt(address, 100n), 3n);
    assertStrictEquals(strnlenAt(address + 2n, 100n), 1n);
  });
});

test("view() makes buffers of any length over the same memory", () => {
  withPage((address) => {
    const whole = runtime.view(address, os.pageSize);
    const last = runtime.view(address + BigInt(os.pageSize - 1), 1);
    const none = runtime.view(address, 0);
    assertEquals(
      [whole, last, none].map(({ byteLength }) => byteLength),
      [os.pageSize, 1, 0],
    );
    new Uint8Array(last)[0] = 42;
    assertStrictEquals(new Uint8Array(whole).at(-1), 42);
  });
});

test("view() makes a buffer that detaches without taking the memory along", () => {
  withPage((address) => {
    const buffer = runtime.view(address, 8);
    const bytes = new Uint8Array(buffer);
    bytes[0] = 42;
    buffer.transfer(0);
    assertStrictEquals(bytes.byteLength, 0);
    assertStrictEquals(new Uint8Array(runtime.view(address, 1))[0], 42);
  });
});
