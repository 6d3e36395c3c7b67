/**
 * Values that are made when they are first needed.
 *
 * @module
 */
import { define } from "./own.ts";

/**
 * Returns a function that makes a value at its first call, and returns the same value at later
 * calls.
 */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Adds fields to an object. The value of each is made at its first read. */
export function withLazy<T extends object, Fields extends object>(
  object: T,
  makers: { readonly [Name in keyof Fields]: () => Fields[Name] },
): T & Fields {
  for (const name of Object.keys(makers) as (keyof Fields)[]) {
    define(object, name, { get: lazily(makers[name]), enumerable: true, configurable: true });
  }
  return object as T & Fields;
}
