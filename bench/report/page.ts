/**
 * The page of results for users: the jobs, and medians and ratios of one or two sizes of the others.
 *
 * @module
 */
import { type Benchmark, type HostName, type Measure, TIME } from "../catalogue/benchmark.ts";
import { RUNTIMES } from "../catalogue/contenders.ts";
import type { Line, Results, Row } from "../results.ts";
import { Judge } from "./ratios.ts";
import { quartiles } from "./statistics.ts";
import { bar, placeText, ratioText, sizeText, table, textOf } from "./units.ts";

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
  const jobs = entries.filter(({ benchmark }) => benchmark.job !== undefined);
  const others = entries.filter(({ benchmark }) => benchmark.job === undefined);
  const served = others.filter(({ benchmark, row }) =>
    !isProgram(benchmark) && [benchmark.quick, Math.max(...benchmark.sizes)].includes(row.size)
  );
  return [
    "# Results",
    "Medians of the last whole run. Less is better everywhere. [README.md](README.md) tells how it " +
    "is measured, and why sysalloc is behind where it is. [results.json](results.json) has every " +
    "round.",
    machineText(results),
    "## Jobs",
    "Whole programs with the libraries that people use, each beside what one would write without " +
    "sysalloc. Own memory is what no file backs, of all processes that take part. The picture " +
    "shows how many times as much the best alternative in the same runtime takes.",
    jobs.length === 0 ? "" : chartText("."),
    ...jobs.flatMap(jobText),
    "## Beside the floor",
    "How long sysalloc takes, in its fastest form, and how many times as long as the same system " +
    "calls by nothing but the runtime's FFI, in the same process; or as the same without an " +
    "option, where a row tells what that costs.",
    tableOf(served, (judge, line) => {
      const { toFloor } = judge.judge(line);
      return toFloor && `${medianText(line, TIME)}, ${ratioText(toFloor.ratio)}`;
    }),
    "## Beside C and what JavaScript has",
    "How many times as long sysalloc takes as C in the same process, and as the fastest that a " +
    "program in the same runtime could use instead.",
    tableOf(served, (judge, line) => {
      const { toC, toBestPeer } = judge.judge(line);
      const cells = [
        ...(toC ? [`${ratioText(toC.ratio)} C`] : []),
        ...(toBestPeer ? [`${ratioText(toBestPeer.ratio)} \`${toBestPeer.name}\``] : []),
      ];
      return cells.join(", ");
    }),
    "## Programs",
    ...benchmarks.filter(isProgram).flatMap((benchmark) => programText(benchmark, others)),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

/** The picture of the jobs, from a folder. */
export function chartText(folder: string): string {
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="${folder}/jobs-dark.svg">
  <img alt="For each job, how many times the time and the own memory of sysalloc the best alternative takes, in Deno, Bun and Node.js 26" src="${folder}/jobs.svg">
</picture>`;
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

function isProgram({ contenders, job }: Benchmark): boolean {
  return job === undefined && contenders.some(({ how }) => how.by !== "served");
}

/** All contenders of a job: the bars are of the first measure. */
function jobText({ benchmark, row }: Entry): string[] {
  const { name, title, measures = [TIME], behind } = benchmark;
  const first = measures[0]!;
  // A reader looks for a runtime; other languages come last.
  const hosts = new Set<HostName>([...RUNTIMES, ...row.lines.map(({ host }) => host)]);
  const lines = [...hosts].flatMap((host) =>
    row.lines.filter((line) => line.host === host && line.rounds[first.key]?.length)
  );
  const largest = Math.max(...lines.map((line) => medianOf(line, first)));
  const missing = row.lines.filter(({ leftOut }) => leftOut !== undefined)
    .map((line) => `${line.name} in ${placeText(line)}: ${line.leftOut}.`);
  return [
    `### ${title}${row.size === 0 ? "" : `, ${sizeText(row.size)}`} (\`${name}\`)`,
    table([
      ["With", "In", "", ...measures.map(({ title }) => title)],
      ...lines.map((line) => [
        line.role === "sysalloc" ? `**${line.name}**` : line.name,
        placeText(line),
        bar(medianOf(line, first), largest),
        ...measures.map((measure) => medianText(line, measure)),
      ]),
    ]),
    ...(behind === undefined ? [] : [`Where an alternative is ahead: ${behind}.`]),
    ...(missing.length === 0 ? [] : [`Left out: ${missing.join(" ")}`]),
  ];
}

/** A line for each benchmark and size, with a cell for each runtime; none where all are empty. */
function tableOf(
  entries: readonly Entry[],
  cellOf: (judge: Judge, line: Line) => string | undefined,
): string {
  const lines = entries.flatMap(({ benchmark, row }) => {
    const judge = new Judge(benchmark, row, TIME);
    const cells = RUNTIMES.map((host) => {
      const own = judge.bestIn(host);
      return own === undefined ? "" : cellOf(judge, own) ?? "";
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
