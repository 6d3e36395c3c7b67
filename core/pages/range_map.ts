/**
 * A value for every byte of a mapping, as runs of equal value.
 *
 * @module
 */

/** Neighbouring bytes of equal value. */
export interface Run<V> {
  /** Where it starts, in bytes. */
  readonly start: number;
  /** One past its last byte. */
  readonly end: number;
  readonly value: V;
}

/** A value for every byte from 0 to before a length. Neighbouring runs differ. */
export class RangeMap<V> {
  /** In order, without gaps. */
  #runs: readonly Run<V>[];

  constructor(byteLength: number, value: V) {
    this.#runs = [{ start: 0, end: byteLength, value }];
  }

  /** The run that a byte lies in; the last one for what is past the end. */
  runAt(byteOffset: number): Run<V> {
    return this.#runs[this.#indexOf(byteOffset)]!;
  }

  /** The runs that bytes from `start` to before `end` lie in, cut to these. */
  runsIn(start: number, end: number): Run<V>[] {
    const first = this.#indexOf(start);
    const past = end > this.#runs[first]!.start ? this.#indexOf(end - 1) + 1 : first;
    return this.#runs.slice(first, past).map((run) => ({
      ...run,
      start: Math.max(run.start, start),
      end: Math.min(run.end, end),
    }));
  }

  /** Whether all bytes from `start` to before `end` have such a value. It allocates nothing. */
  areAll(start: number, end: number, isSuch: (value: V) => boolean): boolean {
    const runs = this.#runs;
    for (let index = this.#indexOf(start); index < runs.length; index++) {
      const run = runs[index]!;
      if (run.start >= end) break;
      if (!isSuch(run.value)) return false;
    }
    return true;
  }

  /** Changes the value of the bytes from `start` to before `end`, which are at least one. */
  set(start: number, end: number, value: V): void {
    const runs = this.#runs;
    if (runs.length === 1 && start === 0 && end === runs[0]!.end) {
      this.#runs = [{ start, end, value }];
      return;
    }
    let first = this.#indexOf(start);
    let last = this.#indexOf(end - 1);
    // Neighbours of the same value become one run with it.
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

  /** Which run a byte lies in, by halving. */
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
