/**
 * Checks of arguments: a `TypeError` for a value of the wrong type, a `RangeError` for a value
 * outside its range. Both state the value.
 *
 * @module
 */
import { describeRange } from "./errors.ts";

const { getPrototypeOf, hasOwn, prototype } = Object;

/** One past the last address of a 64-bit address space, in bytes. */
const ADDRESS_SPACE_END = 1n << 64n;

/** Checks a number of bytes, or of another unit: a whole number from 0 to 2^53 - 1. */
export function byteCount(value: unknown, what: string, unit = "bytes"): number {
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return value + 0;
  const count = numberOrBigint(value, what);
  if (count < 0 || count > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(
      `${what} must be from 0 to 2^53 - 1 ${unit}, got ${count}`,
    );
  }
  return Number(count) + 0; // -0 becomes 0
}

/** Checks a number of bytes that is a power of two, or 0. */
export function powerOfTwo(value: unknown, what: string): number {
  const count = byteCount(value, what);
  if (count === 0 || Number.isInteger(Math.log2(count))) return count;
  throw new RangeError(`${what} must be a power of two, got ${count}`);
}

/** Checks an address: a whole number from 0 to 2^64 - 1. */
export function memoryAddress(value: unknown, what: string): bigint {
  const address = numberOrBigint(value, what);
  if (address < 0 || address >= ADDRESS_SPACE_END) {
    throw new RangeError(`${what} must be from 0 to 2^64 - 1, got ${address}`);
  }
  if (typeof address === "number" && !Number.isSafeInteger(address)) {
    throw new RangeError(
      `${what} above 2^53 - 1 must be a bigint, got the number ${address}`,
    );
  }
  return BigInt(address);
}

/** Checks a 32-bit word, given as a signed or an unsigned number of the same bits. */
export function word32(value: unknown, what: string): number {
  const word = wholeNumber(value, what);
  if (word < -(2 ** 31) || word >= 2 ** 32) {
    throw new RangeError(`${what} must be from -2^31 to 2^32 - 1, got ${word}`);
  }
  return word | 0;
}

/** Checks a time in milliseconds. A negative one counts as 0. */
export function timeMs(value: unknown, what: string): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${what} must be a number of milliseconds, got ${describe(value)}`);
  }
  return Math.max(0, value);
}

/** Checks a count: a whole number from 0, or `Infinity`. */
export function countOrAll(value: unknown, what: string): number {
  const count = wholeNumber(value, what, "a whole number or Infinity");
  if (count < 0) throw new RangeError(`${what} must be 0 or above, got ${count}`);
  return count;
}

/** A value for every option; `undefined` for one without a default. */
export type Defaults<T> = { readonly [Name in keyof Required<T>]: T[Name] | undefined };

/** Options with their defaults. */
export type WithDefaults<T, D> = {
  readonly [Name in keyof T & keyof D]-?: Exclude<T[Name], undefined> | D[Name];
};

/**
 * Checks that options are an object without unknown properties, and fills in the defaults of
 * those that are `undefined`. Options can be inherited, but not from `Object.prototype`.
 */
export function checkOptions<T extends object, D extends Defaults<T>>(
  options: T,
  defaults: D,
): WithDefaults<T, D> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options must be an object, got ${describe(options)}`);
  }
  const passed = Object.keys(options);
  const names = Object.keys(defaults);
  const unknown = passed.find((name) => !hasOwn(defaults, name));
  if (unknown !== undefined) {
    const known = names.length === 1 ? "the only option is" : "the options are";
    throw new TypeError(
      `The option ${JSON.stringify(unknown)} is unknown: ${known} ${names.join(", ")}`,
    );
  }
  const isPlain = getPrototypeOf(options) === prototype;
  const filled: Record<string, unknown> = { ...defaults, ...(isPlain && options) };
  for (const name of isPlain ? passed : names) {
    const value = isPlain ? filled[name] : propertyOf(options, name);
    filled[name] = value === undefined ? defaults[name as keyof D] : value;
  }
  return filled as WithDefaults<T, D>;
}

/**
 * Reads a property of a caller's object: its own or an inherited one, but not what a program has
 * added to the `Object.prototype` of the object's realm.
 */
export function propertyOf(object: unknown, name: string): unknown {
  if (typeof object !== "object" || object === null) return undefined;
  let isPassed = false;
  let last: object = object;
  let next: object | null;
  while ((next = getPrototypeOf(last)) !== null) {
    isPassed ||= hasOwn(last, name);
    last = next;
  }
  // Every Object.prototype has isPrototypeOf(), and other objects inherit it.
  const isAdded = hasOwn(last, name) && hasOwn(last, "isPrototypeOf");
  return isPassed || !isAdded ? object[name as never] : undefined;
}

/** Checks a boolean. */
export function flag(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`${what} must be a boolean, got ${describe(value)}`);
  }
  return value;
}

/** Checks that a value is one of `values`. */
export function oneOf(values: readonly string[], value: unknown, what: string): void {
  if (typeof value !== "string") {
    throw new TypeError(`${what} must be a string, got ${describe(value)}`);
  }
  if (!values.includes(value)) {
    const known = values.map((value) => JSON.stringify(value)).join(", ");
    throw new RangeError(`${what} must be one of ${known}, got ${describe(value)}`);
  }
}

/** Refuses a range that reaches past the end of the address space. */
export function rangeInAddressSpace(address: bigint, byteLength: number): void {
  if (address + BigInt(byteLength) > ADDRESS_SPACE_END) {
    throw new RangeError(
      `The range of ${describeRange({ address, byteLength })} reaches past the end of the ` +
        "address space",
    );
  }
}

/** Describes a value of the wrong type for a message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      return value === null ? "null" : "an object";
    default:
      return `a ${typeof value}`;
  }
}

function numberOrBigint(value: unknown, what: string): number | bigint {
  return typeof value === "bigint" ? value : wholeNumber(value, what, "a whole number or a bigint");
}

/** Checks a whole number. Infinity passes: the checks of ranges refuse it by a `RangeError`. */
export function wholeNumber(value: unknown, what: string, kind: string = "a whole number"): number {
  if (typeof value === "number" && (Number.isInteger(value) || Math.abs(value) === Infinity)) {
    return value;
  }
  throw new TypeError(`${what} must be ${kind}, got ${describe(value)}`);
}
