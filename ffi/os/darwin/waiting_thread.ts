/**
 * What a thread does on macOS that waits in another one's stead: it sleeps in
 * short slices, and looks between whether it is called back, and (Deno does not end
 * it with the thread that it works for) whether that thread is still there.
 *
 * @module
 */

/** See {@linkcode Waiting.threadSource}. */
export const DARWIN_THREAD_SOURCE: string = String.raw`
({ open, view }, { library, thread, slice }) => {
  const ESRCH = 3, EINTR = 4, EFAULT = 14, ETIMEDOUT = 60;
  const SHARED = 1, OS_CLOCK_MACH_ABSOLUTE_TIME = 32, CLOCK_UPTIME_RAW = 8;
  const SHORT_SLICE = slice / 10n;
  const WORD = 4n, FAULT_PAUSE = 1000000n, MAX_FAULTS = 100;
  const c = open(library, {
    os_sync_wait_on_address_with_timeout: {
      parameters: ["usize", "usize", "usize", "u32", "u32", "usize"],
      result: "i32",
    },
    clock_gettime_nsec_np: { parameters: ["u32"], result: "usize" },
    memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
    __error: { parameters: [], result: "usize" },
    pthread_kill: { parameters: ["usize", "i32"], result: "i32" }, // safe where the thread has ended
  });
  const word = new Int32Array(1);
  const bytes = new Uint8Array(word.buffer);
  const load = (address) => {
    c.memcpy(bytes, address, WORD);
    return word[0];
  };
  // Read at once after a call, and by no call: a runtime makes calls of its own between.
  const errno = new Int32Array(view(BigInt(c.__error()), 4));
  const now = () => BigInt(c.clock_gettime_nsec_np(CLOCK_UPTIME_RAW));
  const sleep = (address, value, time) =>
    c.os_sync_wait_on_address_with_timeout(
      address, value, WORD, SHARED, OS_CLOCK_MACH_ABSOLUTE_TIME, time,
    );
  return ({ address, expected, control, deadline }) => {
    for (let faults = 0;;) {
      if (load(control) !== 0) return { ending: "cancelled" };
      if (c.pthread_kill(thread, 0) === ESRCH) return { ending: "cancelled" };
      let time = SHORT_SLICE;
      if (deadline !== undefined) {
        const left = deadline - now();
        if (left <= 0n) return { ending: "elapsed" };
        if (left < time) time = left;
      }
      const result = sleep(address, expected, time);
      const osError = errno[0];
      // A word that differs is one that was changed: it had the value when it was asked for.
      if (result >= 0) return { ending: "woken" };
      // Its page can be out of RAM for a moment, or gone with the end of its file.
      if (osError === EFAULT && ++faults <= MAX_FAULTS) sleep(control, 0n, FAULT_PAUSE);
      else if (osError === EINTR || osError === ETIMEDOUT) faults = 0;
      else return { syscall: "os_sync_wait_on_address_with_timeout", osError };
    }
  };
}`;
