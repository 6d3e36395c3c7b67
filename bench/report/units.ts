/**
 * Numbers, names and tables as people read them.
 *
 * @module
 */
import type { HostName, Measure } from "../catalogue/benchmark.ts";

/** The hosts that are not called by their names. */
const PLACES: Readonly<Partial<Record<HostName, string>>> = {
  "npm": "Node.js of npm",
  "C": "its own process",
  "Rust": "its own process",
};

/** The length of the longest bar, in characters. */
const BAR = 12;

/** The name of a contender's host. */
export function placeText({ host }: { readonly host: HostName }): string {
  return PLACES[host] ?? host;
}

/** Three digits of a number. */
function digits(value: number): string {
  const magnitude = Math.abs(value);
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2);
}

function scaled(value: number, units: readonly string[], step: number): string {
  let index = 0;
  for (; Math.abs(value) >= 0.9995 * step && index < units.length - 1; index++) value /= step;
  return `${digits(value)} ${units[index]}`;
}

/** A time, in nanoseconds. */
function timeText(nanoseconds: number): string {
  return scaled(nanoseconds, ["ns", "µs", "ms", "s"], 1000);
}

/** An amount of memory. */
function bytesText(bytes: number): string {
  return Math.abs(bytes) < 1e4
    ? `${bytes.toFixed(0)} B`
    : scaled(bytes, ["B", "KB", "MB", "GB"], 1000);
}

/** The text for values of a measure. */
export function textOf({ unit }: Measure): (value: number) => string {
  return unit === "ns" ? timeText : bytesText;
}

/** The length of a mapping or a file. */
export function sizeText(bytes: number): string {
  if (bytes === 0) return "";
  let index = 0;
  for (; bytes >= 1024 && index < 3; index++) bytes /= 1024;
  return `${bytes} ${["B", "KiB", "MiB", "GiB"][index]}`;
}

/** A bar as long as a value is beside the largest one. */
export function bar(value: number, largest: number): string {
  return "█".repeat(Math.max(1, Math.round(BAR * value / largest)));
}

/** A ratio. */
export function ratioText(ratio: number): string {
  return `${ratio < 0.1 ? ratio.toPrecision(1) : digits(ratio)}×`;
}

/** A table in Markdown. */
export function table([headings, ...lines]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings!), line(headings!.map(() => "---")), ...lines.map(line)].join("\n");
}
