/**
 * The results of the runs, as they are kept with the sources for the README.
 *
 * @module
 */

/** The result of the suite in one runtime. */
export interface RuntimeResult {
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The reason why there is no result. */
export interface NoResult {
  readonly unavailable: string;
}

/** The results of one system. */
export interface SystemEntry {
  /** Its name in the README. */
  readonly title: string;
  /** The way that it was run. */
  readonly how: string;
  /** By the name of the runtime. */
  readonly runtimes: Readonly<Record<string, RuntimeResult | NoResult>>;
}

/** The results of a matrix, by the names of its systems on the command line. */
export type Results = Readonly<Record<string, SystemEntry>>;

/** The file of the results of a matrix. */
export interface ResultsFile {
  readonly path: string;
  /** The names of the systems, in the order of the file and of the table. */
  readonly order: readonly string[];
}

/** The results of the last run of each system. */
export function readResults({ path }: ResultsFile): Results {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Replaces the results of one system. If there is none for a runtime of `labels`, the former one stays. */
export function recordRun(
  file: ResultsFile,
  system: string,
  entry: SystemEntry,
  labels: readonly string[] = Object.keys(entry.runtimes),
): void {
  const results = readResults(file);
  const former = results[system]?.runtimes ?? {};
  const runtimes: Record<string, RuntimeResult | NoResult> = {};
  for (const label of labels) {
    const result = entry.runtimes[label];
    const kept = result === undefined || "unavailable" in result ? former[label] ?? result : result;
    if (kept !== undefined) runtimes[label] = kept;
  }
  const sorted = Object.entries({ ...results, [system]: { ...entry, runtimes } })
    .sort(([a], [b]) => file.order.indexOf(a) - file.order.indexOf(b));
  const text = JSON.stringify(Object.fromEntries(sorted), null, 2);
  Deno.writeTextFileSync(file.path, `${text}\n`);
}

/** The greatest number of tests in the recorded runs of the suite. */
export function wholeSuite(file: ResultsFile): number {
  const results = Object.values(readResults(file)).flatMap(({ runtimes }) =>
    Object.values(runtimes)
  );
  return Math.max(
    0,
    ...results.map((result) =>
      "unavailable" in result ? 0 : result.passed + result.failed + result.skipped
    ),
  );
}

/** A table for the README, laid out as the formatter lays it out. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [head, ...body] = rows.map((row) =>
    line(row.map((text, column) => text.padEnd(widths[column] ?? 0)))
  );
  return [head, line(widths.map((width) => "-".repeat(width))), ...body]
    .join("\n");
}
