/**
 * All that a run measured, for developers.
 *
 * @module
 */
import { type Benchmark, type Measure, TIME } from "../catalogue/benchmark.ts";
import type { Results, Row } from "../results.ts";
import { quartiles } from "./statistics.ts";
import { type Compared, Judge } from "./ratios.ts";
import { placeText, ratioText, sizeText, table, textOf } from "./units.ts";

const HEADINGS = [
  "Size",
  "What",
  "On",
  "Median",
  "Quartiles",
  "To the floor",
  "To C",
  "To the best JavaScript peer",
];

/** A table for each benchmark. */
export function detailsText(results: Results, benchmarks: readonly Benchmark[]): string {
  return benchmarks.flatMap((benchmark) => {
    const rows = results.rows.filter((row) => row.benchmark === benchmark.name);
    return rows.length === 0 ? [] : [section(benchmark, rows)];
  }).join("\n\n");
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
    (behind === undefined ? "" : ` Where a peer is ahead: ${behind}.`);
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
    const { toFloor, toC, toBestPeer } = judge.judge(line);
    return [[
      ...start,
      text(median),
      `${text(lower)} to ${text(upper)}`,
      toFloor === undefined ? "" : ratioText(toFloor.ratio),
      toC === undefined ? "" : ratioText(toC.ratio),
      comparedText(toBestPeer),
    ]];
  });
}

function comparedText(compared: Compared | undefined): string {
  return compared === undefined ? "" : `${ratioText(compared.ratio)} of ${compared.name}`;
}

function sentence(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
