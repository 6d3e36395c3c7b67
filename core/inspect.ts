/**
 * How `console.log` shows the classes.
 *
 * @module
 */

/** The method that `console.log` of Deno, Bun and Node.js looks for. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Makes `console.log` show every `T` as `print` words it. */
export function printAs<T extends object>(
  prototype: T,
  print: (value: T) => string,
): void {
  Object.defineProperty(prototype, INSPECT, {
    value(this: T): string {
      // The prototype itself can be inspected too, and has no state to show.
      return this === prototype ? "[prototype]" : print(this);
    },
  });
}
