/**
 * Calls that another thread runs: their signals, and the errors if there is no thread.
 *
 * @module
 */
import { runtimeThreads } from "../../ffi/host.ts";
import type { Shortage } from "../../ffi/os/contract/os.ts";
import { describe, propertyOf } from "../checks/arguments.ts";
import { MmapError } from "../checks/errors.ts";
import type { Allocation, Waiter } from "../lifetime/allocation.ts";
import { addWaiter } from "../lifetime/waiters.ts";
import { type Task, WaitThread } from "./threads.ts";

/** The calls that need a thread, and what each can be replaced by. */
const INSTEAD = { waitAsync: "wait()", flushAsync: "flush()" } as const;

/** A call that needs a thread. */
export type ThreadCall = Waiter["call"];

/**
 * Gives a pending call to a thread. With `holds`, the call keeps the process alive. If no thread can
 * be started, the call has ended, and there is no thread.
 */
export function beginInThread(
  call: Task & Waiter,
  allocation: Allocation,
  holds: boolean,
): WaitThread | undefined {
  addWaiter(allocation, call);
  try {
    return WaitThread.begin(call, holds);
  } catch (error) {
    call.done({ kind: "error", error });
    return undefined;
  }
}

/** The members of an `AbortSignal` that the library uses. */
export interface WaitSignal {
  /** Whether the signal is aborted. */
  readonly aborted: boolean;
  /** The reason of the abort. */
  readonly reason?: unknown;
  /** Adds a function that is called when the signal is aborted. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Removes a function that was added. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Checks a signal. Returns whether it is aborted, which is read once. */
export function isAborted(signal: WaitSignal | undefined): boolean {
  const isAborted = signal === undefined ? false : propertyOf(signal, "aborted");
  if (
    typeof isAborted === "boolean" &&
    (signal === undefined ||
      (typeof propertyOf(signal, "addEventListener") === "function" &&
        typeof propertyOf(signal, "removeEventListener") === "function"))
  ) return isAborted;
  throw new TypeError(`The signal must be an AbortSignal, got ${describe(signal)}`);
}

/**
 * Waits for the end of a pending call, and cancels the call when the signal is aborted. The signal
 * may run code of the caller, which must not happen between the steps of `unmap()`. An error of a
 * listener would end the process, so a call that cannot be cancelled now is cancelled soon.
 */
export async function untilEnded<T>(
  ended: Promise<T>,
  signal: WaitSignal | undefined,
  cancel: (reason: unknown) => void,
): Promise<T> {
  if (signal === undefined) return await ended;
  const cancelByReason = () => cancel(signal.reason);
  // Made before: a caller that aborts may have no stack left for more than a call of the engine's.
  let cancelLater!: () => void;
  new Promise<void>((resolve) => {
    cancelLater = resolve;
  }).then(cancelByReason).catch(cancel);
  const onAbort = () => {
    try {
      cancelByReason();
    } catch {
      cancelLater();
    }
  };
  try {
    signal.addEventListener("abort", onAbort);
  } catch (error) {
    cancel(error);
  }
  try {
    return await ended;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The error if there is no room for a thread. */
export function shortageError(call: ThreadCall, { code, words }: Shortage): MmapError {
  return new MmapError(`No thread is available for ${call}(): ${words}`, { code });
}

/** The error if a thread ended for an unknown reason. */
export function endedError(call: ThreadCall): MmapError {
  return new MmapError(`The thread of this ${call}() was ended: try again`, { code: "EAGAIN" });
}

/** The error if no thread could be started. `EAGAIN` only if trying again can help. */
export function threadError(call: ThreadCall, cause: unknown): MmapError {
  if (runtimeThreads().isShortage(cause)) {
    return new MmapError(
      `No thread could be started for ${call}(), for lack of memory, descriptors or threads: see ` +
        "the cause, and try again later",
      { code: "EAGAIN", cause },
    );
  }
  const why = cause === undefined ? "it ends at once" : "see the cause";
  return new MmapError(
    `The runtime cannot start the thread that ${call}() needs (${why}): permit workers (Node.js: ` +
      `--allow-worker), or use ${INSTEAD[call]}`,
    { code: "ENOTSUP", cause },
  );
}
