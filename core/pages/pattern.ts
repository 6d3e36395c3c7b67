/**
 * Patterns to search for.
 *
 * @module
 */
import { utf8 } from "../../ffi/web.ts";
import { describe } from "../checks/arguments.ts";
import { bytesOf } from "./copying.ts";

/** Returns a copy of the bytes of a pattern: a caller, or another thread, may change its own. */
export function patternBytes(pattern: unknown, what: string): Uint8Array<ArrayBuffer> {
  if (typeof pattern === "string") {
    if (!/\p{Surrogate}/u.test(pattern)) return utf8(pattern);
    throw new RangeError(`${what} has a lone surrogate, which UTF-8 cannot represent`);
  }
  if (
    typeof pattern === "number" && (Number.isInteger(pattern) || Math.abs(pattern) === Infinity)
  ) {
    if (pattern >= 0 && pattern <= 255) return Uint8Array.of(pattern);
    throw new RangeError(`${what} must be a byte from 0 to 255, got ${pattern}`);
  }
  if (!ArrayBuffer.isView(pattern)) {
    throw new TypeError(
      `${what} must be a typed array, a DataView, a string or a byte, got ${describe(pattern)}`,
    );
  }
  return new Uint8Array(bytesOf(pattern, what));
}

/** The same, for calls that cannot search for nothing. */
export function filledPattern(pattern: unknown, what: string): Uint8Array<ArrayBuffer> {
  const bytes = patternBytes(pattern, what);
  if (bytes.byteLength > 0) return bytes;
  throw new RangeError(`${what} must have at least one byte`);
}
