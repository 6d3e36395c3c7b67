/**
 * Calls that must throw, as rows of a table.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allocationGranularity, type Mmap, MmapError, MmapOptions, pageSize } from "../../mod.ts";
import { test } from "./harness.ts";

/** A call that must throw: its name, the call, the error's class or code, and a part of its message. */
export type BadCall = readonly [
  name: string,
  call: () => unknown,
  error: ErrorConstructor | string,
  message: string,
];

export const PAGE: number = pageSize();
export const GRANULARITY: bigint = BigInt(allocationGranularity());
export const options: MmapOptions = new MmapOptions({ len: PAGE });
/** Shared by the rows, which leave it as it is. */
export const mmap: Mmap = new MmapOptions({ len: 4 * PAGE }).mapAnon();

/** Any value, as what a signature wants. */
export function as<T>(value: unknown): T {
  return value as T;
}

export const NOT_WHOLE_NUMBERS: readonly [name: string, value: unknown, words: string][] = [
  ["a string", "4096", 'the string "4096"'],
  ["an empty string", "", 'the string ""'],
  ["a fraction", 0.5, "0.5"],
  ["a fraction above 1", 4096.25, "4096.25"],
  ["NaN", NaN, "NaN"],
  ["null", null, "null"],
  ["true", true, "true"],
  ["an object", {}, "an object"],
  ["an array", [4096], "an object"],
  ["a symbol", Symbol("x"), "a symbol"],
  ["a function", () => 4096, "a function"],
  ["an object with valueOf", { valueOf: () => 4096 }, "an object"],
];

export const NOT_BYTE_COUNTS: readonly [name: string, value: number | bigint, words: string][] = [
  ["-1", -1, "-1"],
  ["-1n", -1n, "-1"],
  ["-(2^63)", -(2n ** 63n), "-9223372036854775808"],
  ["Infinity", Infinity, "Infinity"],
  ["-Infinity", -Infinity, "-Infinity"],
  ["2^53", 2 ** 53, "9007199254740992"],
  ["2^53 as bigint", 2n ** 53n, "9007199254740992"],
  ["2^64", 2n ** 64n, "18446744073709551616"],
  ["1e300", 1e300, "1e+300"],
];

export const NOT_ADDRESSES: readonly [name: string, value: number | bigint, words: string][] = [
  ["-1", -1, "-1"],
  ["-1n", -1n, "-1"],
  ["Infinity", Infinity, "Infinity"],
  ["-Infinity", -Infinity, "-Infinity"],
  ["2^53 as a number", 2 ** 53, "9007199254740992"],
  ["2^64", 2n ** 64n, "18446744073709551616"],
  ["2^200", 2n ** 200n, String(2n ** 200n)],
];

export const NOT_BOOLEANS: readonly [name: string, value: unknown, words: string][] = [
  ["1", 1, "1"],
  ["0", 0, "0"],
  ["a string", "true", 'the string "true"'],
  ["null", null, "null"],
  ["an object", {}, "an object"],
  ["a bigint", 1n, "a bigint"],
];

/** Declares a test for each row of tables that have at least so many. */
export function testBadCalls(
  tables: Readonly<Record<string, () => Generator<BadCall>>>,
  least: number,
): void {
  for (const [table, rows] of Object.entries(tables)) {
    for (const [name, call, expected, message] of rows()) {
      test(`${table}: ${name} is refused`, () => {
        const error = thrownBy(call);
        if (typeof expected === "string") {
          assert(error instanceof MmapError, String(error));
          assert(expected.split("|").includes(error.code), error.code);
        } else {
          assertEquals(error.constructor, expected, String(error));
        }
        assertStringIncludes(error.message, message);
        if (message !== "") assert(/^[A-Z]|^(populate|noReserve|strict) /.test(error.message));
        assert(!error.message.endsWith("."), error.message);
      });
    }
  }
  const names = Object.keys(tables).join(", ");
  const all = () => Object.values(tables).flatMap((rows) => [...rows()]);

  test(`${names} have at least ${least} rows`, () => {
    assert(all().length >= least, String(all().length));
  });

  test(`${names} leave what was mapped as it was`, () => {
    mmap.bytes.fill(7);
    for (const [, call] of all()) thrownBy(call);
    assertEquals(mmap.byteLength, 4 * PAGE);
    assert(mmap.bytes.every((byte) => byte === 7));
  });
}

function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new Error("Nothing was thrown");
}
