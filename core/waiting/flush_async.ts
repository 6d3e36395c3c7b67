/**
 * Writing pages back without blocking the event loop.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { ThreadFlush } from "../../ffi/os/contract/files.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import { checkOptions, type Defaults } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
import type { PageRange } from "../checks/ranges.ts";
import type { Waiter } from "../lifetime/allocation.ts";
import { removeWaiter } from "../lifetime/waiters.ts";
import { flushError, flushTarget } from "../pages/content.ts";
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

/** Options of {@linkcode Mmap.flushAsync}. */
export interface FlushAsyncOptions {
  /** An `AbortSignal` that ends the waiting. The system writes on. */
  readonly signal?: WaitSignal | undefined;
}

const DEFAULTS = { signal: undefined } satisfies Defaults<FlushAsyncOptions>;

/** Flushes without blocking. `open` returns the mapping, and throws if it is closed. */
export async function flushAsync(
  open: () => Mapping,
  byteOffset: number | bigint,
  byteLength: number | bigint | undefined,
  options: FlushAsyncOptions,
): Promise<void> {
  const { signal } = checkOptions(options, DEFAULTS);
  const wasAborted = isAborted(signal);
  const mapping = open();
  const range = mapping.pagesAround(byteOffset, byteLength);
  const target = flushTarget(mapping.track(), range);
  if (wasAborted) throw signal!.reason;
  if (target === undefined) return;
  checkStack(); // a thread that is started midway would be lost
  const shortage = WaitThread.ensureRoom();
  if (shortage !== undefined) throw shortageError("flushAsync", shortage);
  const flush = host().os.files.prepareFlush(target.file, target.address, target.byteLength);
  if (isFailure(flush)) throw flushError(mapping.track(), range, flush);
  let pendingFlush: PendingFlush | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    pendingFlush = new PendingFlush(mapping, range, flush, resolve, reject);
    pendingFlush.begin();
  });
  await untilEnded(ended, signal, (reason) => pendingFlush?.cancel(reason));
}

/** A pending flush. It keeps the mapping reachable. */
class PendingFlush implements Task, Waiter {
  readonly kind = "flush";
  readonly call = "flushAsync";
  readonly start: undefined; // the access of the pages may change
  readonly #mapping: Mapping;
  readonly #range: PageRange;
  readonly #flush: ThreadFlush;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  #thread: WaitThread | undefined;
  #isDone = false;

  constructor(
    mapping: Mapping,
    range: PageRange,
    flush: ThreadFlush,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.#mapping = mapping;
    this.#range = range;
    this.#flush = flush;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get job(): unknown {
    return this.#flush.job;
  }

  begin(): void {
    this.#thread = beginInThread(this, this.#mapping.allocation, true);
  }

  /** Rejects immediately. The thread may be in the system's call, which harms nothing. */
  cancel(reason: unknown): void {
    if (this.#isDone) return;
    checkStack(); // all of the steps or none
    this.#leave();
    this.#reject(reason);
    this.#thread?.withdraw();
  }

  join(): boolean {
    return true;
  }

  done(report: Report): void {
    this.#flush.end();
    if (this.#isDone) return;
    this.#leave();
    try {
      this.#finish(report);
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
  }

  #finish(report: Report): void {
    const pages = this.#mapping.track();
    if (report.kind === "failure") {
      const { syscall, osError } = report;
      throw flushError(pages, this.#range, host().os.waiting.failed(syscall, osError));
    }
    if (report.kind === "ended") throw endedError(this.call);
    if (report.kind === "error") throw threadError(this.call, report.error);
    pages.checkNotLost(this.#range); // last: the other bytes are written
  }

  #leave(): void {
    this.#isDone = true;
    removeWaiter(this.#mapping.allocation, this);
  }
}
