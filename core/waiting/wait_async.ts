/**
 * Waiting for a word without blocking the event loop.
 *
 * @module
 */
import { host, runtimeThreads } from "../../ffi/host.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import type { ThreadWait, Word } from "../../ffi/os/contract/waiting.ts";
import { MmapError } from "../checks/errors.ts";
import type { Allocation, Waiter } from "../lifetime/allocations.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { PageState } from "../pages/page_state.ts";
import { checkStack } from "../checks/call_stack.ts";
import {
  type All,
  checkOptions,
  describe,
  flag,
  given,
  timeMs,
  word32,
} from "../checks/arguments.ts";
import { type Report, type Task, WaitThread } from "./threads.ts";
import { refusedWait, resultOf, type WaitResult, wordOf } from "./waiting.ts";

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

/** A word of an open mapping. */
export interface WaitTarget {
  /** The handle, which stays reachable as long as somebody waits. */
  readonly owner: object;
  readonly allocation: Allocation;
  readonly pages: PageState;
  readonly range: PageRange;
}

const DEFAULTS: All<WaitAsyncOptions> = { timeout: Infinity, signal: undefined, ref: true };

/** Waits as {@linkcode WaitAsyncOptions} say; `open` finds the word, and throws where there is none. */
export async function waitAsync(
  open: () => WaitTarget,
  expected: number,
  options: WaitAsyncOptions,
): Promise<WaitResult> {
  const { timeout, signal, isAborted, ref } = checkedOptions(options);
  const value = word32(expected, "The expected value");
  const target = open();
  const word = wordOf(target.pages, target.range, "waited for");
  if (isAborted) throw signal!.reason;
  checkStack(); // no thread is lost on the way
  const wait = host().os.waiting.prepare(word, value, timeout);
  if (typeof wait === "string") return resultOf(wait);
  if (isFailure(wait)) throw refusedWait(target.pages, word, wait);
  const shortage = WaitThread.shortage();
  if (shortage !== undefined) {
    const ending = wait.end("cancelled");
    if (ending !== "cancelled") return resultOf(ending);
    const { code, words } = shortage;
    throw new MmapError(`There is no thread for one more waitAsync(): ${words}`, { code });
  }
  let pendingWait: PendingWait | undefined;
  const ended = new Promise<WaitResult>((resolve, reject) => {
    pendingWait = new PendingWait(target, word, wait, { resolve, reject });
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

/** Ends the waits for words of a mapping, before it is unmapped: nobody is woken for it any more. */
export function endWaits(allocation: Allocation): void {
  const { waits } = allocation;
  if (waits === undefined) return;
  for (const wait of waits) {
    wait.cancel(
      new MmapError("The mapping was closed while waitAsync() waited for a word of it", {
        code: "EBADF",
      }),
    );
  }
  if (waits.every((wait) => wait.join())) return;
  throw new MmapError(
    "A thread still waits for a word of the mapping, which stays mapped: try again",
    { code: "EBUSY" },
  );
}

/** Refuses to change what somebody waits for. */
export function refuseWaits(allocation: Allocation, verb: string, range?: PageRange): void {
  const isWaited = allocation.waits?.some(({ start }) =>
    range === undefined || (start >= range.start && start < range.end)
  );
  if (!isWaited) return;
  throw new MmapError(
    `waitAsync() waits for a word of this memory, which cannot be ${verb}: abort it before`,
    { code: "EBUSY" },
  );
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
    const { allocation } = this.#target;
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
    const { allocation } = this.#target;
    const others = allocation.waits?.filter((wait) => wait !== this) ?? [];
    allocation.waits = others.length === 0 ? undefined : others;
    const { resolve, reject } = this.#settle;
    const ending = this.#wait.end(report.kind === "ending" ? report.ending : "cancelled");
    if (ending !== "cancelled") resolve(resultOf(ending));
    else if (report.kind === "failure") {
      const { syscall, osError } = report;
      const failure = host().os.waiting.failed(syscall, osError);
      reject(refusedWait(this.#target.pages, this.#word, failure));
    } else if (report.kind === "ended") {
      reject(new MmapError("The thread that waits was ended: try again", { code: "EAGAIN" }));
    } else if (report.kind === "error") reject(notStarted(report.error));
    else reject(this.#cancelled?.reason);
  }
}

/** The error where there is no thread that waits: only what can be there later is tried again. */
function notStarted(cause: unknown): MmapError {
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

function checkedOptions(options: WaitAsyncOptions): {
  readonly timeout: number;
  readonly signal: WaitSignal | undefined;
  /** Asked for once, before the mapping is looked at. */
  readonly isAborted: boolean;
  readonly ref: boolean;
} {
  const { timeout = Infinity, signal, ref = true } = checkOptions(options, DEFAULTS);
  const isAborted = signal === undefined ? false : given(signal, "aborted");
  if (
    typeof isAborted !== "boolean" ||
    (signal !== undefined &&
      (typeof given(signal, "addEventListener") !== "function" ||
        typeof given(signal, "removeEventListener") !== "function"))
  ) {
    throw new TypeError(`The signal must be an AbortSignal, got ${describe(signal)}`);
  }
  return { timeout: timeMs(timeout, "The timeout"), signal, isAborted, ref: flag(ref, "The ref") };
}
