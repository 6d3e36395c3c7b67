/**
 * What a thread does on Linux that waits in another one's stead.
 *
 * It waits for two words at once, the one in question and one of the library's
 * own, by which it is called back: `futex_waitv` takes both, and tells which one
 * it was. A wake-up that comes together with a call is told first, so that none
 * is lost. Older kernels and some sandboxes do not have it: then it waits for the one,
 * in short slices, and looks at the other between.
 *
 * Deno does not end it with the thread that it works for: it looks for that
 * itself, by a signal 0.
 *
 * `errno` is copied by `memcpy`, because not every runtime's memory can be seen
 * in the same way.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const THREAD_SOURCE: string = String.raw`
({ open, view }, { library, numbers, process, thread, slice }) => {
  const EPERM = 1, ESRCH = 3, EINTR = 4, EAGAIN = 11, ENOSYS = 38, ETIMEDOUT = 110;
  const FUTEX_WAIT = 0n, FUTEX2_SIZE_U32 = 2n, CLOCK_MONOTONIC = 1n, SECOND = 1000000000n;
  const SHORT_SLICE = 10000000n;
  const usize = (count) => Array(count).fill("usize");
  // All seven parameters, always: syscall() reads the last one, from above its stack frame, and
  // where that is the end of koffi's stack, there is nothing to read.
  const { syscall: waitv } = open(library, {
    // number, waiters, nr_futexes, flags, timeout, clockid
    syscall: { parameters: ["usize", "buffer", ...usize(2), "buffer", ...usize(2)], result: "i32" },
  });
  const { syscall, clock_gettime, __errno_location } = open(library, {
    // number, uaddr, futex_op, val, timeout, uaddr2, val3
    syscall: { parameters: [...usize(4), "buffer", ...usize(2)], result: "i32" },
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    __errno_location: { parameters: [], result: "usize" },
  });
  const time = new BigInt64Array(2);
  const timeBytes = new Uint8Array(time.buffer);
  const waiters = new BigUint64Array(6); // two struct futex_waitv
  const waiterBytes = new Uint8Array(waiters.buffer);
  // It is read at once after each call, and by no call: a runtime makes calls of its own between.
  const errno = new Int32Array(view(BigInt(__errno_location()), 4));
  const now = () => {
    clock_gettime(1, timeBytes);
    return time[0] * SECOND + time[1];
  };
  const setTime = (nanoseconds) => {
    time[0] = nanoseconds / SECOND;
    time[1] = nanoseconds % SECOND;
  };
  const futex = (address, value, nanoseconds) => {
    setTime(nanoseconds);
    const result = syscall(numbers.futex, address, FUTEX_WAIT, value, timeBytes, 0n, 0n);
    return result < 0 ? errno[0] : 0;
  };
  const isCalledBack = (control) => futex(control, 0n, 0n) === EAGAIN;
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
        // Where both were woken, it tells of the last one.
        waiters.set([0n, control, FUTEX2_SIZE_U32, expected, address, FUTEX2_SIZE_U32]);
        setTime(until);
        const call = numbers.futex_waitv;
        const result = waitv(call, waiterBytes, 2n, 0n, timeBytes, CLOCK_MONOTONIC, 0n);
        osError = errno[0];
        if (result === 1) return { ending: "woken" };
        if (result === 0) return { ending: "cancelled" };
      } else {
        if (isCalledBack(control)) return { ending: "cancelled" };
        osError = futex(address, expected, until - from);
        if (osError === 0) return { ending: "woken" };
      }
      if (osError === EAGAIN) {
        // It had the value when it was asked for.
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
}`;
