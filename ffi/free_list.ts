/**
 * A list of values that can be used again.
 *
 * @module
 */

/** A stack. `push()` of an array would run setters that a program adds to `Array.prototype`. */
export class FreeList<T> {
  #top: { readonly value: T; readonly below: unknown } | undefined;
  #length = 0;

  /** The number of values. */
  get length(): number {
    return this.#length;
  }

  /** Adds a value. */
  add(value: T): void {
    this.#top = { value, below: this.#top };
    this.#length++;
  }

  /** Removes the value that was added last, if there is one, and returns it. */
  take(): T | undefined {
    const top = this.#top;
    if (top === undefined) return undefined;
    this.#top = top.below as typeof top | undefined;
    this.#length--;
    return top.value;
  }
}
