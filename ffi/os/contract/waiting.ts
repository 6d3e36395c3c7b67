/**
 * What an operating system must offer for waiting until a 32-bit word of memory
 * changes, which any thread or process that has the memory too can announce.
 *
 * @module
 */
import type { OpenFile } from "./files.ts";
import type { Failure } from "./memory.ts";

/** A word of memory, at an address that is a multiple of 4. */
export interface Word {
  /** Where it is in this process; of memory that is mapped twice, in the first half. */
  readonly address: bigint;
  /** What other processes know it by, where they can have it too. */
  readonly place: Place | undefined;
}

/** Where a word is that processes share. */
export interface Place {
  /** The memory: the same object for all words of a mapping. */
  readonly memory: {
    /** The file that it is of, as long as that is open. */
    readonly file: OpenFile | undefined;
    /** A hash of its name, where it has one. */
    readonly name: bigint | undefined;
  };
  /** Where the word is in it, in bytes. */
  readonly offset: bigint;
}

/**
 * How waiting ended: it was woken, the word had another value already, the time
 * was up.
 */
export type Ending = "woken" | "different" | "elapsed";

/** A wait for which another thread is needed. */
export interface ThreadWait {
  /** What that thread is told: it can be cloned. */
  readonly job: unknown;

  /** Ends it, from this thread: soon the other one has left, and is not woken in another's stead. */
  cancel(): void;

  /** Called once, when the thread has left, or never began. Tells how it ended in truth. */
  end(ending: Ending | "cancelled"): Ending | "cancelled";
}

/** How one operating system waits. */
export interface Waiting {
  /** Whether its calls take steps of which none may be the last. */
  readonly hasSteps: boolean;

  /**
   * Sleeps as long as the word has the value that is expected, until it is
   * woken, at most so long. `Infinity` is for ever. It returns to JavaScript from
   * time to time, so that the thread can be terminated.
   */
  wait(word: Word, expected: number, milliseconds: number): Ending | Failure;

  /** Wakes up to `count` of those that wait for the word, and tells how many. */
  notify(word: Word, count: number): number | Failure;

  /** Compares, and prepares that another thread waits as {@linkcode Waiting.wait} does, where there is something to wait for. */
  prepare(word: Word, expected: number, milliseconds: number): ThreadWait | Ending | Failure;

  /**
   * The source of what that thread does. It is a function of two parameters, what
   * opens a library and views memory there, and {@linkcode Waiting.threadData}, that
   * returns a function: of the `job` it makes `{ ending }`, or `{ syscall, osError }`.
   *
   * It is text, and not a function that is turned into text: what compiles a
   * program may put names into functions that are not there in the thread.
   */
  readonly threadSource: string;

  /** What all its jobs have in common: it can be cloned. */
  threadData(): unknown;

  /** Words what a thread reports. */
  failed(syscall: string, osError: number): Failure;
}

/**
 * How long a thread sleeps at most before it returns to JavaScript, in
 * milliseconds: so long its termination, and in Node.js the end of the process,
 * can have to wait for it.
 */
export const SLICE_MS = 100;
