/**
 * Own properties alone: what a program adds to `Object.prototype`, or as an accessor to
 * `Array.prototype`, is found in every object and array that lacks it, and must not be
 * taken for what the library has put there. So its records have all their fields, also
 * those that are `undefined`; what cannot have them all is read by these functions. Lists
 * are made without `push()`, which runs setters, and nothing asks an iterator for `return()`:
 * no pattern of arrays, and no loop that ends by `break` or `return`.
 *
 * @module
 */
import type { CFunction, SymbolTable } from "./symbols.ts";

const { defineProperty, hasOwn } = Object;

/** A field that a record can lack, or an entry of a table; `undefined` where it is not there. */
export function own<T extends object, K extends PropertyKey>(
  record: T,
  key: K,
): (K extends keyof T ? T[K] : unknown) | undefined {
  return hasOwn(record, key) ? record[key as never] : undefined;
}

/** The same fields without a prototype: for what a runtime asks for more than it was given. */
export function bare<T extends object>(fields: T): T {
  return { __proto__: null, ...fields } as unknown as T;
}

/** A table of C functions for a runtime, each as it wants it; both are without a prototype. */
export function bareTable<D extends object>(
  table: SymbolTable,
  translate: (described: CFunction) => D,
): Record<string, D> {
  const entries = Object.entries(table).map((entry) => [entry[0], bare(translate(entry[1]))]);
  return bare(Object.fromEntries(entries));
}

/** Defines a property by these attributes, and no others. */
export function define(object: object, key: PropertyKey, attributes: PropertyDescriptor): void {
  defineProperty(object, key, bare(attributes));
}

/** Defines properties as an assignment makes them. */
export function defineAll(object: object, fields: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    define(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
}
