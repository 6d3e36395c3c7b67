/**
 * What mapped files, and memory made ready, save.
 *
 * @module
 */
import { runScript, type Runtime } from "./processes.ts";
import { quartiles, ratios, type Result } from "./result.ts";

/** What `filing.ts` prints: milliseconds in pairs, one of each for each round. */
export interface Filing {
  readonly benchmark:
    | "random reads"
    | "random copies"
    | "last byte"
    | "stores"
    | "guarded views"
    | "ready";
  readonly sysalloc: readonly number[];
  readonly reference: readonly number[];
}

/** How each line reads: how many times as fast sysalloc is, or how long it takes by comparison. */
const LINES: Readonly<
  Record<Filing["benchmark"], Pick<Result, "benchmark" | "comparedWith" | "target">>
> = {
  "random reads": {
    benchmark: "speed of 4 KiB at random offsets of 1 GiB, in place in map()",
    comparedWith: "FileHandle.read()",
    target: { bound: "at least", value: 10 },
  },
  "random copies": {
    benchmark: "speed of 4 KiB at random offsets of 1 GiB, copied from map()",
    comparedWith: "fs.readSync()",
  },
  "last byte": {
    benchmark: "speed of map() of 1 GiB and its last byte",
    comparedWith: "fs.readFileSync()",
    target: { bound: "at least", value: 100 },
  },
  "stores": {
    benchmark: "speed of stores to mapMut()",
    comparedWith: "mapAnon()",
    target: { bound: "at least", value: 0.95 },
  },
  "guarded views": {
    benchmark: "time of view() of a guarded file",
    comparedWith: "not guarded",
    target: { bound: "at most", value: 1.05 },
  },
  "ready": {
    benchmark: 'time of 1 GiB made ready by advise("huge-page"), prefault()',
    comparedWith: "new Uint8Array().fill(1)",
    target: { bound: "at most", value: 0.5 },
  },
};

/** Writes a file of 1 GiB into `directory`. */
export async function writeGibibyte(directory: string): Promise<string> {
  const path = `${directory}/gibibyte`;
  using file = await Deno.open(path, { create: true, write: true });
  const part = new Uint8Array(2 ** 24).fill(1);
  for (let written = 0; written < 2 ** 30;) written += await file.write(part);
  return path;
}

/** Measures in one runtime; `path` is of a file of 1 GiB. */
export async function compareFiles(runtime: Runtime, path: string): Promise<Result[]> {
  const filings = await runScript<Filing[]>(runtime, "filing.ts", path);
  return filings.map(({ benchmark, sysalloc, reference }) => {
    const line = LINES[benchmark];
    const isSpeed = line.benchmark.startsWith("speed");
    return {
      ...line,
      runtime: runtime.name,
      unit: "x",
      comparedWith: `${line.comparedWith}: ${quartiles(reference).median.toFixed(1)} ms`,
      values: isSpeed ? ratios(reference, sysalloc) : ratios(sysalloc, reference),
    };
  });
}
