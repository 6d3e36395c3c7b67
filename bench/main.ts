/**
 * Measures sysalloc beside what its users would take instead.
 *
 * @module
 */
import { readArguments, refuse } from "../scripts/tools/arguments.ts";
import { build } from "./driver/build.ts";
import { type Benchmark, hostsOf } from "./catalogue/benchmark.ts";
import { BENCHMARKS } from "./catalogue/all.ts";
import { currentLoad, describeMachine } from "./driver/machine.ts";
import { measureAll } from "./driver/measuring.ts";
import { BENCH } from "./driver/places.ts";
import { endAll } from "./driver/processes.ts";
import { fitted, roomFor } from "./driver/room.ts";
import { detailsText } from "./report/details.ts";
import { missingFrom } from "./report/missing.ts";
import { writeResults } from "./report/writing.ts";
import type { Results } from "./results.ts";

const USAGE = `Usage: npm run bench -- [--quick] [NAME]...
       npm run bench -- --report

Measures sysalloc beside what its users would take instead. A run of all benchmarks
writes results.md, results.json and the pictures; one of some prints all that it
measured. The jobs come first. Linux, with gcc.

Arguments:
  NAME         which benchmarks to run (default: all)

Options:
      --quick   do each work once and briefly, to see that all is there
      --report  measure nothing, and write results.md and the pictures from results.json
  -h, --help    print this

Benchmarks:
${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join("\n")}`;

/** The time limit of a whole run without the plots, in milliseconds. */
const WHOLE = 1_160_000;

const { values, positionals } = readArguments({
  usage: USAGE,
  options: {
    quick: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const isQuick = values.quick;
if (values.report && (isQuick || positionals.length > 0)) {
  refuse("--report goes with nothing else");
}
const unknown = positionals.find((name) =>
  !BENCHMARKS.some((benchmark) => benchmark.name === name)
);
if (unknown !== undefined) refuse(`There is no benchmark '${unknown}'`);
const isNamed = ({ name }: Benchmark) => positionals.length === 0 || positionals.includes(name);
const folder = Deno.makeTempDirSync({ prefix: "sysalloc-bench-" });
const room = roomFor(folder);
const benchmarks = BENCHMARKS.filter(isNamed).map((benchmark) => fitted(benchmark, room));
const cleanUp = () => {
  endAll();
  Deno.removeSync(folder, { recursive: true });
};
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
for (const [signal, number] of Object.entries(signals) as [Deno.Signal, number][]) {
  Deno.addSignalListener(signal, () => {
    cleanUp();
    Deno.exit(128 + number);
  });
}
try {
  Deno.exitCode = await main();
} finally {
  cleanUp();
}

async function main(): Promise<number> {
  if (values.report) {
    await writeResults(JSON.parse(Deno.readTextFileSync(`${BENCH}/results.json`)), folder);
    return 0;
  }
  const start = performance.now();
  const load = currentLoad();
  console.error("Building the peers");
  const leftOut = await build(benchmarks, folder);
  const deadline = start + WHOLE;
  const rows = await measureAll(benchmarks, { isQuick, leftOut, folder, deadline });
  const machine = await describeMachine(hostsOf(benchmarks), leftOut, load);
  const results: Results = { machine, leftOut: Object.fromEntries(leftOut), rows };
  const isWhole = !isQuick && positionals.length === 0;
  if (isWhole) await writeResults(results, folder);
  else console.log(detailsText(results, benchmarks));
  const missing = missingFrom(results, benchmarks, isQuick);
  for (const line of missing) console.error(`Missing: ${line}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.error(`${rows.length} rows in ${seconds} s, ${missing.length} missing`);
  return missing.length === 0 ? 0 : 1;
}
