/**
 * What it saves to wake another process or thread by a word of shared memory.
 *
 * @module
 */
import { runScript, type Runtime } from "./processes.ts";
import { quartiles, ratios, type Result } from "./result.ts";

/** What `waking.ts` prints: microseconds of a round trip in pairs, one of each for each round. */
export interface Waking {
  readonly benchmark: "processes" | "threads";
  readonly sysalloc: readonly number[];
  readonly reference: readonly number[];
}

/** Measures in one runtime, by files in `directory`. */
export async function compareWakings(runtime: Runtime, directory: string): Promise<Result[]> {
  const path = `${directory}/words`;
  await Deno.writeFile(path, new Uint8Array(4096));
  const wakings = await runScript<Waking[]>(runtime, "waking.ts", path);
  return wakings.map(({ benchmark, sysalloc, reference }) => {
    const us = quartiles(reference).median.toFixed(1);
    const own = quartiles(sysalloc).median.toFixed(1);
    const common = { runtime: runtime.name, unit: "x" } as const;
    return benchmark === "processes"
      ? {
        ...common,
        benchmark: `speed of wait(), notify() between processes: ${own} µs a round trip`,
        comparedWith: `child_process messages: ${us} µs`,
        values: ratios(reference, sysalloc),
        target: { bound: "at least", value: 5 },
      }
      : {
        ...common,
        benchmark: `time of wait(), notify() between threads: ${own} µs a round trip`,
        comparedWith: `Atomics: ${us} µs`,
        values: ratios(sysalloc, reference),
        target: { bound: "at most", value: 1.5 },
      };
  });
}
