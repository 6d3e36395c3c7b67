/**
 * The functions of `Atomics` at the time of the import. Functions that replace them later are not
 * called in the middle of steps that belong together.
 *
 * @module
 */
const { add, compareExchange, load, notify, or, store, wait, waitAsync } = Atomics;

/** The functions. */
export const atomics: Pick<
  typeof Atomics,
  "add" | "compareExchange" | "load" | "notify" | "or" | "store" | "wait" | "waitAsync"
> = { add, compareExchange, load, notify, or, store, wait, waitAsync };
