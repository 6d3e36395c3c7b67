/**
 * What is free to be used again.
 *
 * @module
 */

/** What is free; the last one is taken first. `push()` would run setters that a program adds to `Array.prototype`. */
export class FreeList<T> {
  #top: { readonly value: T; readonly below: unknown } | undefined;
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds one. */
  add(value: T): void {
    this.#top = { value, below: this.#top };
    this.#length++;
  }

  /** Takes one out, where there is one. */
  take(): T | undefined {
    const top = this.#top;
    if (top === undefined) return undefined;
    this.#top = top.below as typeof top | undefined;
    this.#length--;
    return top.value;
  }
}
