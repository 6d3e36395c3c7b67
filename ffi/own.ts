/**
 * Access to own properties. A program can add properties to `Object.prototype` and accessors to
 * `Array.prototype`, which every object and array then inherits. The library must not read them as
 * its own. So records always have all their fields, even if they are `undefined`, and these
 * functions read objects that may lack some. Lists are made without `push()`, which would run
 * setters. Arrays are not destructured by patterns, and loops over iterators do not end with
 * `break` or `return`, because both look up `return()` of the iterator.
 *
 * @module
 */
import type { CFunction, SymbolTable } from "./symbols.ts";

const { defineProperty, hasOwn } = Object;

/** Returns an own field of a record or an entry of a table; `undefined` if it is missing. */
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

/**
 * Translates a table of C functions for a runtime. The result and its entries have no prototype.
 */
export function bareTable<D extends object>(
  table: SymbolTable,
  translate: (described: CFunction) => D,
): Record<string, D> {
  const entries = Object.entries(table).map((entry) => [entry[0], bare(translate(entry[1]))]);
  return bare(Object.fromEntries(entries));
}

/** Defines a property with these attributes, ignoring inherited ones. */
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
