/**
 * Waiting on Linux, by `futex`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { THREAD_SOURCE } from "./waiting_thread.ts";
import { failure } from "../contract/memory.ts";
import type { CopyingShared } from "../posix/copying.ts";
import { posixWaiting } from "../posix/waiting.ts";
import type { Waiting } from "../contract/waiting.ts";

/** `FUTEX_WAIT`, for memory that processes share: {@link https://man7.org/linux/man-pages/man2/futex.2.html} */
export const FUTEX_WAIT = 0n;
/** `FUTEX_WAKE` */
export const FUTEX_WAKE = 1n;
/** `FUTEX_CMP_REQUEUE` */
export const FUTEX_CMP_REQUEUE = 4n;
/** `CLOCK_MONOTONIC`: {@link https://man7.org/linux/man-pages/man2/clock_gettime.2.html} */
export const CLOCK_MONOTONIC = 1;

/** The numbers of system calls that the C library has no functions for, by `process.arch`. */
export const SYSTEM_CALLS: Readonly<
  Record<string, Readonly<Record<"futex" | "gettid" | "tgkill" | "futex_waitv", bigint>>>
> = {
  x64: { futex: 202n, gettid: 186n, tgkill: 234n, futex_waitv: 449n },
  arm64: { futex: 98n, gettid: 178n, tgkill: 131n, futex_waitv: 449n },
};

const FUNCTIONS = {
  // long syscall(long number, ...): on Linux, what has no name is passed as what has one. All
  // results that come here fit in an int.
  syscall: {
    parameters: ["usize", "usize", "usize", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
  // int clock_gettime(clockid_t clockid, struct timespec *tp)
  clock_gettime: { parameters: ["i32", "usize"], result: "i32" },
  // pid_t getpid(void)
  getpid: { parameters: [], result: "i32" },
} as const satisfies SymbolTable;

const SECOND = 1_000_000_000n;
/** The most that `FUTEX_WAKE` wakes: `INT_MAX`. */
const MAX_COUNT = 0x7fff_ffff;

/** Opens `futex`. */
export function linuxWaiting(
  native: Native,
  arch: string,
  codes: Readonly<Record<number, string>>,
  flags: number,
  shared: CopyingShared,
): Waiting {
  const { library, failed } = shared;
  const { syscall, clock_gettime, getpid } = native.open(library, FUNCTIONS);
  const { futex, gettid, ...others } = SYSTEM_CALLS[arch] ?? SYSTEM_CALLS["x64"]!;
  const wake = (address: bigint, count: bigint) =>
    syscall(futex, address, FUTEX_WAKE, count, 0n, 0n, 0n);

  return posixWaiting(native, flags, shared, {
    now({ address, time }) {
      clock_gettime(CLOCK_MONOTONIC, address);
      return time[0]! * SECOND + time[1]!;
    },

    sleep(page, address, value, time) {
      if (time === 0n) {
        // A sleep of no time takes some 80 µs. This compares too, and moves none.
        const compared = syscall(futex, address, FUTEX_CMP_REQUEUE, 0n, 0n, page.address, value);
        if (compared >= 0) return "elapsed";
        const refusal = failed("futex");
        return refusal.code === "EAGAIN" ? "different" : refusal;
      }
      page.time[0] = 0n; // nobody sleeps for a second: see SLICE_MS
      page.time[1] = time;
      if (syscall(futex, address, FUTEX_WAIT, value, page.address, 0n, 0n) === 0) return "woken";
      const refusal = failed("futex");
      switch (refusal.code) {
        case "EAGAIN":
          return "different";
        case "ETIMEDOUT":
          return "elapsed";
        case "EINTR":
          return "interrupted";
        default:
          return refusal;
      }
    },

    notify(address, count) {
      const woken = wake(address, BigInt(Math.min(count, MAX_COUNT)));
      return woken < 0 ? failed("futex") : woken;
    },

    callBack: (control) => void wake(control, 1n),

    threadSource: THREAD_SOURCE,

    threadData(slice) {
      const thread = BigInt(syscall(gettid, 0n, 0n, 0n, 0n, 0n, 0n));
      return { library, numbers: { futex, ...others }, process: BigInt(getpid()), thread, slice };
    },

    failed: (syscall, osError) => failure(syscall, osError, codes),
  });
}
