/**
 * The contract of an operating system for waiting until a 32-bit word of memory
 * changes, and for waking threads and processes that wait.
 *
 * @module
 */
import type { OpenFile } from "./files.ts";
import type { Failure } from "./memory.ts";

/** A word of memory, at an address that is a multiple of 4. */
export interface Word {
  /** The address in this process; for memory mapped twice, in the first half. */
  readonly address: bigint;
  /** The place that other processes know; `undefined` if they cannot have the memory. */
  readonly place: Place | undefined;
}

/** The place of a word in shared memory. */
export interface Place {
  /** The memory: the same object for all words of a mapping. */
  readonly memory: {
    /** The file of the memory, while it is open. */
    readonly file: OpenFile | undefined;
    /** A hash of the memory's name, if any. */
    readonly name: bigint | undefined;
  };
  /** Offset of the word in the memory, in bytes. */
  readonly offset: bigint;
}

/**
 * The end of a wait: it was woken, the word had another value, or the time elapsed.
 */
export type Ending = "woken" | "different" | "elapsed";

/** A wait in another thread. */
export interface ThreadWait {
  /** The cloneable message to that thread. */
  readonly job: unknown;

  /** Ends the wait from this thread. The other thread leaves soon, and takes no wake-up from others. */
  cancel(): void;

  /** Called once, when the thread has left or never began. Returns how the wait really ended. */
  end(ending: Ending | "cancelled"): Ending | "cancelled";
}

/** The report of a thread that has waited. */
export type ThreadReport =
  | { readonly ending: Ending | "cancelled" }
  | { readonly syscall: string; readonly osError: number };

/** Waiting on one system. */
export interface Waiting {
  /** True if a call consists of several steps and must not stop between them. */
  readonly hasSteps: boolean;

  /**
   * Sleeps while the word has the expected value, until it is woken or the time has
   * elapsed. `Infinity` waits forever. Returns to JavaScript from time to time, so that the
   * thread can be terminated.
   */
  wait(word: Word, expected: number, milliseconds: number): Ending | Failure;

  /** Wakes up to `count` waiters of the word; returns their number. */
  notify(word: Word, count: number): number | Failure;

  /** Compares the word and, if it has the expected value, prepares a wait in another thread. */
  prepare(word: Word, expected: number, milliseconds: number): ThreadWait | Ending | Failure;

  /**
   * The source of that thread's function. Its parameters are the thread's own {@linkcode Native} and
   * {@linkcode Waiting.threadData}. It returns a function that runs a `job` and returns a
   * {@linkcode ThreadReport}.
   *
   * It is a string and not `toString()` of a function, because compilers may insert names into
   * functions that do not exist in the thread.
   */
  readonly threadSource: string;

  /** Returns the cloneable data that all jobs share. */
  threadData(): unknown;

  /** Converts a failure that a thread reports. */
  failed(syscall: string, osError: number): Failure;
}

/**
 * The maximum time that a thread sleeps before it returns to JavaScript, in milliseconds.
 * Its termination, and in Node.js the end of the process, can be delayed by this time.
 */
export const SLICE_MS = 100;

/**
 * The longest finite wait, in milliseconds: 100 years, which fits in a `struct timespec`. A longer
 * wait never ends.
 */
export const MAX_MS: number = 100 * 365 * 86_400_000;
