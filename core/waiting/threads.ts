/**
 * The threads that block for `waitAsync()` and `flushAsync()`. Each waits for one word, because a
 * wait for several words does not report all of them that were woken.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import { currentRuntime, host, runtimeThreads } from "../../ffi/host.ts";
import type { Shortage } from "../../ffi/os/contract/os.ts";
import type { Ending } from "../../ffi/os/contract/waiting.ts";
import type { Thread } from "../../ffi/runtime/threads.ts";
import { releaseHeldRanges } from "../lifetime/held_ranges.ts";

/** The result of a task. */
export type Report =
  | { readonly kind: "ending"; readonly ending: Ending | "cancelled" | "flushed" }
  | { readonly kind: "failure"; readonly syscall: string; readonly osError: number }
  | { readonly kind: "error"; readonly error: unknown }
  /** The thread ended during the task for an unknown reason. */
  | { readonly kind: "ended" };

/** A message of a thread. */
interface Numbered {
  /** The number of the task. */
  readonly number: number;
  readonly report: Report;
}

/** A task for a thread. */
export interface Task {
  readonly kind: "wait" | "flush";
  /** The data for the thread. */
  readonly job: unknown;
  /** Called once, when the thread has left the wait. */
  done(report: Report): void;
}

/** The greatest number of a task, after which the numbers start again. */
const MAX_NUMBER = 2 ** 30;
/** The limit of threads: each takes some megabytes. */
const MAX_THREADS = 32;
const FULL: Shortage = {
  code: "EAGAIN",
  words:
    `${MAX_THREADS} waits or flushes of this thread are pending or have just ended, and each needs ` +
    "a thread of its own: end one, try again, or use one word for all signals",
};
/** The number of idle threads that stay, so that the next waits begin at once. */
const MAX_IDLE = 2;
/** The time after which an idle thread ends, in milliseconds. */
const MAX_IDLE_MS = 3000;
/** The longest time to wait for a cancelled thread, in milliseconds: it takes far less. */
const MAX_LEAVING_MS = 10_000;

// States of a thread. With a job that has not begun, the state is the number of the task (from 1).
const IDLE = 0;
const TAKEN = -1;

/** The message of a thread that has been idle for {@linkcode MAX_IDLE_MS}. */
const TIRED = "tired";

// The thread stores its state before it reports, so that join() need not wait for the report.
const SOURCE = (native: string, wait: string, flush: string) =>
  `const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
process.removeAllListeners("warning"); // of the experimental FFI, in this thread only
const IDLE = ${IDLE}, TAKEN = ${TAKEN};
const { state, opening, data } = workerData;
const work = {};
let timer;
function open(kind) {
  while (Atomics.compareExchange(opening, 0, 0, 1) !== 0) Atomics.wait(opening, 0, 1, 10);
  try {
    return kind === "flush" ? (${flush})(${native}) : (${wait})(${native}, data);
  } finally {
    Atomics.store(opening, 0, 0);
    Atomics.notify(opening, 0, 1);
  }
}
function report(number, result) {
  const has = (name) => Object.hasOwn(result, name);
  const kind = has("ending") ? "ending" : has("syscall") ? "failure" : "error";
  parentPort.postMessage({ number, report: { kind, ...result } });
  timer = setTimeout(() => parentPort.postMessage("${TIRED}"), ${MAX_IDLE_MS});
}
parentPort.on("message", ({ number, kind, job }) => {
  clearTimeout(timer);
  if (Atomics.compareExchange(state, 0, number, TAKEN) !== number) {
    report(number, { ending: "cancelled" });
    return;
  }
  let ending;
  try {
    work[kind] ??= open(kind);
    ending = work[kind](job);
  } catch (error) {
    ending = { error };
  }
  Atomics.store(state, 0, IDLE);
  Atomics.notify(state, 0);
  report(number, ending);
});
`;

/** The lock of opening libraries: Bun before 1.4 can crash if several threads do at once. */
let opening: Int32Array | undefined;
/** The idle threads. */
let idle: Set<WaitThread> = new Set();
/** The number of threads. */
let count = 0;
/** The threads that may not have begun to work. */
let starting: readonly WaitThread[] = [];

