/**
 * Waiting for a word without blocking the event loop.
 *
 * @module
 */
import { host, runtimeThreads } from "../../ffi/host.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import type { ThreadWait, Word } from "../../ffi/os/contract/waiting.ts";
import { MmapError } from "../checks/errors.ts";
import type { Waiter } from "../lifetime/allocation.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Mapping } from "../pages/mapping.ts";
import { checkStack } from "../checks/call_stack.ts";
import {
  checkOptions,
  type Defaults,
  describe,
  flag,
  propertyOf,
  timeMs,
  word32,
} from "../checks/arguments.ts";
import { type Report, type Task, WaitThread } from "./threads.ts";
import { resultOf, waitError, type WaitResult, wordOf, wordRange } from "./waiting.ts";

/** How to wait for a word. */
export interface WaitAsyncOptions {
  /** How long at most, in milliseconds; 0 or below only compares. Default: `Infinity`. */
  readonly timeout?: number | undefined;
  /** An `AbortSignal` that ends it. */
  readonly signal?: WaitSignal | undefined;
  /**
   * Whether the process stays alive for it when there is nothing else to do, as
   * for the timers of Node.js. Default: true.
   */
  readonly ref?: boolean | undefined;
}

/** An `AbortSignal`, as far as it is used. */
export interface WaitSignal {
  /** Whether it is aborted. */
  readonly aborted: boolean;
  /** Why it is aborted. */
  readonly reason?: unknown;
  /** Has a function called when it is aborted. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Does not have it called any more. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A word of a mapping, which stays reachable as long as somebody waits. */
interface WaitTarget {
  readonly mapping: Mapping;
  readonly range: PageRange;
}

const DEFAULTS = {
  timeout: Infinity,
  signal: undefined,
  ref: true,
} satisfies Defaults<WaitAsyncOptions>;

/** Waits without blocking. `open` returns the mapping, and throws if it is closed. */
export async function waitAsync(
  open: () => Mapping,
  byteOffset: number | bigint,
  expected: number,
  options: WaitAsyncOptions,
): Promise<WaitResult> {
  const { timeout, signal, isAborted, ref } = waitOptions(options);
  const value = word32(expected, "The expected value");
  const mapping = open();
  const range = wordRange(byteOffset, mapping.info);
  const pages = mapping.track();
  const word = wordOf(pages, range, "waited for");
  if (isAborted) throw signal!.reason;
  checkStack(); // no thread is lost on the way
  const wait = host().os.waiting.prepare(word, value, timeout);
  if (typeof wait === "string") return resultOf(wait);
  if (isFailure(wait)) throw waitError(pages, word, wait);
  const shortage = WaitThread.ensureRoom();
  if (shortage !== undefined) {
    const ending = wait.end("cancelled");
    if (ending !== "cancelled") return resultOf(ending);
    const { code, words } = shortage;
    throw new MmapError(`There is no thread for one more waitAsync(): ${words}`, { code });
  }
  let pendingWait: PendingWait | undefined;
  const ended = new Promise<WaitResult>((resolve, reject) => {
    pendingWait = new PendingWait({ mapping, range }, word, wait, { resolve, reject });
    pendingWait.begin(ref);
  });
  // Here, and not where it ends: a signal is the caller's, and what its functions do
  // must not come between the steps of unmap().
  const onAbort = () => pendingWait?.cancel(signal?.reason);
  try {
    signal?.addEventListener("abort", onAbort);
  } catch (error) {
    pendingWait?.cancel(error);
  }
  try {
    return await ended;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What settles a promise. */
interface Settle {
  readonly resolve: (result: WaitResult) => void;
  readonly reject: (reason: unknown) => void;
}

/** One wait that is under way. */
class PendingWait implements Task, Waiter {
  readonly #target: WaitTarget;
  readonly #word: Word;
  readonly #wait: ThreadWait;
  readonly #settle: Settle;
  #thread: WaitThread | undefined;
  #cancelled: { readonly reason: unknown } | undefined;
  #isDone = false;

  constructor(
    target: WaitTarget,
    word: Word,
    wait: ThreadWait,
    settle: Settle,
  ) {
    this.#target = target;
    this.#word = word;
    this.#wait = wait;
    this.#settle = settle;
  }

  get job(): unknown {
    return this.#wait.job;
  }

  get start(): number {
    return this.#target.range.start;
  }

  begin(holds: boolean): void {
    const { allocation } = this.#target.mapping;
    allocation.waits = [...allocation.waits ?? [], this];
    try {
      this.#thread = WaitThread.begin(this, holds);
    } catch (error) {
      this.done({ kind: "error", error });
    }
  }

  cancel(reason: unknown): void {
    if (this.#isDone || this.#cancelled !== undefined) return;
    checkStack(); // it is called back once, and whole
    this.#cancelled = { reason };
    this.#wait.cancel();
    this.#thread?.withdraw();
  }

  join(): boolean {
    return this.#thread?.join() ?? true;
  }

  done(report: Report): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { allocation } = this.#target.mapping;
    const others = allocation.waits?.filter((wait) => wait !== this) ?? [];
    allocation.waits = others.length === 0 ? undefined : others;
    const { resolve, reject } = this.#settle;
    const ending = this.#wait.end(report.kind === "ending" ? report.ending : "cancelled");
    if (ending !== "cancelled") resolve(resultOf(ending));
    else if (report.kind === "failure") {
      const { syscall, osError } = report;
      const failure = host().os.waiting.failed(syscall, osError);
      reject(waitError(this.#target.mapping.track(), this.#word, failure));
    } else if (report.kind === "ended") {
      reject(new MmapError("The thread that waits was ended: try again", { code: "EAGAIN" }));
    } else if (report.kind === "error") reject(threadError(report.error));
    else reject(this.#cancelled?.reason);
  }
}

/** The error where there is no thread that waits: only what can be there later is tried again. */
function threadError(cause: unknown): MmapError {
  if (runtimeThreads().isShortage(cause)) {
    return new MmapError(
      "The thread that waits could not be started, for want of memory, descriptors or threads: " +
        "try again when there are some; see the cause",
      { code: "EAGAIN", cause },
    );
  }
  const why = cause === undefined ? "it ends at its start" : "see the cause";
  return new MmapError(
    `The runtime does not start the thread that waitAsync() needs (${why}): let it start ` +
      "workers (in Node.js by --allow-worker), or use wait()",
    { code: "ENOTSUP", cause },
  );
}

function waitOptions(options: WaitAsyncOptions): {
  readonly timeout: number;
  readonly signal: WaitSignal | undefined;
  /** Asked for once, before the mapping is looked at. */
  readonly isAborted: boolean;
  readonly ref: boolean;
} {
  const { timeout, signal, ref } = checkOptions(options, DEFAULTS);
  const isAborted = signal === undefined ? false : propertyOf(signal, "aborted");
  if (
    typeof isAborted !== "boolean" ||
    (signal !== undefined &&
      (typeof propertyOf(signal, "addEventListener") !== "function" ||
        typeof propertyOf(signal, "removeEventListener") !== "function"))
  ) {
    throw new TypeError(`The signal must be an AbortSignal, got ${describe(signal)}`);
  }
  return { timeout: timeMs(timeout, "The timeout"), signal, isAborted, ref: flag(ref, "The ref") };
}
