/**
 * The results of the platform runs, as they are kept with the sources and
 * shown in the README.
 *
 * @module
 */
import { join } from "node:path";

/** What a run of the suite in one runtime came to. */
export interface RuntimeResult {
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Why there is no result. */
export interface NoResult {
  readonly unavailable: string;
}

/** The results of one platform. */
export interface PlatformEntry {
  /** The name of the platform in the README. */
  readonly title: string;
  /** How the platform was had. */
  readonly how: string;
  /** By the name of the runtime, which begins with `Deno`, `Bun` or `Node.js`. */
  readonly runtimes: Readonly<Record<string, RuntimeResult | NoResult>>;
}

/** The results of all platforms, by the platform's name on the command line. */
export type Results = Readonly<Record<string, PlatformEntry>>;

const file = join(import.meta.dirname ?? ".", "last_run.json");

/** The order of the platforms in the file and in the table. */
const order = ["linux-x64", "musl", "arm64", "arm64-16k", "windows"];

const columns = ["Deno", "Bun", "Node.js"];

/** The results of the last run of each platform. */
export function readResults(): Results {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Replaces the results of one platform; where there is none, the former one stays. */
export function recordRun(platform: string, entry: PlatformEntry): void {
  const results = readResults();
  const former = results[platform]?.runtimes ?? {};
  const runtimes: Record<string, RuntimeResult | NoResult> = {};
  for (const [name, result] of Object.entries(entry.runtimes)) {
    runtimes[name] = "unavailable" in result ? former[name] ?? result : result;
  }
  const sorted = Object.entries({ ...results, [platform]: { ...entry, runtimes } })
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const text = JSON.stringify(Object.fromEntries(sorted), null, 2);
  Deno.writeTextFileSync(file, `${text}\n`);
}

/** The table of the README, laid out as the formatter lays it out. */
export function renderTable(results: Results): string {
  const rows = [
    ["Platform", "Run on", ...columns],
    ...Object.values(results).map(({ title, how, runtimes }) => [
      title,
      how,
      ...columns.map((column) => cell(column, runtimes)),
    ]),
    [
      "macOS",
      "not run here; its module is tested through the fake runtime",
      ...columns.map(() => ""),
    ],
  ];
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [head, ...body] = rows.map((row) =>
    line(row.map((text, column) => text.padEnd(widths[column] ?? 0)))
  );
  return [head, line(widths.map((width) => "-".repeat(width))), ...body]
    .join("\n");
}

function cell(column: string, runtimes: PlatformEntry["runtimes"]): string {
  return Object.entries(runtimes)
    .filter(([name]) => name.startsWith(column))
    .map(([name, result]) => {
      const ffi = /\(.*\)/.exec(name)?.[0];
      if ("unavailable" in result) {
        return `${ffi ?? ""} unavailable: ${result.unavailable}`.trim();
      }
      const { version, passed, failed, skipped } = result;
      const counts = `${passed} / ${passed + failed}, ${skipped} skipped`;
      return `${version}${ffi === undefined ? "" : ` ${ffi}`}: ${counts}`;
    })
    .join("<br>");
}
