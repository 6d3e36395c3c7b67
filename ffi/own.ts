/**
 * Own properties. A property that a program adds to `Object.prototype`, or an accessor that it
 * adds to `Array.prototype`, shows in every object and array that lacks it, and must not be taken
 * for the library's own. So records have all their fields, also those that are `undefined`; these
 * functions read the others. Lists are made without `push()`, which runs setters, and nothing asks
 * an iterator for `return()`: no array is destructured by a pattern, and no loop over an iterator
 * ends by `break` or `return`.
 *
 * @module
 */
import type { CFunction, SymbolTable } from "./symbols.ts";

const { defineProperty, hasOwn } = Object;

/** Returns an own field of a record, or entry of a table; `undefined` where it is missing. */
export function own<T extends object, K extends PropertyKey>(
  record: T,
  key: K,
): (K extends keyof T ? T[K] : unknown) | undefined {
  return hasOwn(record, key) ? record[key as never] : undefined;
}

/** Returns the same fields without a prototype, for a runtime that looks for optional fields. */
export function bare<T extends object>(fields: T): T {
  return { __proto__: null, ...fields } as unknown as T;
}

/** Translates a table of C functions for a runtime; neither table nor entries have a prototype. */
export function bareTable<D extends object>(
  table: SymbolTable,
  translate: (described: CFunction) => D,
): Record<string, D> {
  const entries = Object.entries(table).map((entry) => [entry[0], bare(translate(entry[1]))]);
  return bare(Object.fromEntries(entries));
}

/** Defines a property by these attributes alone. */
export function define(object: object, key: PropertyKey, attributes: PropertyDescriptor): void {
  defineProperty(object, key, bare(attributes));
}

/** Defines properties as assignments would. */
export function defineAll(object: object, fields: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    define(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
}
