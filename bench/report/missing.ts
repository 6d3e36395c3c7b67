/**
 * Finds the rows that a run should have, and lacks.
 *
 * @module
 */
import { type Benchmark, builtFor, contendersAt, TIME } from "../catalogue/benchmark.ts";
import { isOf, type Results } from "../results.ts";
import { sizeText } from "./units.ts";

/**
 * The lines that are not there: all of sysalloc must be, by every measure, and of the others those
 * whose host could be built. What cannot take part is not missing; a row whose contenders did not do
 * the same is.
 */
export function missingFrom(
  { rows, leftOut }: Results,
  benchmarks: readonly Benchmark[],
  isQuick: boolean,
): string[] {
  return benchmarks.flatMap((benchmark) => {
    const { name, sizes, quick, measures = [TIME] } = benchmark;
    return (isQuick ? [quick] : sizes).flatMap((size): string[] => {
      const row = rows.find((row) => row.benchmark === name && row.size === size);
      const title = size === 0 ? name : `${name} at ${sizeText(size)}`;
      if (row === undefined || row.error !== undefined) {
        return [`${title}: ${row?.error ?? "it was not measured"}`];
      }
      return contendersAt(benchmark, size).flatMap((contender): string[] => {
        const line = row.lines.find((line) => isOf(line, contender));
        const { role } = contender;
        if (role !== "sysalloc" && builtFor(contender) in leftOut) return [];
        if (contender.unavailable !== undefined) return [];
        const isThere = measures.every(({ key }) =>
          line?.rounds[key]?.length || (key !== "time" && (role === "c" || role === "native"))
        );
        const reason = line?.leftOut ?? "it has no rounds";
        return isThere ? [] : [`${title}, ${contender.name} on ${contender.host}: ${reason}`];
      });
    });
  });
}
