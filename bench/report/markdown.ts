/**
 * The table of results, in Markdown.
 *
 * @module
 */
import {
  type Benchmark,
  type HostName,
  type Measure,
  type Target,
  TIME,
} from "../catalogue/benchmark.ts";
import type { Line, Results, Row } from "../results.ts";
import { quartiles } from "../statistics.ts";
import { type Compared, Judge, type Verdict } from "./judging.ts";
import { bytesText, ratioText, sizeText, timeText } from "./units.ts";

const HEADINGS = [
  "Size",
  "What",
  "On",
  "Median",
  "Quartiles",
  "To C",
  "To the best JavaScript peer",
  "Target",
];

/** What hosts are called, where it is not by their names. */
const PLACES: Readonly<Partial<Record<HostName, string>>> = {
  "npm": "Node.js of npm",
  "C": "its own process",
  "Rust": "its own process",
};

/** All of a run. */
export function toMarkdown(results: Results, benchmarks: readonly Benchmark[]): string {
  const parts = benchmarks.flatMap((benchmark) => {
    const rows = results.rows.filter((row) => row.benchmark === benchmark.name);
    return rows.length === 0 ? [] : [section(benchmark, rows)];
  });
  return [
    "# Results",
    "Written by `npm run bench`; [README.md](README.md) says how it is measured.",
    machineText(results),
    leftOutText(results),
    missedText(results, benchmarks),
    ...parts,
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function machineText({ machine }: Results): string {
  const { date, cpu, cores, memory, kernel, load, versions } = machine;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}: ${cpu}, ${cores} cores, ${Math.round(memory / 2 ** 30)} GiB, ${kernel}, ` +
    `load ${load.toFixed(1)} before it began. ${names.join(", ")}.`;
}

function leftOutText({ leftOut }: Results): string {
  const entries = Object.entries(leftOut);
  if (entries.length === 0) return "";
  return `Left out:\n\n${entries.map(([name, reason]) => `- ${name}: ${reason}`).join("\n")}`;
}

/** The targets, and those that are not met. */
function missedText({ rows }: Results, benchmarks: readonly Benchmark[]): string {
  const all = benchmarks.flatMap((benchmark) =>
    rows.filter((row) => row.benchmark === benchmark.name).flatMap((row) =>
      (benchmark.measures ?? [TIME]).flatMap((measure) => verdictsOf(benchmark, row, measure))
    )
  );
  const missed = all.filter(({ isMet }) => !isMet);
  const counts = `${all.length - missed.length} of ${all.length} targets are met.`;
  if (missed.length === 0) return counts;
  return `${counts} Not met are:\n\n${missed.map(({ text }) => `- ${text}`).join("\n")}`;
}

function verdictsOf(benchmark: Benchmark, row: Row, measure: Measure) {
  const judge = new Judge(benchmark, row, measure);
  const size = row.size === 0 ? "" : `, ${sizeText(row.size)}`;
  return row.lines.flatMap((line) =>
    judge.judge(line).verdicts.map((verdict) => ({
      isMet: verdict.isMet,
      text: `\`${benchmark.name}\`${size}, ${line.name} on ${placeText(line)}: ` +
        verdictText(verdict, textOf(measure)),
    }))
  );
}

function textOf({ unit }: Measure): (value: number) => string {
  return unit === "ns" ? timeText : bytesText;
}

function section(benchmark: Benchmark, rows: readonly Row[]): string {
  const { name, title, counted, measures = [TIME], behind } = benchmark;
  const tables = measures.map((measure) => {
    const lines = rows.flatMap((row) => toCells(benchmark, row, measure));
    const heading = measures.length === 1 ? "" : `${sentence(measure.title)}:\n\n`;
    return heading + table([HEADINGS, ...lines]);
  });
  const errors = rows.flatMap(({ size, error }) =>
    error === undefined
      ? []
      : [`**It does not count${size ? ` at ${sizeText(size)}` : ""}**: ${error}.`]
  );
  const what = `\`${name}\`. Counted is ${counted}.` +
    (behind === undefined ? "" : ` No peer is to be beaten: ${behind}.`);
  return [`## ${title}`, what, ...errors, ...tables].join("\n\n");
}

function toCells(benchmark: Benchmark, row: Row, measure: Measure): string[][] {
  const judge = new Judge(benchmark, row, measure);
  const text = textOf(measure);
  return row.lines.flatMap((line): string[][] => {
    const start = [sizeText(row.size), line.name, placeText(line)];
    if (line.leftOut !== undefined) {
      if (measure !== (benchmark.measures ?? [TIME])[0]) return [];
      return [[...start, `left out: ${line.leftOut}`, "", "", "", ""]];
    }
    const values = line.rounds[measure.key];
    if (!values?.length) return [];
    const { lower, median, upper } = quartiles(values);
    const { toC, toBestPeer, verdicts } = judge.judge(line);
    return [[
      ...start,
      text(median),
      `${text(lower)} to ${text(upper)}`,
      toC === undefined ? "" : ratioText(toC.ratio),
      comparedText(toBestPeer),
      verdicts.map((verdict) => verdictText(verdict, text)).join("<br>"),
    ]];
  });
}

function placeText({ host }: Line): string {
  return PLACES[host] ?? host;
}

function comparedText(compared: Compared | undefined): string {
  return compared === undefined ? "" : `${ratioText(compared.ratio)} of ${compared.name}`;
}

function verdictText({ target, against, value, isMet }: Verdict, text: (value: number) => string) {
  const bound = boundText(target, text);
  const found = target.atMostMore === undefined
    ? (target.against === "the number" ? text(value) : ratioText(value))
    : text(value);
  const kept = isMet ? "met" : `**not met: ${found}**`;
  return against === "" ? `${bound}: ${kept}` : `${bound} ${against}: ${kept}`;
}

function boundText(
  { against, atMost, atMostMore }: Target,
  text: (value: number) => string,
): string {
  if (atMostMore !== undefined) return `at most ${text(atMostMore)} more than`;
  if (against === "the number") return `at most ${text(atMost!)}`;
  return `at most ${ratioText(atMost!)}`;
}

function table([headings, ...lines]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings!), line(headings!.map(() => "---")), ...lines.map(line)].join("\n");
}

function sentence(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
