/**
 * Runs a matrix: many places, and in each of them one run after the other.
 *
 * @module
 */
import { readArguments, refuse } from "./arguments.ts";
import { locked } from "./cache.ts";
import { sideBySide } from "./side_by_side.ts";
import { Unavailable } from "./commands.ts";

/** A place that has to be set up, such as another system or a sandbox. */
export interface Place<Guest> {
  readonly name: string;
  /**
   * Sets it up. All places share `folder`, which is removed at the end. Throws
   * {@linkcode Unavailable} if this machine lacks what it takes.
   */
  readonly start: (folder: string) => Promise<Guest>;
  readonly runs: readonly Run<Guest>[];
}

/** A run in a place that was set up. */
export interface Run<Guest> {
  /** The name of the runtime. */
  readonly name: string;
  /** True if CI runs it. */
  readonly isShort: boolean;
  readonly run: (guest: Guest, isShort: boolean) => Promise<Outcome>;
}

/** The outcome of a run. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** The names of the tests that were skipped, with their reasons. */
  readonly skipped: readonly string[];
  /** The outcome in words. Default: the counts. */
  readonly words?: string;
  /** The failures, and what the logs tell of them. */
  readonly failures?: string | undefined;
  /** More for `--verbose`. */
  readonly details?: string;
}

/** The outcome of a run, or the reason why there is none. */
export interface RunRecord {
  readonly place: string;
  /** The name of the run; empty if the place was not set up. */
  readonly run: string;
  readonly outcome: Outcome | { readonly unavailable: string };
}

/** A matrix, as its script declares it. */
export interface Matrix<Guest> {
  /** Its name in `npm run test:<name>`. */
  readonly name: string;
  /** Its description, for `--help`. */
  readonly about: string;
  /** Those that take longest come first: the others run beside them. */
  readonly places: readonly Place<Guest>[];
  /** Sets up what all places need. */
  readonly prepare?: () => Promise<void>;
  /** Judges and keeps the outcomes when all runs have ended. */
  readonly finish?: (records: readonly RunRecord[], isShort: boolean) => readonly RunRecord[];
}

