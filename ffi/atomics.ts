/**
 * What the library uses of `Atomics`, as it is when the library is imported: what takes
 * its place later is not called in the middle of steps that belong together.
 *
 * @module
 */
const { add, compareExchange, load, notify, or, store, wait, waitAsync } = Atomics;

/** The functions. */
export const atomics: Pick<
  typeof Atomics,
  "add" | "compareExchange" | "load" | "notify" | "or" | "store" | "wait" | "waitAsync"
> = { add, compareExchange, load, notify, or, store, wait, waitAsync };
