/**
 * The source of a thread that waits for `waitAsync()` on Windows. `scripts/thread_sources.ts`
 * compiles it into `waiting_thread_code.ts`.
 *
 * The thread waits for three objects: the semaphore of the caller's place, the event that tells it
 * to stop waiting, and the owner thread, because Deno does not end both together.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import type { ThreadReport } from "../contract/waiting.ts";
import { WAIT_OBJECT_0, WAIT_TIMEOUT } from "./constants.ts";

/** The data of a thread. */
export interface ThreadData {
  /** The handle of the owner thread, or 0. */
  readonly thread: bigint;
  /** The ticks of the clock in a second. */
  readonly frequency: bigint;
  /** The longest sleep, in milliseconds. */
  readonly slice: number;
}

/** One wait. */
interface Job {
  readonly semaphore: bigint;
  readonly event: bigint;
  readonly deadline: bigint | undefined;
}

const FUNCTIONS = {
  // DWORD WaitForMultipleObjects(DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll,
  //   DWORD dwMilliseconds)
  WaitForMultipleObjects: { parameters: ["u32", "buffer", "i32", "u32"], result: "u32" },
  GetLastError: { parameters: [], result: "u32" },
  QueryPerformanceCounter: { parameters: ["buffer"], result: "i32" },
} as const;

/** See {@linkcode Waiting.threadSource}. */
export default function work(
  { open }: Native,
  { thread, frequency, slice }: ThreadData,
): (job: Job) => ThreadReport {
  const c = open("kernel32.dll", FUNCTIONS);
  const handles = new BigUint64Array(3);
  const handleBytes = new Uint8Array(handles.buffer);
  const count = new BigInt64Array(1);
  const countBytes = new Uint8Array(count.buffer);

  return ({ semaphore, event, deadline }) => {
    handles.set([semaphore, event, thread]);
    for (;;) {
      let time = slice;
      if (deadline !== undefined) {
        c.QueryPerformanceCounter(countBytes);
        const left = Number(deadline - count[0]!) / Number(frequency) * 1000;
        if (left <= 0) return { ending: "elapsed" };
        time = Math.min(time, Math.ceil(left));
      }
      // If several are signaled, the call returns the first.
      const result = c.WaitForMultipleObjects(thread === 0n ? 2 : 3, handleBytes, 0, time) >>> 0;
      if (result === WAIT_OBJECT_0) return { ending: "woken" };
      if (result === 1 || result === 2) return { ending: "cancelled" };
      if (result !== WAIT_TIMEOUT) {
        return { syscall: "WaitForMultipleObjects", osError: c.GetLastError() >>> 0 };
      }
    }
  };
}
