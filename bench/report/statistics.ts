/**
 * The statistics over rounds.
 *
 * @module
 */

/** The middle half of values. */
export interface Quartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

/** The quartiles of one value or more; between two the upper one. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)]!;
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** The median of `dividends` by `divisors`, round by round: what disturbed a round disturbed both. */
export function ratio(dividends: readonly number[], divisors: readonly number[]): number {
  return quartiles(dividends.map((dividend, round) => dividend / divisors[round]!)).median;
}
