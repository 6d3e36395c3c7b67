/**
 * The checks of what callers pass: a `TypeError` for a value of the wrong
 * type, a `RangeError` for one outside its range. Both state the value.
 *
 * @module
 */
import { describeRange } from "./errors.ts";

const { getPrototypeOf, hasOwn, prototype } = Object;

/** One past the last address of a 64-bit address space, in bytes. */
const ADDRESS_SPACE_END = 1n << 64n;

/** A count of bytes: a whole number from 0 to 2^53 - 1. */
export function byteCount(value: unknown, what: string): number {
  const count = wholeNumber(value, what);
  if (count < 0 || count > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(
      `${what} must be from 0 to 2^53 - 1 bytes, got ${count}`,
    );
  }
  return Number(count) + 0; // -0 becomes 0
}

/** A count of bytes that is a power of two, or 0. */
export function powerOfTwo(value: unknown, what: string): number {
  const count = byteCount(value, what);
  if (count === 0 || Number.isInteger(Math.log2(count))) return count;
  throw new RangeError(`${what} must be a power of two, got ${count}`);
}

/** An address: a whole number from 0 to 2^64 - 1. */
export function memoryAddress(value: unknown, what: string): bigint {
  const address = wholeNumber(value, what);
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

/** A 32-bit word, as a signed or as an unsigned number: both mean the same bits. */
export function word32(value: unknown, what: string): number {
  if (typeof value !== "number" || (!Number.isInteger(value) && Math.abs(value) !== Infinity)) {
    throw new TypeError(`${what} must be a whole number, got ${describe(value)}`);
  }
  if (value < -(2 ** 31) || value >= 2 ** 32) {
    throw new RangeError(`${what} must be from -2^31 to 2^32 - 1, got ${value}`);
  }
  return value | 0;
}

/** A time in milliseconds: below 0 it is 0. */
export function timeMs(value: unknown, what: string): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${what} must be a number of milliseconds, got ${describe(value)}`);
  }
  return Math.max(0, value);
}

/** A count: a whole number from 0 on, or `Infinity`. */
export function countOrAll(value: unknown, what: string): number {
  if (typeof value !== "number" || (!Number.isInteger(value) && Math.abs(value) !== Infinity)) {
    throw new TypeError(`${what} must be a whole number or Infinity, got ${describe(value)}`);
  }
  if (value < 0) throw new RangeError(`${what} must be 0 or above, got ${value}`);
  return value;
}

/** Options of which none is left out. */
export type All<T> = { readonly [Name in keyof Required<T>]: T[Name] | undefined };

/**
 * Options: an object that has no property but those of `all`. None is ever ignored. Returns
 * them to be read from, in place of those of `all` that are given: an object's own, or what
 * it inherits, but not from `Object.prototype`.
 */
export function checkOptions<T extends object>(
  options: T,
  all: All<T>,
): T {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options must be an object, got ${describe(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !hasOwn(all, name));
  if (unknown !== undefined) {
    const names = Object.keys(all);
    const known = names.length === 1 ? "the one option is" : "the options are";
    throw new TypeError(
      `The option ${JSON.stringify(unknown)} is unknown: ${known} ${names.join(", ")}`,
    );
  }
  if (getPrototypeOf(options) === prototype) return { ...all, ...options } as T;
  const found = Object.keys(all).map((name) => [name, propertyOf(options, name)] as const);
  return Object.fromEntries(found) as T;
}

/**
 * A property of an object that a caller passes, which can be its own, or its class's, or that of any
 * object it inherits from but the `Object.prototype` of its realm: what a program adds there, nobody
 * has passed.
 */
export function propertyOf(passed: unknown, name: string): unknown {
  if (typeof passed !== "object" || passed === null) return undefined;
  let isPassed = false;
  let last: object = passed;
  let next: object | null;
  while ((next = getPrototypeOf(last)) !== null) {
    isPassed ||= hasOwn(last, name);
    last = next;
  }
  // Every Object.prototype has isPrototypeOf(), and other objects inherit it.
  const isAdded = hasOwn(last, name) && hasOwn(last, "isPrototypeOf");
  return isPassed || !isAdded ? passed[name as never] : undefined;
}

/** A flag. */
export function flag(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`${what} must be a boolean, got ${describe(value)}`);
  }
  return value;
}

/** One of some strings. */
export function oneOf(values: readonly string[], value: unknown, what: string): void {
  if (typeof value !== "string") {
    throw new TypeError(`${what} must be a string, got ${describe(value)}`);
  }
  if (!values.includes(value)) {
    const known = values.map((value) => JSON.stringify(value)).join(", ");
    throw new RangeError(`${what} must be one of ${known}, got ${describe(value)}`);
  }
}

/** Refuses a range of addresses that ends past the end of the address space. */
export function rangeInAddressSpace(address: bigint, byteLength: number): void {
  if (address + BigInt(byteLength) > ADDRESS_SPACE_END) {
    throw new RangeError(
      `The range of ${describeRange({ address, byteLength })} reaches past the end of the ` +
        "address space",
    );
  }
}

/** Words a value of the wrong type for a message. */
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

function wholeNumber(value: unknown, what: string): number | bigint {
  if (typeof value === "bigint") return value;
  const isInfinite = value === Infinity || value === -Infinity; // out of range, not of another type
  if (typeof value === "number" && (Number.isInteger(value) || isInfinite)) {
    return value;
  }
  throw new TypeError(
    `${what} must be a whole number or a bigint, got ${describe(value)}`,
  );
}
