/**
 * Mapping beside C, and reading beside an ordinary `ArrayBuffer`, in each
 * runtime.
 *
 * @module
 */
import { runScript, type Runtime } from "./processes.ts";
import { type Comparison, quartiles, ratios, type Result, type Target } from "./result.ts";

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** Runs the benchmarks in `runtime`; `library` is what was built from `reference.c`. */
export async function compare(
  runtime: Runtime,
  library: string,
): Promise<Result[]> {
  const comparisons = [
    ...await runScript<Comparison[]>(runtime, "mapping.ts", library),
    ...await runScript<Comparison[]>(runtime, "reading.ts"),
  ];
  return comparisons.map((comparison) => toResult(runtime, comparison));
}

function toResult({ name }: Runtime, comparison: Comparison): Result {
  const { benchmark, byteLength, sysalloc, reference } = comparison;
  const size = byteLength < MIB ? `${byteLength / KIB} KiB` : `${byteLength / MIB} MiB`;
  const common = { runtime: name, unit: "x" } as const;
  const nanoseconds = quartiles(reference).median;
  if (benchmark === "read") {
    return {
      ...common,
      benchmark: `speed of reading a Uint8Array, ${size}`,
      comparedWith: `ArrayBuffer: ${(1 / nanoseconds).toFixed(1)} GB/s`,
      values: ratios(reference, sysalloc),
      target: targetOf(name, comparison),
    };
  }
  const what = benchmark === "map" ? "mapAnon(), unmap()" : "mapAnon(), bytes[0] = 1, unmap()";
  return {
    ...common,
    benchmark: `time of ${what}, ${size}`,
    comparedWith: `C: ${(nanoseconds / 1000).toFixed(2)} µs`,
    values: ratios(sysalloc, reference),
    target: targetOf(name, comparison),
  };
}

function targetOf(
  runtime: Runtime["name"],
  { benchmark, byteLength }: Comparison,
): Target | undefined {
  if (runtime === "Node.js 22, koffi") return undefined;
  switch (benchmark) {
    case "map":
      return { bound: "at most", value: runtime === "Node.js 26" ? 1.3 : 1.1 };
    case "store":
      // Bun counts a view as heap: making one of 16 MiB makes it collect.
      if (runtime === "Bun" && byteLength > MIB) return undefined;
      return { bound: "at most", value: runtime === "Bun" ? 1.2 : 1 };
    case "read":
      return { bound: "at least", value: 0.97 };
  }
}
