/**
 * A value for every byte of a mapping, as runs of equal value.
 *
 * @module
 */

/** Neighbouring bytes of equal value. */
export interface Run<V> {
  /** The first byte. */
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
  readonly value: V;
}

/** A value for every byte from 0 up to a length. Neighbouring runs differ. */
export class RangeMap<V> {
  /** In order, without gaps. */
  #runs: readonly Run<V>[];

  constructor(byteLength: number, value: V) {
    this.#runs = [{ start: 0, end: byteLength, value }];
  }

  /** The run of a byte; the last run for bytes past the end. */
  runAt(byteOffset: number): Run<V> {
    return this.#runs[this.#indexOf(byteOffset)]!;
  }

  /** The runs from `start` up to `end`, cut to that range. */
  runsIn(start: number, end: number): Run<V>[] {
    const first = this.#indexOf(start);
    const past = end > this.#runs[first]!.start ? this.#indexOf(end - 1) + 1 : first;
    return this.#runs.slice(first, past).map((run) => ({
      ...run,
      start: Math.max(run.start, start),
      end: Math.min(run.end, end),
    }));
  }

  /** Whether all bytes from `start` up to `end` match. Allocates nothing. */
  areAll(start: number, end: number, matches: (value: V) => boolean): boolean {
    const runs = this.#runs;
    for (let index = this.#indexOf(start); index < runs.length; index++) {
      const run = runs[index]!;
      if (run.start >= end) break;
      if (!matches(run.value)) return false;
    }
    return true;
  }

  /** Sets the value of at least one byte, from `start` up to `end`. */
  set(start: number, end: number, value: V): void {
    const runs = this.#runs;
    if (runs.length === 1 && start === 0 && end === runs[0]!.end) {
      this.#runs = [{ start, end, value }];
      return;
    }
    let first = this.#indexOf(start);
    let last = this.#indexOf(end - 1);
    // Neighbours of the same value are merged.
    const follows = first > 0 && runs[first]!.start === start;
    const precedes = last < runs.length - 1 && runs[last]!.end === end;
    if (follows && runs[first - 1]!.value === value) first--;
    if (precedes && runs[last + 1]!.value === value) last++;
    const before = runs[first]!;
    const after = runs[last]!;
    const run = {
      start: before.value === value ? before.start : start,
      end: after.value === value ? after.end : end,
      value,
    };
    const changed = [{ ...before, end: run.start }, run, { ...after, start: run.end }]
      .filter(({ start, end }) => start < end);
    this.#runs = runs.toSpliced(first, last + 1 - first, ...changed);
  }

  /** The index of the run of a byte, by binary search. */
  #indexOf(byteOffset: number): number {
    const runs = this.#runs;
    let low = 0;
    let high = runs.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byteOffset < runs[middle]!.end) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
