/**
 * What a thread does on Windows that waits in another one's stead: for a
 * semaphore, for the event by which it is called back, and for the end of the
 * thread that it works for, which in Deno does not end it too.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const WINDOWS_THREAD_SOURCE: string = String.raw`
({ open }, { thread, frequency, slice }) => {
  const WAIT_OBJECT_0 = 0, WAIT_TIMEOUT = 0x102;
  const c = open("kernel32.dll", {
    WaitForMultipleObjects: { parameters: ["u32", "buffer", "i32", "u32"], result: "u32" },
    GetLastError: { parameters: [], result: "u32" },
    QueryPerformanceCounter: { parameters: ["buffer"], result: "i32" },
  });
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
        const left = Number(deadline - count[0]) / Number(frequency) * 1000;
        if (left <= 0) return { ending: "elapsed" };
        time = Math.min(time, Math.ceil(left));
      }
      // Of several that are there, it takes the first.
      const result = c.WaitForMultipleObjects(thread === 0n ? 2 : 3, handleBytes, 0, time) >>> 0;
      if (result === WAIT_OBJECT_0) return { ending: "woken" };
      if (result === 1 || result === 2) return { ending: "cancelled" };
      if (result !== WAIT_TIMEOUT) {
        return { syscall: "WaitForMultipleObjects", osError: c.GetLastError() >>> 0 };
      }
    }
  };
}`;
