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

/** The most runs of a chunk: a change copies the chunks that it overlaps, and no others. */
const MAX_CHUNK = 128;

type Chunk<V> = readonly Run<V>[];

/** A value for every byte from 0 up to a length. Neighbouring runs differ. */
export class RangeMap<V> {
  /** All bytes, while their values are equal. Most mappings need no more. */
  #whole: Run<V> | undefined;
  /** Else in order, without gaps. No chunk is empty. */
  #parts: readonly Chunk<V>[] | undefined;

  constructor(byteLength: number, value: V) {
    this.#whole = { start: 0, end: byteLength, value };
  }

  get #chunks(): readonly Chunk<V>[] {
    return this.#parts ?? [[this.#whole!]];
  }

  /** An object that stays the same until a value is set. */
  get version(): object {
    return this.#whole ?? this.#parts!;
  }

  /** The run of a byte; the last run for bytes past the end. */
  runAt(byteOffset: number): Run<V> {
    if (this.#whole !== undefined) return this.#whole;
    const chunks = this.#chunks;
    const chunk = chunks[indexOf(chunks, endOfChunk, byteOffset)]!;
    return chunk[indexOf(chunk, endOfRun, byteOffset)]!;
  }

  /** The runs from `start` up to `end`, cut to that range. */
  runsIn(start: number, end: number): Run<V>[] {
    const runs = this.#runsOver(start, end);
    const first = indexOf(runs, endOfRun, start);
    const past = end > runs[first]!.start ? indexOf(runs, endOfRun, end - 1) + 1 : first;
    return runs.slice(first, past).map((run) => ({
      ...run,
      start: Math.max(run.start, start),
      end: Math.min(run.end, end),
    }));
  }

  /** Whether all bytes from `start` up to `end` match. Allocates nothing. */
  areAll(start: number, end: number, matches: (value: V) => boolean): boolean {
    if (this.#whole !== undefined) return end <= 0 || matches(this.#whole.value);
    const chunks = this.#chunks;
    for (let at = indexOf(chunks, endOfChunk, start); at < chunks.length; at++) {
      const runs = chunks[at]!;
      for (let index = indexOf(runs, endOfRun, start); index < runs.length; index++) {
        const run = runs[index]!;
        if (run.start >= end) return true;
        if (!matches(run.value)) return false;
      }
    }
    return true;
  }

  /** Sets the value of at least one byte, from `start` up to `end`. */
  set(start: number, end: number, value: V): void {
    const whole = this.#whole;
    if (whole !== undefined && (whole.value === value || start <= 0 && end >= whole.end)) {
      this.#whole = { ...whole, value };
      return;
    }
    const chunks = this.#chunks;
    // With the neighbours of the range, because runs of the same value are merged.
    const firstChunk = indexOf(chunks, endOfChunk, start - 1);
    const lastChunk = indexOf(chunks, endOfChunk, end);
    const runs = this.#runsOver(start - 1, end + 1);
    let first = indexOf(runs, endOfRun, start);
    let last = indexOf(runs, endOfRun, end - 1);
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
    const next = runs.toSpliced(first, last + 1 - first, ...changed);
    const isWhole = chunks.length === 1 && next.length === 1;
    const parts = isWhole
      ? undefined
      : chunks.toSpliced(firstChunk, lastChunk + 1 - firstChunk, ...inChunks(next));
    // Last, without a call in between, for which no stack may be left.
    this.#parts = parts;
    this.#whole = isWhole ? run : undefined;
  }

  /** The runs of the chunks that have a byte from `start` up to `end`. */
  #runsOver(start: number, end: number): Chunk<V> {
    const chunks = this.#chunks;
    const first = indexOf(chunks, endOfChunk, start);
    const last = indexOf(chunks, endOfChunk, end - 1);
    return first === last ? chunks[first]! : chunks.slice(first, last + 1).flat();
  }
}

/** Parts of a list of runs that are at most as long as a chunk. */
function inChunks<V>(runs: Chunk<V>): readonly Chunk<V>[] {
  if (runs.length <= MAX_CHUNK) return [runs];
  const half = runs.length >> 1;
  return [...inChunks(runs.slice(0, half)), ...inChunks(runs.slice(half))];
}

function endOfRun({ end }: Run<unknown>): number {
  return end;
}

function endOfChunk(chunk: Chunk<unknown>): number {
  return chunk[chunk.length - 1]!.end;
}

/** The index of the item that holds a byte, or of the last one, by binary search. */
function indexOf<T>(items: readonly T[], endOf: (item: T) => number, byteOffset: number): number {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byteOffset < endOf(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
