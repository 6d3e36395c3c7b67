/**
 * The programs of `examples/`, which the suite and the checks of the site run.
 *
 * @module
 */

/** Their arguments, and a part of what they print. */
export const EXAMPLES: Readonly<
  Record<string, readonly [args: readonly string[], printed: string]>
> = {
  arrow: [["20000"], "after unmap() undefined"],
  machine_code: [[], "for x = 1000000: 3000000000002000007"],
  quickstart: [[], "closed is true"],
  range_server: [[], "9 ranges of 1000000 bytes were served and checked"],
  parallel_sum: [["1000000"], "Sum of 4 workers: 499999500000"],
  relay: [[], "Without one peer: The other side sent nothing for 300 ms"],
  growable: [["3000000"], "3000000 numbers, 2 chunks"],
  log_scan: [["8"], "streamed:"],
  ring: [[], "across its end"],
  safetensors: [[], "BF16 [2,2] copied: 1,-2,0.25,-Infinity"],
  secret: [[], "its views have length 0"],
  shared_cache: [[], "while 3 processes read them"],
  shared_counter: [[], "counted to 600000"],
  sparse: [[], "all rows dropped but the last"],
  vector_search: [["4000"], "Vector 3999: found 3999"],
  video_frames: [["60"], "60 frames of 1280 × 720 pixels"],
  wasm_search: [["2000"], "JavaScript in place"],
  wasm_sqlite: [["1000"], "SELECT sum(age) FROM people: 49500"],
  write_ahead_log: [["5"], "no acknowledged record is lost"],
};

/** Tells if a program has `using`, which Node.js below 24 does not know. */
export function hasUsing(program: string): boolean {
  return /^\s*using /m.test(program);
}
