/**
 * Writes what a whole run measured. It is written elsewhere first: a run that is
 * stopped leaves the last results as they were.
 *
 * @module
 */
import { BENCHMARKS } from "../catalogue/all.ts";
import { BENCH } from "../driver/places.ts";
import type { Results } from "../results.ts";
import { resultsPage } from "./page.ts";
import { drawJobs } from "./chart.ts";

/** Writes `results.md`, `results.json` and the pictures; `folder` is for what is not done yet. */
export async function writeResults(results: Results, folder: string): Promise<void> {
  const json = toJson(results);
  const kept: Results = JSON.parse(json); // rounded, as a later report has it
  const texts = new Map([
    ["results.md", resultsPage(kept, BENCHMARKS)],
    ["results.json", json],
    ...await drawJobs(kept, BENCHMARKS),
  ]);
  for (const [name, text] of texts) await Deno.writeTextFile(`${folder}/${name}`, text);
  // Renamed within a folder, because between file systems a rename is a copy; and all at
  // once, because a signal that stops the run is heard in between.
  for (const name of texts.keys()) Deno.copyFileSync(`${folder}/${name}`, `${BENCH}/.${name}`);
  for (const name of texts.keys()) Deno.renameSync(`${BENCH}/.${name}`, `${BENCH}/${name}`);
}

/** A line for each contender, its numbers with four digits. */
function toJson({ machine, leftOut, rows }: Results): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  const text = (value: unknown) => JSON.stringify(value, rounded);
  const lines = rows.map(({ lines, ...row }) =>
    `${text(row).slice(0, -1)},"lines":[\n${lines.map(text).join(",\n")}\n]}`
  );
  return `{"machine":${text(machine)},\n"leftOut":${text(leftOut)},\n"rows":[\n${
    lines.join(",\n")
  }\n]}\n`;
}
