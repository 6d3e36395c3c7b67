/**
 * Waiting on Linux, by `futex`.
 *
 * @module
 */
import type { Waiting } from "../contract/waiting.ts";
import { MAP_PRIVATE, POSIX } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import { posixWaiting } from "../posix/waiting.ts";
import {
  CLOCK_MONOTONIC,
  EAGAIN,
  EINTR,
  ETIMEDOUT,
  FUTEX_CMP_REQUEUE,
  FUTEX_WAIT,
  FUTEX_WAKE,
  LINUX,
  MAP_ANONYMOUS,
  processor,
} from "./calls.ts";
import type { ThreadData } from "./waiting_thread.ts";
import { THREAD_SOURCE } from "./waiting_thread_code.ts";

const SECOND = 1_000_000_000;
/** The most that `FUTEX_WAKE` wakes: `INT_MAX`. */
const MAX_COUNT = 0x7fff_ffff;

/** Opens `futex`. */
export function linuxWaiting(library: CLibrary): Waiting {
  const { open, errno, failed, arch } = library;
  const { syscall, clock_gettime } = open(LINUX, "syscall", "clock_gettime");
  const numbers = processor(arch).calls;
  const { futex } = numbers;
  const wake = (address: bigint, count: bigint) =>
    syscall(futex, address, FUTEX_WAKE, count, 0n, 0n, 0n);

  return posixWaiting(library, MAP_PRIVATE | MAP_ANONYMOUS, {
    now({ address, time }) {
      clock_gettime(CLOCK_MONOTONIC, address);
      return time[0]! * SECOND + time[2]!; // the upper halves are 0 for the first 68 years
    },

    sleep(page, address, value, time) {
      if (time === 0) {
        // A sleep of no time takes some 80 µs. This call only compares: it wakes and requeues
        // nobody.
        const compared = syscall(futex, address, FUTEX_CMP_REQUEUE, 0n, 0n, page.address, value);
        if (compared >= 0) return "elapsed";
        const osError = errno();
        return osError === EAGAIN ? "different" : failed("futex", osError);
      }
      page.time[0] = 0; // a slice is shorter than a second: see SLICE_MS
      page.time[2] = time;
      if (syscall(futex, address, FUTEX_WAIT, value, page.address, 0n, 0n) === 0) return "woken";
      // By its number: an object for a failure takes as long as the rest of this function.
      const osError = errno();
      switch (osError) {
        case EAGAIN:
          return "different";
        case ETIMEDOUT:
          return "elapsed";
        case EINTR:
          return "interrupted";
        default:
          return failed("futex", osError);
      }
    },

    notify(address, count) {
      const woken = wake(address, BigInt(Math.min(count, MAX_COUNT)));
      return woken < 0 ? failed("futex") : woken;
    },

    callBack: (control) => void wake(control, 1n),

    threadSource: THREAD_SOURCE,

    threadData(slice): ThreadData {
      const thread = BigInt(syscall(numbers.gettid, 0n, 0n, 0n, 0n, 0n, 0n));
      const process = BigInt(open(POSIX, "getpid").getpid());
      return { library: library.file, numbers, process, thread, slice };
    },
  });
}