/** A thread, and its task. */
export class WaitThread {
  readonly #state: Int32Array = sharedWord();
  readonly #thread: Thread;
  #task: Task | undefined;
  /** The number of its last task. */
  #number = 0;
  /** Whether it was seen working. */
  #hasBegun = false;
  #hasEnded = false;

  private constructor() {
    const { waiting, files } = host().os;
    opening ??= sharedWord();
    const native = currentRuntime().threadNative();
    const source = SOURCE(native, waiting.threadSource, files.flushSource);
    const data = { state: this.#state, opening, data: waiting.threadData() };
    this.#thread = runtimeThreads().start(source, data, {
      message: (said) => said === TIRED ? this.#tired() : this.#reported(said as Numbered),
      ended: (cause) => this.#ended(cause),
    });
    count++;
    starting = [...starting, this];
  }

  /** Makes sure that a task has a thread, or room for one. Returns the shortage if not. */
  static ensureRoom(): Shortage | undefined {
    if (idle.size > 0) return undefined;
    if (count >= MAX_THREADS) return FULL;
    // Threads that start have not yet taken the memory that they need.
    starting = starting.filter((thread) => thread.#isStarting());
    const look = () => host().os.threadShortage?.(runtimeThreads().needs, starting.length + 1);
    const found = look();
    // Held ranges take room that nobody uses.
    return found !== undefined && releaseHeldRanges() ? look() : found;
  }

  #isStarting(): boolean {
    this.#hasBegun ||= atomics.load(this.#state, 0) === TAKEN;
    return !this.#hasBegun && !this.#hasEnded;
  }

  /** Gives a task to a thread. With `holds`, the task keeps the process alive. */
  static begin(task: Task, holds: boolean): WaitThread {
    const thread = [...idle].at(-1) ?? new WaitThread();
    idle.delete(thread);
    try {
      thread.#thread.hold(holds);
      const number = thread.#number = thread.#number % MAX_NUMBER + 1;
      atomics.store(thread.#state, 0, number);
      thread.#thread.post({ number, kind: task.kind, job: task.job });
    } catch (error) {
      thread.#ended(error); // without a task: the caller gets the error
      thread.#thread.end();
      throw error;
    }
    thread.#task = task;
    return thread;
  }

  /** Cancels the task if the thread has not begun it. */
  withdraw(): void {
    const number = this.#number;
    if (atomics.compareExchange(this.#state, 0, number, IDLE) !== number) return;
    // Idle again: a thread that is still starting skips the withdrawn job. Otherwise each withdrawn
    // task would cost another thread. Threads without a job to skip are used first.
    if (idle.size < MAX_IDLE) idle = new Set([this, ...idle]);
    this.#done({ kind: "ending", ending: "cancelled" });
  }

  /** Blocks until the cancelled thread has left the wait. Returns whether it has. */
  join(): boolean {
    return atomics.wait(this.#state, 0, TAKEN, MAX_LEAVING_MS) !== "timed-out";
  }

  #reported({ number, report }: Numbered): void {
    this.#hasBegun = true;
    if (this.#hasEnded || number !== this.#number) return; // a report about a withdrawn task
    this.#done(report);
    if (idle.has(this)) return; // already idle since its task was withdrawn
    if (idle.size < MAX_IDLE) idle.add(this);
    else this.#end();
  }

  /** Ends the thread, unless it has got a task meanwhile. */
  #tired(): void {
    if (this.#task === undefined) this.#end();
  }

  #end(): void {
    this.#ended(undefined);
    this.#thread.end();
  }

  #ended(cause: unknown): void {
    if (this.#hasEnded) return;
    const hasBegun = !this.#isStarting();
    this.#hasEnded = true;
    count--;
    idle.delete(this);
    const isUntold = cause === undefined && hasBegun;
    this.#done(isUntold ? { kind: "ended" } : { kind: "error", error: cause });
  }

  #done(report: Report): void {
    const task = this.#task;
    this.#task = undefined;
    if (task === undefined) return;
    this.#thread.hold(false);
    task.done(report);
  }
}

function sharedWord(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}
