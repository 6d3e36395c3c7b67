/**
 * The page of results for users: medians and ratios, of one or two sizes of each benchmark.
 *
 * @module
 */
import { type Benchmark, type Measure, TIME } from "../catalogue/benchmark.ts";
import { RUNTIMES } from "../catalogue/contenders.ts";
import type { Line, Results, Row } from "../results.ts";
import { Judge } from "./ratios.ts";
import { quartiles } from "./statistics.ts";
import { placeText, ratioText, sizeText, table, textOf } from "./units.ts";

/** A row of the results, with its benchmark. */
interface Entry {
  readonly benchmark: Benchmark;
  readonly row: Row;
}

/** The page, in Markdown. */
export function resultsPage(results: Results, benchmarks: readonly Benchmark[]): string {
  const entries = benchmarks.flatMap((benchmark) =>
    results.rows.filter((row) => row.benchmark === benchmark.name && row.error === undefined)
      .map((row): Entry => ({ benchmark, row }))
  );
  const served = entries.filter(({ benchmark, row }) =>
    !isProgram(benchmark) && [benchmark.quick, Math.max(...benchmark.sizes)].includes(row.size)
  );
  return [
    "# Results",
    "Medians of the last whole run. Less is better everywhere. sysalloc is shown in its fastest " +
    "form; [README.md](README.md) tells how it is measured, and why sysalloc is behind where it " +
    "is. [results.json](results.json) has every round.",
    machineText(results),
    "## Beside the floor",
    "How long sysalloc takes, and how many times as long as the same system calls without it: " +
    "by the runtime's FFI alone, or in C in the same process.",
    tableOf(served, (judge, line) => {
      const { toFloor } = judge.judge(line);
      return toFloor && `${medianText(line, TIME)}, ${ratioText(toFloor.ratio)}`;
    }),
    "## Beside what JavaScript has",
    "How many times as long sysalloc takes as the fastest that a program in the same runtime could " +
    "use instead.",
    tableOf(served, (judge, line) => {
      const { toBestPeer } = judge.judge(line);
      return toBestPeer && `${ratioText(toBestPeer.ratio)} \`${toBestPeer.name}\``;
    }),
    "## Whole programs",
    ...benchmarks.filter(isProgram).flatMap((benchmark) => programText(benchmark, entries)),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function machineText({ machine, leftOut }: Results): string {
  const { date, cpu, cores, memory, kernel, versions } = machine;
  const names = Object.entries(versions).map(([name, version]) =>
    `${name.replace(/ \d+$/, "")} ${version}`
  );
  const missing = Object.entries(leftOut).map(([name, reason]) => ` Without ${name}: ${reason}.`);
  return `${date.slice(0, 10)}: ${cpu}, ${cores} cores, ${Math.round(memory / 2 ** 30)} GiB, ` +
    `${kernel}. ${names.join(", ")}.${missing.join("")}`;
}

function isProgram({ contenders }: Benchmark): boolean {
  return contenders.some(({ how }) => how.by !== "served");
}

/** A line for each benchmark and size, with a cell for each runtime; none where all are empty. */
function tableOf(
  entries: readonly Entry[],
  cellOf: (judge: Judge, line: Line) => string | undefined,
): string {
  const lines = entries.flatMap(({ benchmark, row }) => {
    const judge = new Judge(benchmark, row, TIME);
    const cells = RUNTIMES.map((host) => {
      const own = row.lines.filter((line) =>
        line.role === "sysalloc" && line.host === host && line.rounds[TIME.key]?.length
      ).sort((a, b) => medianOf(a, TIME) - medianOf(b, TIME));
      return own[0] === undefined ? "" : cellOf(judge, own[0]) ?? "";
    });
    if (cells.every((cell) => cell === "")) return [];
    return [[`${benchmark.title} (\`${benchmark.name}\`)`, sizeText(row.size), ...cells]];
  });
  return table([["What", "Size", ...RUNTIMES], ...lines]);
}

/** All contenders of a whole program, by all measures. */
function programText(benchmark: Benchmark, entries: readonly Entry[]): string[] {
  const { title, measures = [TIME], contenders } = benchmark;
  const run = contenders.some(({ how }) => how.by === "program");
  return entries.filter((entry) => entry.benchmark === benchmark).flatMap(({ row }) => {
    const isIn = ({ key }: Measure) => row.lines.some(({ rounds }) => rounds[key]?.length);
    const shown = measures.some(isIn) ? measures : [TIME]; // older runs have the time alone
    const lines = row.lines.filter(({ rounds }) => rounds[shown[0]!.key]?.length);
    return [
      `### ${title}${row.size === 0 ? "" : `, ${sizeText(row.size)}`} (\`${benchmark.name}\`)`,
      table([
        ["With", ...(run ? ["In"] : []), ...shown.map((measure) => measure.title)],
        ...lines.map((line) => [
          line.name,
          ...(run ? [placeText(line)] : []),
          ...shown.map((measure) => medianText(line, measure)),
        ]),
      ]),
    ];
  });
}

function medianOf(line: Line, { key }: Measure): number {
  return quartiles(line.rounds[key]!).median;
}

function medianText(line: Line, measure: Measure): string {
  return line.rounds[measure.key]?.length ? textOf(measure)(medianOf(line, measure)) : "";
}
