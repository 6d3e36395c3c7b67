/**
 * How `console.log` shows the classes.
 *
 * @module
 */
import { define } from "../../ffi/own.ts";

/** The method that `console.log` of Deno, Bun and Node.js looks for. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * Makes `console.log` show what has this prototype as `print` words it: every
 * `T`, and what only looks like one (the prototype itself, a proxy).
 */
export function printAs<T extends object>(prototype: T, print: (value: T) => string): void {
  define(prototype, INSPECT, {
    value(this: T): string {
      return print(this);
    },
  });
}
