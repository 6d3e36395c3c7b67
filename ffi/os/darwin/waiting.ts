/**
 * Waiting on macOS from 14.4 on, by `os_sync_wait_on_address`.
 *
 * @module
 */
import type { Functions, Native, SymbolTable } from "../../symbols.ts";
import { DARWIN_THREAD_SOURCE } from "./waiting_thread.ts";
import { type Failure, failure, refusal } from "../contract/memory.ts";
import type { CopyingShared, KernelCopying } from "../posix/copying.ts";
import { posixWaiting } from "../posix/waiting.ts";
import type { Waiting } from "../contract/waiting.ts";

/** `OS_SYNC_WAIT_ON_ADDRESS_SHARED`, and `OS_SYNC_WAKE_BY_ADDRESS_SHARED`: {@link https://developer.apple.com/documentation/os/os_sync_wait_on_address_shared} */
export const OS_SYNC_WAIT_ON_ADDRESS_SHARED = 1;
/** `OS_CLOCK_MACH_ABSOLUTE_TIME`: {@link https://developer.apple.com/documentation/os/os_clockid_t} */
export const OS_CLOCK_MACH_ABSOLUTE_TIME = 32;
/** `CLOCK_UPTIME_RAW`, the same clock, from `<time.h>` */
export const CLOCK_UPTIME_RAW = 8;

const FUNCTIONS = {
  // int os_sync_wait_on_address_with_timeout(void *addr, uint64_t value, size_t size,
  //   os_sync_wait_on_address_flags_t flags, os_clockid_t clockid, uint64_t timeout_ns)
  os_sync_wait_on_address_with_timeout: {
    parameters: ["usize", "usize", "usize", "u32", "u32", "usize"],
    result: "i32",
  },
  // int os_sync_wake_by_address_any(void *addr, size_t size, os_sync_wake_by_address_flags_t flags)
  os_sync_wake_by_address_any: { parameters: ["usize", "usize", "u32"], result: "i32" },
  // uint64_t clock_gettime_nsec_np(clockid_t clock_id)
  clock_gettime_nsec_np: { parameters: ["u32"], result: "usize" },
  // pthread_t pthread_self(void)
  pthread_self: { parameters: [], result: "usize" },
} as const satisfies SymbolTable;

const WORD = 4n;
const SHARED = OS_SYNC_WAIT_ON_ADDRESS_SHARED;

/** Opens the calls, where the system has them. */
export function darwinWaiting(
  native: Native,
  codes: Readonly<Record<number, string>>,
  flags: number,
  kernel: () => KernelCopying,
  shared: CopyingShared,
): Waiting {
  const { library, failed } = shared;
  let calls: Functions<typeof FUNCTIONS> | undefined;
  try {
    calls = native.open(library, FUNCTIONS);
  } catch {
    return MISSING;
  }
  const { os_sync_wait_on_address_with_timeout: wait, os_sync_wake_by_address_any: wake } = calls;
  const { clock_gettime_nsec_np, pthread_self } = calls;
  const copying = kernel();
  const word = new Uint32Array(1);
  const bytes = new Uint8Array(word.buffer);

  return posixWaiting(native, flags, shared, {
    now: () => clock_gettime_nsec_np(CLOCK_UPTIME_RAW),

    sleep(_page, address, value, time) {
      // The call does not tell a word that differs from one that is woken.
      const failure = copying.read(address, bytes);
      if (failure !== undefined) return failure;
      if (BigInt(word[0]!) !== value) return "different";
      if (time === 0n) return "elapsed"; // which it would take for no time at all
      const left = wait(address, value, WORD, SHARED, OS_CLOCK_MACH_ABSOLUTE_TIME, time);
      if (left >= 0) return "woken";
      const refusal = failed("os_sync_wait_on_address_with_timeout");
      switch (refusal.code) {
        case "ETIMEDOUT":
          return "elapsed";
        case "EINTR":
        case "EFAULT": // for now: whether it is gone, reading tells
          return "interrupted";
        default:
          return refusal;
      }
    },

    // One by one: waking all does not tell how many.
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

    callBack() {}, // it looks by itself

    threadSource: DARWIN_THREAD_SOURCE,
    threadData: (slice) => ({ library, thread: pthread_self(), slice }),
    failed: (syscall, osError) => failure(syscall, osError, codes),
  });
}

const tooOld = (): Failure =>
  refusal("ENOTSUP", "macOS can from 14.4 on: update it, or load the word from time to time");

/** Of a system that is too old. */
const MISSING: Waiting = {
  hasSteps: false,
  wait: tooOld,
  notify: tooOld,
  prepare: tooOld,
  threadSource: "",
  threadData: () => undefined,
  failed: tooOld,
};
