/**
 * The parts of a mapping that were viewed.
 *
 * @module
 */
import type { Views } from "./views.ts";

/** The views over one run of pages. */
export interface ViewedRun {
  readonly start: number;
  readonly end: number;
  readonly views: Views;
}

/** The parts of one mapping. Most have one at most, for which a set and a map would be a third of all that a mapping takes. */
export class ViewSet {
  #only: ViewedRun | undefined;
  #others: Set<ViewedRun> | undefined;
  /** Of the others that start together the last one that was made. */
  #byStart: Map<number, ViewedRun> | undefined;

  /** Adds one. */
  add(part: ViewedRun): void {
    if (this.#only === undefined && this.#others === undefined) {
      this.#only = part;
      return;
    }
    (this.#others ??= new Set()).add(part);
    (this.#byStart ??= new Map()).set(part.start, part);
  }

  /** Takes one out. */
  delete(part: ViewedRun): void {
    if (this.#only === part) this.#only = undefined;
    this.#others?.delete(part);
    if (this.#byStart?.get(part.start) === part) this.#byStart.delete(part.start);
  }

  /** Of the parts that start there the last one that was made. */
  startingAt(start: number): ViewedRun | undefined {
    return this.#byStart?.get(start) ?? (this.#only?.start === start ? this.#only : undefined);
  }

  /** Whether one is such. It allocates nothing where there is one at most. */
  some(isSuch: (part: ViewedRun) => boolean): boolean {
    if (this.#only !== undefined && isSuch(this.#only)) return true;
    return this.#others !== undefined && [...this.#others].some(isSuch);
  }

  /** All parts, as they are now. */
  get all(): readonly ViewedRun[] {
    const only = this.#only === undefined ? [] : [this.#only];
    return this.#others === undefined ? only : [...only, ...this.#others];
  }
}
