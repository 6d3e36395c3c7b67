/**
 * The text that `console.log` shows for an object.
 *
 * @module
 */
import { define } from "../../ffi/own.ts";

/** The method that `console.log` of Deno, Bun and Node.js looks for. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Makes `console.log` show the text of `print` for every object with this prototype, including
 * the prototype itself and proxies.
 */
export function printAs<T extends object>(prototype: T, print: (value: T) => string): void {
  define(prototype, INSPECT, {
    value(this: T): string {
      return print(this);
    },
  });
}
