/**
 * All that a run measured, and the targets, for developers.
 *
 * @module
 */
import { type Benchmark, type Measure, type Target, TIME } from "../catalogue/benchmark.ts";
import type { Results, Row } from "../results.ts";
import { quartiles } from "./statistics.ts";
import { type Compared, Judge, type Verdict } from "./ratios.ts";
import { placeText, ratioText, sizeText, table, textOf } from "./units.ts";

const HEADINGS = [
  "Size",
  "What",
  "On",
  "Median",
  "Quartiles",
  "To the floor",
  "To the best JavaScript peer",
];

/** A table for each benchmark. */
export function detailsText(results: Results, benchmarks: readonly Benchmark[]): string {
  return benchmarks.flatMap((benchmark) => {
    const rows = results.rows.filter((row) => row.benchmark === benchmark.name);
    return rows.length === 0 ? [] : [section(benchmark, rows)];
  }).join("\n\n");
}

/** Counts the targets that are met, and lists the others. */
export function targetsText({ rows }: Results, benchmarks: readonly Benchmark[]): string {
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
      return [[...start, `left out: ${line.leftOut}`, "", "", ""]];
    }
    const values = line.rounds[measure.key];
    if (!values?.length) return [];
    const { lower, median, upper } = quartiles(values);
    const { toFloor, toBestPeer } = judge.judge(line);
    return [[
      ...start,
      text(median),
      `${text(lower)} to ${text(upper)}`,
      toFloor === undefined ? "" : ratioText(toFloor.ratio),
      comparedText(toBestPeer),
    ]];
  });
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

function sentence(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
