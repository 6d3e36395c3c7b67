/**
 * The source of a thread that waits for `waitAsync()` on macOS. `scripts/thread_sources.ts`
 * compiles it into `waiting_thread_code.ts`.
 *
 * The thread sleeps in short slices. Between them it checks whether it must stop waiting, and
 * whether its owner still exists, because Deno does not end it together with its owner.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import type { ThreadReport } from "../contract/waiting.ts";
import type { ThreadJob } from "../posix/waiting.ts";
import {
  CLOCK_UPTIME_RAW,
  OS_CLOCK_MACH_ABSOLUTE_TIME,
  OS_SYNC_WAIT_ON_ADDRESS_SHARED,
} from "./calls.ts";

/** The data of a thread. */
export interface ThreadData {
  readonly library: string;
  /** The thread that this one works for. */
  readonly thread: bigint;
  /** The longest sleep, in nanoseconds. */
  readonly slice: bigint;
}

const ESRCH = 3, EINTR = 4, EFAULT = 14, ETIMEDOUT = 60;
const WORD = 4n;
const FAULT_PAUSE = 1_000_000n;
const MAX_FAULTS = 100;

const FUNCTIONS = {
  os_sync_wait_on_address_with_timeout: {
    parameters: ["usize", "usize", "usize", "u32", "u32", "usize"],
    result: "i32",
  },
  clock_gettime_nsec_np: { parameters: ["u32"], result: "usize" },
  memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  __error: { parameters: [], result: "usize" },
  pthread_kill: { parameters: ["usize", "i32"], result: "i32" }, // safe if the thread has ended
} as const;

/** See {@linkcode Waiting.threadSource}. */
export default function work(
  { open, view }: Native,
  { library, thread, slice }: ThreadData,
): (job: ThreadJob) => ThreadReport {
  const c = open(library, FUNCTIONS);
  const word = new Int32Array(1);
  const bytes = new Uint8Array(word.buffer);
  // Read from memory right after a call: a runtime makes other calls between two calls of C.
  const errno = new Int32Array(view(BigInt(c.__error()), 4));

  const load = (address: bigint) => {
    c.memcpy(bytes, address, WORD);
    return word[0];
  };
  const now = () => BigInt(c.clock_gettime_nsec_np(CLOCK_UPTIME_RAW));
  const sleep = (address: bigint, value: bigint, time: bigint) =>
    c.os_sync_wait_on_address_with_timeout(
      address,
      value,
      WORD,
      OS_SYNC_WAIT_ON_ADDRESS_SHARED,
      OS_CLOCK_MACH_ABSOLUTE_TIME,
      time,
    );

  return ({ address, expected, control, deadline }) => {
    for (let faults = 0;;) {
      if (load(control) !== 0) return { ending: "cancelled" };
      if (c.pthread_kill(thread, 0) === ESRCH) return { ending: "cancelled" };
      let time = slice / 10n;
      if (deadline !== undefined) {
        const left = deadline - now();
        if (left <= 0n) return { ending: "elapsed" };
        if (left < time) time = left;
      }
      const result = sleep(address, expected, time);
      const osError = errno[0]!;
      // The word had the value before, so it was changed.
      if (result >= 0) return { ending: "woken" };
      // The page of the word may be out of RAM, or lost because the file was truncated.
      if (osError === EFAULT && ++faults <= MAX_FAULTS) sleep(control, 0n, FAULT_PAUSE);
      else if (osError === EINTR || osError === ETIMEDOUT) faults = 0;
      else return { syscall: "os_sync_wait_on_address_with_timeout", osError };
    }
  };
}
