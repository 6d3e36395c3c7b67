/**
 * The table of results, in Markdown.
 *
 * @module
 */
import { quartiles, type Result } from "./result.ts";

const HEADINGS = [
  "Measured",
  "Runtime",
  "Compared with",
  "Result",
  "Quartiles",
  "Target",
  "Met",
];

/** Prints a row for each result, its columns aligned. */
export function printTable(results: readonly Result[]): void {
  const rows = [HEADINGS, ...results.map(toRow)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [headings, ...lines] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column]!)))
  );
  console.log(headings);
  console.log(line(widths.map((width) => "-".repeat(width))));
  for (const printed of lines) console.log(printed);
}

function toRow(
  { benchmark, runtime, comparedWith, values, unit, target }: Result,
): string[] {
  const { lower, median, upper } = quartiles(values);
  const write = (value: number) =>
    unit === "x"
      ? `${value.toFixed(2)} x`
      : `${value < 0 ? "" : "+"}${value.toFixed(Math.abs(value) < 0.1 ? 3 : 1)} ms`;
  return [
    benchmark,
    runtime,
    comparedWith,
    write(median),
    `${write(lower)} to ${write(upper)}`,
    target ? `${target.bound} ${write(target.value)}` : "",
    target ? (isMet(median, target) ? "yes" : "NO") : "",
  ];
}

function isMet(
  median: number,
  { bound, value }: NonNullable<Result["target"]>,
): boolean {
  return bound === "at most" ? median <= value : median >= value;
}
