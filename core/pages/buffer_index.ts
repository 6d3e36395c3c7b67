/**
 * The buffers over the pages of a mapping, found by the pages that they cover.
 *
 * @module
 */
import { overlap, type PageRange } from "../checks/ranges.ts";
import type { PageBuffer } from "./buffers.ts";

/** The shortest step, in bytes. The level of a step is added to a multiple of it. */
const MIN_STEP = 65_536;

/** The buffers of a chain that are compared before the place is looked up. */
const MAX_COMPARED = 8;

/**
 * Buffers of any place and length. Each is in the chain of the last multiple of its step at or
 * below its start, where the step is the shortest power of two that is not below its length. So the
 * buffers over a range are in few chains. Exact ranges of the caller make chains of any length, so
 * a buffer far down a chain is found by its place.
 *
 * Most mappings have one buffer, so the map is made for the second.
 */
export class BufferIndex {
  #only: PageBuffer | undefined;
  #chains: Map<number, PageBuffer> | undefined;
  #places: Map<string, PageBuffer> | undefined;
  #maxStep = MIN_STEP;
  #size = 0;
  #pruneAt = 64;

  /** The number of buffers, some of which may be collected. */
  get size(): number {
    return this.#size;
  }

  /** The buffer that covers just this range. */
  at({ start, end }: PageRange): PageBuffer | undefined {
    let entry = this.#only ?? this.#chains?.get(keyOf(start, end));
    for (let compared = 0; entry !== undefined; compared++) {
      if (entry.start === start && entry.end === end) return entry;
      if (compared === MAX_COMPARED) return this.#places!.get(placeOf(start, end));
      entry = entry.next;
    }
  }

  /**
   * Adds a buffer. From time to time forgets those that are collected. If the stack is exhausted
   * midway, all others are still found.
   */
  add(entry: PageBuffer): void {
    if (this.#size >= this.#pruneAt) this.#prune();
    const only = this.#only;
    if (this.#chains !== undefined) this.#link(this.#chains, entry);
    else if (only === undefined) this.#only = entry;
    else {
      const chains = new Map<number, PageBuffer>();
      this.#places = new Map();
      this.#link(chains, only);
      this.#link(chains, entry);
      this.#chains = chains;
      this.#only = undefined;
    }
    this.#size++;
  }

  #link(chains: Map<number, PageBuffer>, entry: PageBuffer): void {
    const { start, end } = entry;
    const key = keyOf(start, end);
    this.#maxStep = Math.max(this.#maxStep, stepOf(end - start));
    const next = chains.get(key);
    entry.next = next;
    chains.set(key, entry);
    if (next !== undefined) next.before = entry;
    this.#places!.set(placeOf(start, end), entry);
  }

  #prune(): void {
    for (const first of this.#chains!.values()) {
      forEachOf(first, (entry) => {
        if (entry.buffer === undefined) this.delete(entry);
      });
    }
    this.#pruneAt = Math.max(64, 2 * this.#size);
  }

  /** Removes a buffer. */
  delete(entry: PageBuffer): void {
    if (this.#only !== undefined) {
      this.#only = undefined;
      this.#size--;
      return;
    }
    const { start, end, before, next } = entry;
    // First: a buffer that is in its chain can be deleted again, if the stack is exhausted midway. A
    // buffer that was detached can have the place of another one.
    const place = placeOf(start, end);
    if (this.#places!.get(place) === entry) this.#places!.delete(place);
    if (next !== undefined) next.before = before;
    if (before !== undefined) before.next = next;
    else if (next !== undefined) this.#chains!.set(keyOf(start, end), next);
    else this.#chains!.delete(keyOf(start, end));
    this.#size--;
  }

  /** Calls a function, which may delete the buffer, for each buffer over a range. */
  forEachOver(range: PageRange, use: (entry: PageBuffer) => void): void {
    const useOver = (entry: PageBuffer) => {
      if (overlap(entry, range)) use(entry);
    };
    if (this.#only !== undefined) useOver(this.#only);
    const chains = this.#chains;
    if (chains === undefined) return;
    const { start, end } = range;
    if ((end - start) / MIN_STEP > chains.size) {
      for (const first of chains.values()) forEachOf(first, useOver);
      return;
    }
    for (let step = MIN_STEP, level = 0; step <= this.#maxStep; step *= 2, level++) {
      for (let at = Math.max(0, start - start % step - step); at < end; at += step) {
        const first = chains.get(at + level);
        if (first !== undefined) forEachOf(first, useOver);
      }
    }
  }
}

function forEachOf(first: PageBuffer, use: (entry: PageBuffer) => void): void {
  let entry: PageBuffer | undefined = first;
  while (entry !== undefined) {
    const { next }: PageBuffer = entry;
    use(entry);
    entry = next;
  }
}

function placeOf(start: number, end: number): string {
  return `${start} ${end}`;
}

function stepOf(byteLength: number): number {
  let step = MIN_STEP;
  while (step < byteLength) step *= 2;
  return step;
}

function keyOf(start: number, end: number): number {
  const step = stepOf(end - start);
  return start - start % step + Math.log2(step / MIN_STEP);
}
