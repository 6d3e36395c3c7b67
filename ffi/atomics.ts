/**
 * The functions of `Atomics`, taken at the import. So a replacement that a program installs later
 * cannot run in the middle of steps that belong together.
 *
 * @module
 */
const { add, compareExchange, load, notify, or, store, wait, waitAsync } = Atomics;

/** The functions. */
export const atomics: Pick<
  typeof Atomics,
  "add" | "compareExchange" | "load" | "notify" | "or" | "store" | "wait" | "waitAsync"
> = { add, compareExchange, load, notify, or, store, wait, waitAsync };

/** Sleeps for a millisecond. */
export function sleep(): void {
  wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
