/**
 * What a ticket saves where memory goes to another thread.
 *
 * @module
 */
import type { Handing } from "./handing.ts";
import { runScript, type Runtime } from "./processes.ts";
import { quartiles, ratios, type Result } from "./result.ts";

/** Measures in one runtime. */
export async function compareHanding(runtime: Runtime): Promise<Result[]> {
  const handings = await runScript<Handing[]>(runtime, "handing.ts");
  return handings.map(({ benchmark, sysalloc, reference }) => {
    const milliseconds = quartiles(reference).median;
    return benchmark === "ticket"
      ? {
        benchmark: "time of 1 GiB handed to a worker by a ticket",
        runtime: runtime.name,
        comparedWith: `a message: ${milliseconds.toFixed(3)} ms`,
        unit: "ms",
        values: sysalloc.map((time, round) => time - reference[round]!),
        target: { bound: "at most", value: 0.05 },
      }
      : {
        benchmark: "speed of 1 GiB handed to a worker by a ticket",
        runtime: runtime.name,
        comparedWith: `a structured clone: ${milliseconds.toFixed(0)} ms`,
        unit: "x",
        values: ratios(reference, sysalloc),
        target: { bound: "at least", value: 1000 },
      };
  });
}