/** Does what the command line asks for, and ends the process. */
export async function runMatrix<Guest>(matrix: Matrix<Guest>): Promise<never> {
  const { values, positionals } = readArguments({
    usage: `Usage: npm run test:${matrix.name} -- [--short] [--verbose] [NAME]...
       npm run test:${matrix.name} -- --list

${matrix.about}

Arguments:
  NAME           a place, or a part of the names that --list prints (default: all)

Options:
      --list     print the names of all runs
      --short    run only what CI runs
      --verbose  print more of each run
  -h, --help     print this`,
    options: {
      list: { type: "boolean", default: false },
      short: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const places = choose(matrix.places, positionals, values.short);
  if (places.length === 0) refuse(`CI runs nothing that is named ${positionals.join(" or ")}`);
  if (values.list) {
    for (const { name, runs } of places) for (const run of runs) console.log(title(name, run.name));
    Deno.exit(0);
  }
  if (Deno.build.os !== "linux") {
    const count = places.reduce((sum, { runs }) => sum + runs.length, 0);
    console.log(`It needs Linux\n0 passed, 0 failed, 0 skipped, ${count} unavailable`);
    Deno.exit(0);
  }
  using _lock = await locked(matrix.name);
  await matrix.prepare?.();
  const records = await runPlaces(places, values.short, values.verbose);
  Deno.exit(succeeded(matrix.finish?.(records, values.short) ?? records) ? 0 : 1);
}

/** The places that are named, each with the runs that are. Ends the process if a name is unknown. */
export function choose<Guest>(
  places: readonly Place<Guest>[],
  names: readonly string[],
  isShort: boolean,
): readonly Place<Guest>[] {
  const isNamed = (name: string, place: string, run: string) =>
    places.some((other) => other.name === name) ? place === name : title(place, run).includes(name);
  const unknown = names.find((name) =>
    !places.some((place) => place.runs.some((run) => isNamed(name, place.name, run.name)))
  );
  if (unknown !== undefined) refuse(`No run has '${unknown}' in its name: --list prints all`);
  return places.map((place) => ({
    ...place,
    runs: place.runs.filter((run) =>
      (run.isShort || !isShort) &&
      (names.length === 0 || names.some((name) => isNamed(name, place.name, run.name)))
    ),
  })).filter(({ runs }) => runs.length > 0);
}

/** Runs places side by side, and prints a line for each run. */
export async function runPlaces<Guest>(
  places: readonly Place<Guest>[],
  isShort: boolean = false,
  isVerbose: boolean = false,
): Promise<readonly RunRecord[]> {
  const total = places.reduce((sum, { runs }) => sum + runs.length, 0);
  let done = 0;
  const note = (record: RunRecord, count: number, start: number): RunRecord => {
    const { place, run, outcome } = record;
    const at = `[${String(done += count).padStart(String(total).length)}/${total}]`;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${at} ${title(place, run)}: ${wordsOf(outcome)} (${seconds} s)`);
    if (isVerbose && "details" in outcome) console.log(outcome.details);
    return record;
  };
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sysalloc-matrix-" }));
  const records: RunRecord[][] = places.map(() => []);
  try {
    await sideBySide(places.entries(), async ([index, { name, start, runs }]) => {
      const begin = performance.now();
      const guest = await attempt(() => start(folder));
      if ("outcome" in guest) {
        records[index]!.push(note({ place: name, run: "", ...guest }, runs.length, begin));
        return;
      }
      const seconds = (performance.now() - begin) / 1000;
      if (seconds > 1) console.log(`${name}: set up (${seconds.toFixed(1)} s)`);
      for (const { name: run, run: body } of runs) {
        const begin = performance.now();
        const ended = await attempt(() => body(guest.value, isShort));
        const outcome = "outcome" in ended ? ended.outcome : ended.value;
        records[index]!.push(note({ place: name, run, outcome }, 1, begin));
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return records.flat();
}

/** The result of some work, or the outcome that its error is. */
async function attempt<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T } | Pick<RunRecord, "outcome">> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof Unavailable) return { outcome: { unavailable: error.message } };
    return { outcome: { passed: 0, failed: 1, skipped: [], failures: (error as Error).stack } };
  }
}

function title(place: string, run: string): string {
  return run === "" ? place : `${place}: ${run}`;
}

function wordsOf(outcome: RunRecord["outcome"]): string {
  if ("unavailable" in outcome) return `unavailable: ${outcome.unavailable}`;
  const { passed, failed, skipped, words } = outcome;
  return words ?? `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/** Prints the skipped tests, the failures and the sums; false if anything has failed. */
export function succeeded(records: readonly RunRecord[]): boolean {
  printSkipped(records);
  const sums = { passed: 0, failed: 0, skipped: 0, unavailable: 0 };
  for (const { place, run, outcome } of records) {
    if ("unavailable" in outcome) {
      sums.unavailable++;
      continue;
    }
    const { passed, failed, skipped, failures } = outcome;
    sums.passed += passed;
    sums.failed += failed;
    sums.skipped += skipped.length;
    if (failed > 0) console.log(`\n${title(place, run)} failed:\n${failures ?? ""}`);
  }
  const counts = Object.entries(sums).map(([name, sum]) => `${sum} ${name}`);
  console.log(`\n${counts.join(", ")}`);
  return sums.failed === 0;
}

/** Lists the skipped tests, those together that the same runs skipped. */
function printSkipped(records: readonly RunRecord[]): void {
  const skips = records.flatMap(({ place, run, outcome }) =>
    "unavailable" in outcome ? [] : outcome.skipped.map((test) => ({ test, run: { place, run } }))
  );
  const byRuns = Map.groupBy(
    Map.groupBy(skips, ({ test }) => test),
    ([, skips]) => describeRuns(records, skips.map(({ run }) => run)),
  );
  for (const [runs, tests] of byRuns) {
    console.log(`\nskipped on ${runs}:`);
    for (const [test] of tests) console.log(`  ${test}`);
  }
}

/** Names runs: the place alone if all of its runs are among them. */
function describeRuns(
  records: readonly RunRecord[],
  runs: readonly Pick<RunRecord, "place" | "run">[],
): string {
  return Array.from(Map.groupBy(runs, ({ place }) => place), ([place, some]) => {
    const all = records.filter((record) => record.place === place);
    if (some.length === all.length) return place;
    return `${place} (${some.map(({ run }) => run).join(", ")})`;
  }).join(", ");
}
