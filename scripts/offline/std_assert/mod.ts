/**
 * A stand-in for the part of `jsr:@std/assert` that the suite uses, for
 * places from which JSR cannot be reached. `deno unlink` brings the real one.
 *
 * @module
 */
import assertion from "node:assert/strict";

export { AssertionError } from "node:assert";

/** Node.js 26 refuses a message that is given as `undefined`. */
function given(msg: string | undefined): [string] {
  return (msg ? [msg] : []) as unknown as [string];
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  assertion.ok(expr, ...given(msg));
}

/** Asserts that `actual` and `expected` are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (areEqualBytes(actual, expected)) return;
  assertion.deepEqual(actual, expected, ...given(msg));
}

/** `deepEqual()` of Deno before 2.2 takes 250 ms for 64 KiB. */
function areEqualBytes(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length &&
    Object.getPrototypeOf(a) === Object.getPrototypeOf(b) &&
    a.every((byte, index) => byte === b[index]);
}

/** Asserts that `actual` and `expected` are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  assertion.notDeepEqual(actual, expected, ...given(msg));
}

/** Asserts that `actual` and `expected` are the same value, as `Object.is()` compares. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  assertion.equal(actual, expected, ...given(msg));
}

/** Asserts that `actual` is an instance of `expectedType`. */
export function assertInstanceOf<
  T extends abstract new (...args: never[]) => unknown,
>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  assertion.ok(
    actual instanceof expectedType,
    msg ??
      `Expected an instance of ${expectedType.name}, got ${String(actual)}`,
  );
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  assertion.ok(
    actual.includes(expected),
    msg ??
      `Expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}`,
  );
}

/** Asserts that `actual` matches `expected`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  assertion.match(actual, expected, ...given(msg));
}

/** Asserts that `fn` throws; returns what it threw. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any -- the signature of the real one
  ErrorClass?: abstract new (...args: any[]) => E,
  msgIncludes?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    if (ErrorClass !== undefined) assertInstanceOf(thrown, ErrorClass);
    if (msgIncludes !== undefined) {
      assertInstanceOf(thrown, Error);
      assertStringIncludes(thrown.message, msgIncludes);
    }
    return thrown as E;
  }
  throw new assertion.AssertionError({
    message: "Expected function to throw.",
  });
}
