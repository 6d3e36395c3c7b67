/**
 * The source of a thread that waits for `waitAsync()` on Linux. `scripts/thread_sources.ts`
 * compiles it into `waiting_thread_code.ts`.
 *
 * The thread waits for two words at once with `futex_waitv`, which returns the one that was woken:
 * the word of the caller, and a control word that tells the thread to stop waiting. If both are
 * woken at once, it reports the word of the caller, so that no wake-up is lost. Older kernels and
 * some sandboxes lack `futex_waitv`: then the thread waits for the word in short slices, and checks
 * the control between them.
 *
 * Deno does not end the thread together with its owner, so the thread checks with signal 0 whether
 * its owner still exists.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import type { ThreadReport } from "../contract/waiting.ts";
import type { ThreadJob } from "../posix/waiting.ts";
import { CLOCK_MONOTONIC, FUTEX_WAIT, type Processor } from "./calls.ts";

/** The data of a thread. */
export interface ThreadData {
  readonly library: string;
  readonly numbers: Processor["calls"];
  /** The process and the thread that this one works for. */
  readonly process: bigint;
  readonly thread: bigint;
  /** The longest sleep, in nanoseconds. */
  readonly slice: bigint;
}

const EPERM = 1, ESRCH = 3, EINTR = 4, EAGAIN = 11, ENOSYS = 38, ETIMEDOUT = 110;
const FUTEX2_SIZE_U32 = 2n;
const SECOND = 1_000_000_000n;
const SHORT_SLICE = 10_000_000n;

// All seven parameters of syscall(), always: see calls.ts.
const WAITV = {
  // number, waiters, nr_futexes, flags, timeout, clockid
  syscall: {
    parameters: ["usize", "buffer", "usize", "usize", "buffer", "usize", "usize"],
    result: "i32",
  },
} as const;
const FUNCTIONS = {
  // number, uaddr, futex_op, val, timeout, uaddr2, val3
  syscall: {
    parameters: ["usize", "usize", "usize", "usize", "buffer", "usize", "usize"],
    result: "i32",
  },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "usize" },
} as const;

/** See {@linkcode Waiting.threadSource}. */
export default function work(
  { open, view }: Native,
  { library, numbers, process, thread, slice }: ThreadData,
): (job: ThreadJob) => ThreadReport {
  const { syscall: waitv } = open(library, WAITV);
  const { syscall, clock_gettime, __errno_location } = open(library, FUNCTIONS);
  const time = new BigInt64Array(2);
  const timeBytes = new Uint8Array(time.buffer);
  const waiters = new BigUint64Array(6); // two struct futex_waitv
  const waiterBytes = new Uint8Array(waiters.buffer);
  // Read from memory right after each call: a runtime makes other calls between two calls of C.
  const errno = new Int32Array(view(BigInt(__errno_location()), 4));

  const now = () => {
    clock_gettime(CLOCK_MONOTONIC, timeBytes);
    return time[0]! * SECOND + time[1]!;
  };
  const setTime = (nanoseconds: bigint) => {
    time[0] = nanoseconds / SECOND;
    time[1] = nanoseconds % SECOND;
  };
  /** Sleeps; returns the error, or 0. */
  const futex = (address: bigint, value: bigint, nanoseconds: bigint) => {
    setTime(nanoseconds);
    const result = syscall(numbers.futex, address, FUTEX_WAIT, value, timeBytes, 0n, 0n);
    return result < 0 ? errno[0]! : 0;
  };
  const isCalledBack = (control: bigint) => futex(control, 0n, 0n) === EAGAIN;
  const isAlone = () => {
    setTime(0n);
    const result = syscall(numbers.tgkill, process, thread, 0n, timeBytes, 0n, 0n);
    return result < 0 && errno[0] === ESRCH;
  };
  let hasWaitv = true;

  return ({ address, expected, control, deadline }) => {
    for (;;) {
      if (isAlone()) return { ending: "cancelled" };
      const from = now();
      let until = from + (hasWaitv ? slice : SHORT_SLICE);
      if (deadline !== undefined && deadline < until) until = deadline < from ? from : deadline;
      let osError;
      if (hasWaitv) {
        // If both were woken, the call returns the index of the last one.
        waiters.set([0n, control, FUTEX2_SIZE_U32, expected, address, FUTEX2_SIZE_U32]);
        setTime(until);
        const clock = BigInt(CLOCK_MONOTONIC);
        const result = waitv(numbers.futex_waitv, waiterBytes, 2n, 0n, timeBytes, clock, 0n);
        osError = errno[0]!;
        if (result === 1) return { ending: "woken" };
        if (result === 0) return { ending: "cancelled" };
      } else {
        if (isCalledBack(control)) return { ending: "cancelled" };
        osError = futex(address, expected, until - from);
        if (osError === 0) return { ending: "woken" };
      }
      if (osError === EAGAIN) {
        // The word had the value before, so it was changed.
        return { ending: isCalledBack(control) ? "cancelled" : "woken" };
      }
      if (osError === ETIMEDOUT) {
        if (deadline !== undefined && now() >= deadline) return { ending: "elapsed" };
      } else if (hasWaitv && (osError === ENOSYS || osError === EPERM)) hasWaitv = false;
      else if (osError !== EINTR) {
        return { syscall: hasWaitv ? "futex_waitv" : "futex", osError };
      }
    }
  };
}
