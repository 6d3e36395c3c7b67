/**
 * Waiting for a word without blocking the event loop.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import type { ThreadWait, Word } from "../../ffi/os/contract/waiting.ts";
import { repeat } from "../../ffi/web.ts";
import { checkOptions, type Defaults, flag, timeMs, word32 } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Waiter } from "../lifetime/allocation.ts";
import { removeWaiter } from "../lifetime/waiters.ts";
import type { Mapping } from "../pages/mapping.ts";
import {
  beginInThread,
  endedError,
  isAborted,
  shortageError,
  threadError,
  untilEnded,
  type WaitSignal,
} from "./pending.ts";
import { type Report, type Task, WaitThread } from "./threads.ts";
import { resultOf, waitError, type WaitResult, wordOf, wordRange } from "./waiting.ts";

/** Options of {@linkcode Mmap.waitAsync}. */
export interface WaitAsyncOptions {
  /** The longest time to wait, in milliseconds; 0 or below only compares. Default: `Infinity`. */
  readonly timeout?: number | undefined;
  /** An `AbortSignal` that ends the wait. */
  readonly signal?: WaitSignal | undefined;
  /**
   * Whether the wait keeps the process alive, as timers do in Node.js. Default: `true`.
   */
  readonly ref?: boolean | undefined;
}

/** A word of a mapping. It keeps the mapping reachable while the wait is pending. */
interface WaitTarget {
  readonly mapping: Mapping;
  readonly range: PageRange;
}

const DEFAULTS = {
  timeout: Infinity,
  signal: undefined,
  ref: true,
} satisfies Defaults<WaitAsyncOptions>;

/** The interval of the checks that memory of the engine is in its place, in milliseconds. */
const MOVE_CHECK_MS = 100;

/** Waits without blocking. `open` returns the mapping, and throws if it is closed. */
export async function waitAsync(
  open: () => Mapping,
  byteOffset: number | bigint,
  expected: number,
  options: WaitAsyncOptions,
): Promise<WaitResult> {
  const { timeout, signal, wasAborted, ref } = waitOptions(options);
  const value = word32(expected, "The expected value");
  const mapping = open();
  const range = wordRange(byteOffset, mapping);
  const pages = mapping.track();
  const word = wordOf(pages, range, "waited for");
  if (wasAborted) throw signal!.reason;
  checkStack(); // a thread that is started midway would be lost
  const wait = host().os.waiting.prepare(word, value, timeout);
  if (typeof wait === "string") return resultOf(wait);
  if (isFailure(wait)) throw waitError(pages, word, wait);
  const shortage = WaitThread.ensureRoom();
  if (shortage !== undefined) {
    const ending = wait.end("cancelled");
    if (ending !== "cancelled") return resultOf(ending);
    throw shortageError("waitAsync", shortage);
  }
  let pendingWait: PendingWait | undefined;
  const ended = new Promise<WaitResult>((resolve, reject) => {
    pendingWait = new PendingWait({ mapping, range }, word, wait, { resolve, reject });
    pendingWait.begin(ref);
  });
  const { engine } = mapping.allocation;
  // Nobody tells the library when the engine moves the memory.
  const endWatch = engine === undefined || engine.isShared
    ? undefined
    : repeat(() => mapping.refresh(), MOVE_CHECK_MS);
  try {
    return await untilEnded(ended, signal, (reason) => pendingWait?.cancel(reason));
  } finally {
    endWatch?.();
  }
}

/** The functions that settle a promise. */
interface Settle {
  readonly resolve: (result: WaitResult) => void;
  readonly reject: (reason: unknown) => void;
}

/** A pending wait. */
class PendingWait implements Task, Waiter {
  readonly kind = "wait";
  readonly call = "waitAsync";
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
    this.#thread = beginInThread(this, this.#target.mapping.allocation, holds);
  }

  cancel(reason: unknown): void {
    if (this.#isDone || this.#cancelled !== undefined) return;
    checkStack(); // all of the steps or none
    this.#cancelled = { reason };
    this.#wait.cancel();
    this.#thread?.withdraw();
  }

  join(): boolean {
    return this.#thread?.join() ?? true;
  }

  done(report: Report): void {
    if (this.#isDone) return;
    const { mapping } = this.#target;
    mapping.refresh(); // cancels the wait: the thread has looked at memory of somebody else
    this.#isDone = true;
    removeWaiter(mapping.allocation, this);
    const { resolve, reject } = this.#settle;
    const ending = this.#wait.end(
      report.kind === "ending" && report.ending !== "flushed" ? report.ending : "cancelled",
    );
    const isCancelled = this.#cancelled !== undefined;
    if (ending !== "cancelled" && !(ending === "different" && isCancelled)) {
      resolve(resultOf(ending));
    } else if (report.kind === "failure" && !isCancelled) {
      const { syscall, osError } = report;
      const failure = host().os.waiting.failed(syscall, osError);
      reject(waitError(mapping.track(), this.#word, failure));
    } else if (report.kind === "ended") {
      reject(endedError(this.call));
    } else if (report.kind === "error") reject(threadError(this.call, report.error));
    else reject(this.#cancelled?.reason);
  }
}

function waitOptions(options: WaitAsyncOptions): {
  readonly timeout: number;
  readonly signal: WaitSignal | undefined;
  /** Read once, before the mapping is opened. */
  readonly wasAborted: boolean;
  readonly ref: boolean;
} {
  const { timeout, signal, ref } = checkOptions(options, DEFAULTS);
  const wasAborted = isAborted(signal);
  return { timeout: timeMs(timeout, "The timeout"), signal, wasAborted, ref: flag(ref, "ref") };
}
