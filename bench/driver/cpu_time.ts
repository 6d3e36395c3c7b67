/**
 * The processors' time of programs that have ended: a start is short, and other
 * work on the machine changes less of it than of the time by a clock.
 *
 * @module
 */

/** `RUSAGE_CHILDREN`: {@link https://man7.org/linux/man-pages/man2/getrusage.2.html} */
const RUSAGE_CHILDREN = -1;
/** `sizeof(struct rusage)`, which starts with the two times: seconds and microseconds of each. */
const RUSAGE_BYTES = 144;

/** Of all programs that this one has started and waited for, in nanoseconds. */
export function childrenCpuTime(): number {
  const { symbols } = Deno.dlopen("libc.so.6", {
    // int getrusage(int who, struct rusage *usage)
    getrusage: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const usage = new BigInt64Array(RUSAGE_BYTES / 8);
  if (symbols.getrusage(RUSAGE_CHILDREN, usage) !== 0) throw new Error("getrusage() failed");
  const [userSeconds, userMicroseconds, systemSeconds, systemMicroseconds] = usage;
  return 1e9 * Number(userSeconds! + systemSeconds!) +
    1e3 * Number(userMicroseconds! + systemMicroseconds!);
}
