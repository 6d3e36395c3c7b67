/**
 * A thread that races: what it knows, and how it checks the outcome of a call.
 *
 * @module
 */
import { ACCESSES } from "../../core/lifetime/mapping_info.ts";
import { allocationGranularity, type Mmap, MmapError, pageSize } from "../../mod.ts";
import { randomBelow } from "../support/random.ts";
import type { CallName, Common, Memory } from "./shared.ts";

export const PAGE: number = pageSize();
/** The length of memory when it is mapped: whole granules on every system. */
export const LENGTH: number = Math.max(16 * PAGE, allocationGranularity());
/** The number of its pages. */
export const PAGES: number = LENGTH / PAGE;
/** The words of the threads start here in each page; the first word is the one that is waited for. */
export const FIRST_WORD = 16;

export const NONE = 0;
/** The kinds of memory, by their numbers. */
export const KINDS: readonly string[] = [
  "memory",
  "guarded",
  "reserved",
  "mirror",
  "private file",
  "shared file",
  "named",
];
export const MEMORY = 0;
export const GUARDED = 1;
export const RESERVED = 2;
export const MIRROR = 3;
export const PRIVATE = 4;
export const SHARED = 5;
export const NAMED = 6;

/** The most waits and the like that are under way. */
export const MOST_PENDING = 2;

/** A view, in pages: where it starts, and the bounds of its buffer, with which it is detached. */
export interface Kept {
  readonly view: Int32Array;
  readonly start: number;
  readonly end: number;
}

/** A handle. */
export interface Held {
  readonly mmap: Mmap;
  readonly memory: Memory;
  /** Views of single pages, or of all. */
  readonly views: Kept[];
  /** The number of waits under way by it. */
  pending: number;
  isClosed: boolean;
}

/** Outcomes that a call may have. */
export interface Expected {
  /** The codes and names of errors of which one must come; none where it must not fail. */
  readonly must?: readonly string[];
  /** Those that may come. */
  readonly may?: readonly string[];
}

/** One thread. */
export class Racer {
  /** A random number below another. */
  readonly random: (below: number) => number;
  readonly common: Common;
  readonly folder: string;
  readonly thread: number;
  readonly handles: Held[] = [];
  /** Waits and the like that are under way. */
  readonly pending: Set<Promise<void>> = new Set();
  readonly dropped: FinalizationRegistry<Memory>;
  /** Handles that were dropped, and are not known to be collected. */
  uncollected = 0;
  /** The value that was stored last. */
  value = 0;
  failure: unknown;
  /** True if all memory is somebody's: handles that were dropped can have it, which are not collected. */
  isShort = false;
  /** The last call. */
  last = "";

  constructor(common: Common, folder: string, seed: number, thread: number) {
    this.common = common;
    this.folder = folder;
    this.thread = thread;
    this.random = randomBelow(seed);
    this.dropped = new FinalizationRegistry((memory) => {
      this.uncollected--;
      memory.ended();
    });
  }

  /** Makes a call, and checks how it ends; tells whether it was done. */
  call(
    name: CallName,
    { must = [], may = [] }: Expected,
    text: string,
    body: () => void,
  ): boolean {
    this.last = text;
    let outcome = "";
    let message = "";
    try {
      body();
    } catch (error) {
      outcome = nameOf(error);
      message = error instanceof Error ? `${error.message}\n${error.stack}` : "";
    }
    this.common.count(name, outcome === "");
    if (outcome === "" ? must.length === 0 : must.includes(outcome) || may.includes(outcome)) {
      return outcome === "";
    }
    const wanted = must.length === 0 ? "be done" : `throw ${must.join(" or ")}`;
    throw new Error(
      `${text} ended with ${outcome || "no error"}: ${message}; it must ${wanted}, and may ${may}`,
    );
  }

  text({ memory }: Held, call: string): string {
    return `${KINDS[memory.kind]} ${memory.index}.${memory.round}: ${call}`;
  }

  fail(held: Held, what: string): never {
    throw new Error(`${this.text(held, what)} (after ${this.last})`);
  }

  pageCount({ memory }: Held): number {
    return Math.ceil(memory.byteLength / PAGE);
  }

  isWritable({ memory }: Held, first: number, past: number = first + 1): boolean {
    const own = memory.kind === PRIVATE ? "copy-on-write" : "read-write";
    for (let page = first; page < past; page++) {
      if (ACCESSES[memory.access(page)] !== own) return false;
    }
    return true;
  }

  isReadable({ memory }: Held, first: number, past: number = first + 1): boolean {
    for (let page = first; page < past; page++) if (memory.access(page) === NONE) return false;
    return true;
  }

  /**
   * Outcomes of a call that is for handles that are alone. If a view of another one
   * was made, or a handle was dropped, it can be refused as long as that is not collected.
   */
  expectedOfChange(held: Held): Expected {
    const { memory } = held;
    const [, most] = memory.counts;
    if (held.pending > 0) return { may: ["EBUSY"] };
    return most === 1 && !memory.wasViewed ? {} : { may: ["EBUSY"] };
  }

  /** Checks that what has changed memory had it alone. */
  checkAlone(held: Held, call: string): void {
    const [least] = held.memory.counts;
    if (least !== 1) this.fail(held, `${call} was done, though ${least} have it`);
  }

  /** Checks that the views of pages are detached. Others that share their buffer may be. */
  checkDetached(held: Held, first: number, past: number): void {
    for (const { view, start, end } of held.views) {
      if (start < past && end > first && view.length !== 0) {
        this.fail(held, "a view is not detached");
      }
    }
    this.forgetDetached(held);
  }

  /** A call that fails late has detached views. */
  forgetDetached({ views }: Held): void {
    for (let index = views.length - 1; index >= 0; index--) {
      if (views[index]!.view.length === 0) views.splice(index, 1);
    }
  }

  /** Some pages, as a range of a call; of all but the first `from`. */
  range(
    held: Held,
    from: number,
  ): { first: number; past: number; offset: number; length: number } {
    const pages = this.pageCount(held);
    const first = Math.min(pages - 1, from) + this.random(Math.max(1, pages - from));
    const past = first + 1 + this.random(pages - first);
    const offset = first * PAGE;
    return { first, past, offset, length: Math.min(past * PAGE, held.memory.byteLength) - offset };
  }

  follow(name: CallName, promise: Promise<unknown>, isSuch: (outcome: string) => boolean): void {
    const followed = promise.then(String, nameOf).then((outcome) => {
      this.common.count(name, outcome !== "EAGAIN");
      this.pending.delete(followed);
      if (!isSuch(outcome)) this.failure ??= new Error(`${name}() ended with ${outcome}`);
    });
    this.pending.add(followed);
  }
}

/** The code of an error, or its name. */
export function nameOf(error: unknown): string {
  if (error instanceof MmapError) return error.code;
  if (error instanceof TypeError) return "TypeError";
  if (error instanceof RangeError) return "RangeError";
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
