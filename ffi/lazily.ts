/**
 * Opening at first use.
 *
 * @module
 */

/** Returns a function that makes a value when it is first called, and returns the same from then on. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}
