/**
 * The threads that wait in the stead of this one, each for one word: what waits
 * for several at once cannot tell all that were woken.
 *
 * @module
 */
import { atomics } from "../../ffi/atomics.ts";
import { currentRuntime, host, runtimeThreads } from "../../ffi/host.ts";
import type { Shortage } from "../../ffi/os/contract/os.ts";
import type { Ending } from "../../ffi/os/contract/waiting.ts";
import type { Thread } from "../../ffi/runtime/threads.ts";
import { releaseHeldRanges } from "../lifetime/held_ranges.ts";

/** What a thread reports. */
export type Report =
  | { readonly kind: "ending"; readonly ending: Ending | "cancelled" }
  | { readonly kind: "failure"; readonly syscall: string; readonly osError: number }
  | { readonly kind: "error"; readonly error: unknown }
  /** It ended while it was at work, and nothing tells why. */
  | { readonly kind: "ended" };

/** What a thread says. */
interface Numbered {
  /** The number of the task that it is about. */
  readonly number: number;
  readonly report: Report;
}

/** What a thread does. */
export interface Task {
  /** What it is told. */
  readonly job: unknown;
  /** Called once, when it has left. */
  done(report: Report): void;
}

/** After so many tasks their numbers begin again. */
const MAX_NUMBER = 2 ** 30;
/** How many threads there are at most: each takes some megabytes. */
const MAX_THREADS = 32;
const FULL: Shortage = {
  code: "EAGAIN",
  words:
    `${MAX_THREADS} waits are under way in this thread, or have just ended, and each takes a ` +
    "thread of its own: end one, or try again; or wait for one word that tells of all",
};
/** How many stay when they have nothing to do, so that the next waits begin at once. */
const MAX_IDLE = 2;
/** After so long without anything to do these end too, in milliseconds. */
const MAX_IDLE_MS = 3000;
/** How long a thread that is called back is waited for, in milliseconds: many times what it can take. */
const MAX_LEAVING_MS = 10_000;

// What a thread is at: also in the text below. Where it has a job that it has not begun,
// it is the number of that, from 1 on.
const IDLE = 0;
const TAKEN = -1;

/** What a thread says when it has had nothing to do for long: also in the text below. */
const TIRED = "tired";

// A number is stored before it is reported: while the report is under way, this
// thread can see already that the other one has left.
const SOURCE = (native: string, wait: string) =>
  `const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
process.removeAllListeners("warning"); // this thread's own: the FFI can be experimental
const IDLE = ${IDLE}, TAKEN = ${TAKEN};
const { state, opening, data } = workerData;
let wait, timer;
function open() {
  while (Atomics.compareExchange(opening, 0, 0, 1) !== 0) Atomics.wait(opening, 0, 1, 10);
  try {
    return (${wait})(${native}, data);
  } finally {
    Atomics.store(opening, 0, 0);
    Atomics.notify(opening, 0, 1);
  }
}
function report(number, what) {
  const has = (name) => Object.hasOwn(what, name);
  const kind = has("ending") ? "ending" : has("syscall") ? "failure" : "error";
  parentPort.postMessage({ number, report: { kind, ...what } });
  timer = setTimeout(() => parentPort.postMessage("${TIRED}"), ${MAX_IDLE_MS});
}
parentPort.on("message", ({ number, job }) => {
  clearTimeout(timer);
  if (Atomics.compareExchange(state, 0, number, TAKEN) !== number) {
    report(number, { ending: "cancelled" });
    return;
  }
  let ending;
  try {
    wait ??= open();
    ending = wait(job);
  } catch (error) {
    ending = { error };
  }
  Atomics.store(state, 0, IDLE);
  Atomics.notify(state, 0);
  report(number, ending);
});
`;

/** Whether a thread opens its libraries: Bun before 1.4 can crash where many do at once. */
let opening: Int32Array | undefined;
/** The threads that have nothing to do. */
let idle: Set<WaitThread> = new Set();
/** How many threads there are. */
let count = 0;
/** Those that may not be at work yet. */
let starting: readonly WaitThread[] = [];

/** A thread, and what it does. */
export class WaitThread {
  readonly #state: Int32Array = sharedWord();
  readonly #thread: Thread;
  #task: Task | undefined;
  /** The number of the task that it was given last. */
  #number = 0;
  /** Whether it was seen at work. */
  #hasBegun = false;
  #hasEnded = false;

  private constructor() {
    const { waiting } = host().os;
    opening ??= sharedWord();
    const source = SOURCE(currentRuntime().threadNative(), waiting.threadSource);
    const data = { state: this.#state, opening, data: waiting.threadData() };
    this.#thread = runtimeThreads().start(source, data, {
      message: (said) => said === TIRED ? this.#tired() : this.#reported(said as Numbered),
      ended: (cause) => this.#ended(cause),
    });
    count++;
    starting = [...starting, this];
  }

  /** What there is too little of for one more task; `undefined` where a thread is there, or room for one. */
  static ensureRoom(): Shortage | undefined {
    if (idle.size > 0) return undefined;
    if (count >= MAX_THREADS) return FULL;
    // What these need they have not taken yet.
    starting = starting.filter((thread) => thread.#isStarting());
    const look = () => host().os.threadShortage?.(runtimeThreads().needs, starting.length + 1);
    const found = look();
    // What is held counts, and is nobody's.
    return found !== undefined && releaseHeldRanges() ? look() : found;
  }

  #isStarting(): boolean {
    this.#hasBegun ||= atomics.load(this.#state, 0) === TAKEN;
    return !this.#hasBegun && !this.#hasEnded;
  }

  /** Gives a task to a thread. With `holds` the process does not end before it is done. */
  static begin(task: Task, holds: boolean): WaitThread {
    const thread = [...idle].at(-1) ?? new WaitThread();
    idle.delete(thread);
    try {
      thread.#thread.hold(holds);
      const number = thread.#number = thread.#number % MAX_NUMBER + 1;
      atomics.store(thread.#state, 0, number);
      thread.#thread.post({ number, job: task.job });
    } catch (error) {
      thread.#ended(error); // it has no task: whoever called tells of it
      thread.#thread.end();
      throw error;
    }
    thread.#task = task;
    return thread;
  }

  /** Takes the task back where the thread has not begun: it is done then. */
  withdraw(): void {
    const number = this.#number;
    if (atomics.compareExchange(this.#state, 0, number, IDLE) !== number) return;
    // The next task can be this thread's, which passes over the job that it still gets: as
    // long as it starts, each task that is taken back would need one more. Those that have
    // nothing to pass over come first.
    if (idle.size < MAX_IDLE) idle = new Set([this, ...idle]);
    this.#done({ kind: "ending", ending: "cancelled" });
  }

  /** Sleeps until the thread, which is called back, has left; tells whether it has. */
  join(): boolean {
    return atomics.wait(this.#state, 0, TAKEN, MAX_LEAVING_MS) !== "timed-out";
  }

  #reported({ number, report }: Numbered): void {
    this.#hasBegun = true;
    if (this.#hasEnded || number !== this.#number) return; // it has another task
    this.#done(report);
    if (idle.has(this)) return; // since its task was taken back
    if (idle.size < MAX_IDLE) idle.add(this);
    else this.#end();
  }

  /** Ends the thread, if it was not given a task in the meantime. */
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
