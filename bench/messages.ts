/**
 * What messages between processes gain by shared memory.
 *
 * @module
 */
import { runScript, type Runtime } from "./processes.ts";
import { quartiles, ratios, type Result } from "./result.ts";
import type { Sending } from "./sending.ts";

const REFERENCES = { messages: "child_process messages", pipe: "a pipe" } as const;

/** Measures in one runtime. */
export async function compareSending(runtime: Runtime): Promise<Result[]> {
  const sendings = await runScript<Sending[]>(runtime, "sending.ts");
  return sendings.flatMap(({ byteLength, times }) =>
    (["messages", "pipe"] as const).map((reference) => ({
      benchmark: `speed of messages of ${lengthText(byteLength)} by the channel of examples/: ` +
        timeText(times.channel),
      runtime: runtime.name,
      comparedWith: `${REFERENCES[reference]}: ${timeText(times[reference])}`,
      unit: "x" as const,
      values: ratios(times[reference], times.channel),
    }))
  );
}

function timeText(microseconds: readonly number[]): string {
  return `${quartiles(microseconds).median.toFixed(1)} µs`;
}

function lengthText(byteLength: number): string {
  if (byteLength < 1024) return `${byteLength} B`;
  return byteLength < 2 ** 20 ? `${byteLength / 1024} KiB` : `${byteLength / 2 ** 20} MiB`;
}
