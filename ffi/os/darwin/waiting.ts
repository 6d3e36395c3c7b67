/**
 * Waiting on macOS from 14.4 on, by `os_sync_wait_on_address`.
 *
 * @module
 */
import { type Failure, refusal } from "../contract/memory.ts";
import type { Waiting } from "../contract/waiting.ts";
import { MAP_PRIVATE } from "../posix/calls.ts";
import type { KernelCopying } from "../posix/copying.ts";
import type { CLibrary } from "../posix/library.ts";
import { posixWaiting } from "../posix/waiting.ts";
import {
  CLOCK_UPTIME_RAW,
  DARWIN,
  MAP_ANON,
  OS_CLOCK_MACH_ABSOLUTE_TIME,
  OS_SYNC_WAIT_ON_ADDRESS_SHARED,
} from "./calls.ts";
import type { ThreadData } from "./waiting_thread.ts";
import { THREAD_SOURCE } from "./waiting_thread_code.ts";

const WORD = 4n;
const SHARED = OS_SYNC_WAIT_ON_ADDRESS_SHARED;

/** Opens the calls; before macOS 14.4, returns refusals. */
export function darwinWaiting(library: CLibrary, kernel: () => KernelCopying): Waiting {
  const { failed } = library;
  const calls = openCalls(library);
  if (calls === undefined) return MISSING;
  const { os_sync_wait_on_address_with_timeout: wait, os_sync_wake_by_address_any: wake } = calls;
  const { clock_gettime_nsec_np, pthread_self } = calls;
  const copying = kernel();
  const word = new Uint32Array(1);
  const bytes = new Uint8Array(word.buffer);

  return posixWaiting(library, MAP_PRIVATE | MAP_ANON, {
    now: () => Number(clock_gettime_nsec_np(CLOCK_UPTIME_RAW)),

    sleep(_page, address, value, time) {
      // The call returns the same result for a different word and for a wake-up.
      const failure = copying.read(address, bytes);
      if (failure !== undefined) return failure;
      if (BigInt(word[0]!) !== value) return "different";
      if (time === 0) return "elapsed"; // the call refuses a time of 0
      const clock = OS_CLOCK_MACH_ABSOLUTE_TIME;
      const left = wait(address, value, WORD, SHARED, clock, BigInt(time));
      if (left >= 0) return "woken";
      const refusal = failed("os_sync_wait_on_address_with_timeout");
      switch (refusal.code) {
        case "ETIMEDOUT":
          return "elapsed";
        case "EINTR":
        case "EFAULT": // the page may be lost or only out of RAM: reading the word decides
          return "interrupted";
        default:
          return refusal;
      }
    },

    // One at a time, because waking all does not return their number.
    notify(address, count) {
      for (let woken = 0;; woken++) {
        if (woken >= count) return woken;
        if (wake(address, WORD, SHARED) >= 0) continue;
        const refusal = failed("os_sync_wake_by_address_any");
        if (refusal.code === "ENOENT") return woken; // nobody waits any more
        if (refusal.code !== "EINTR") return refusal;
        woken--;
      }
    },

    callBack() {}, // the thread polls the control

    threadSource: THREAD_SOURCE,
    threadData: (slice): ThreadData => ({ library: library.file, thread: pthread_self(), slice }),
  });
}

function openCalls({ open }: CLibrary) {
  try {
    return open(
      DARWIN,
      "os_sync_wait_on_address_with_timeout",
      "os_sync_wake_by_address_any",
      "clock_gettime_nsec_np",
      "pthread_self",
    );
  } catch {
    return undefined;
  }
}

const tooOld = (): Failure =>
  refusal(
    "ENOTSUP",
    "waiting needs macOS 14.4 or later: update macOS, or check the word regularly",
  );

/** Refuses to wait, on a system that is too old. */
const MISSING: Waiting = {
  hasSteps: false,
  wait: tooOld,
  notify: tooOld,
  prepare: tooOld,
  threadSource: "() => undefined", // nothing waits in the thread, which may flush
  threadData: () => undefined,
  failed: tooOld,
};
