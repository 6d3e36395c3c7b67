/**
 * What the benchmarks measure, and the statistics over it.
 *
 * @module
 */

/** What a benchmark in a runtime prints as JSON: times in pairs, one of each for each round. */
export interface Comparison {
  /** Which benchmark. */
  readonly benchmark: "map" | "store" | "read";
  /** The length of the mapping in bytes. */
  readonly byteLength: number;
  /** Nanoseconds per operation. */
  readonly sysalloc: readonly number[];
  /** Nanoseconds per operation. */
  readonly reference: readonly number[];
}

/** One line of the table. */
export interface Result {
  /** What was measured. */
  readonly benchmark: string;
  /** The runtime that ran it. */
  readonly runtime: string;
  /** What sysalloc is compared with, and that one's median. */
  readonly comparedWith: string;
  /** How many times as much (`"x"`) or how much more (`"ms"`): a number for each round. */
  readonly values: readonly number[];
  /** What the values count. */
  readonly unit: "x" | "ms";
  /** What their median should be; without one it is only reported. */
  readonly target?: Target | undefined;
}

/** The bound of a median. */
export interface Target {
  /** On which side of it the good values lie. */
  readonly bound: "at most" | "at least";
  /** The bound itself. */
  readonly value: number;
}

/** The quartiles of `values`; between two the upper one. */
export function quartiles(
  values: readonly number[],
): { lower: number; median: number; upper: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)]!;
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** `dividends` by `divisors`, round by round. */
export function ratios(
  dividends: readonly number[],
  divisors: readonly number[],
): number[] {
  return dividends.map((dividend, round) => dividend / divisors[round]!);
}
