/**
 * Expectations that the type checker holds. Nothing here runs.
 *
 * @module
 */

/** Tells whether two types are the same, not just assignable to each other. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2)
  ? true
  : false;

/** Does not check unless `T` is `true`. */
export type Expect<T extends true> = T;

/** Expectations of a value. */
export interface Expectation<Actual> {
  /** Does not check unless the value's type is `Expected`. */
  is<Expected>(...mismatch: Equal<Actual, Expected> extends true ? [] : [never]): void;
}

/** Expects something of the type of `value`. */
export declare function expectType<T>(value: T): Expectation<T>;
