/**
 * Measures sysalloc beside what its users would take instead.
 *
 * @module
 */
import { readArguments } from "../scripts/tools/arguments.ts";
import { build } from "./build.ts";
import { builtFor, type HostName } from "./catalogue/benchmark.ts";
import { BENCHMARKS } from "./catalogue.ts";
import { currentLoad, describeMachine } from "./machine.ts";
import { measureAll } from "./measuring.ts";
import { endAll } from "./processes.ts";
import { toMarkdown } from "./report/markdown.ts";
import { missingFrom } from "./report/missing.ts";
import { writeResults } from "./report/writing.ts";
import { benchmarkList, readRequest, type Request } from "./request.ts";
import type { Results } from "./results.ts";

const USAGE = `Usage: npm run bench -- [--quick] [NAME]...

Measures sysalloc beside what its users would take instead. Writes results.md,
results.json and pictures where all benchmarks ran, and prints the results otherwise.
Linux, with gcc.

Arguments:
  NAME         which benchmarks to run (default: all)

Options:
      --quick  do each work once and briefly, to see that all is there
  -h, --help   print this

Benchmarks:
${benchmarkList()}`;

/** How long a whole run may take, in milliseconds, the plots left aside. */
const WHOLE = 580_000;

const { values, positionals } = readArguments({
  usage: USAGE,
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const request = readRequest(positionals, values.quick);
if (typeof request === "string") {
  console.error(request);
  Deno.exit(2);
}
const folder = Deno.makeTempDirSync({ prefix: "sysalloc-bench-" });
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
  Deno.exitCode = await main(request);
} finally {
  cleanUp();
}

async function main({ isQuick, benchmarks, unknown }: Request): Promise<number> {
  const start = performance.now();
  const load = currentLoad();
  const hosts = new Set(
    benchmarks.flatMap(({ contenders }) =>
      contenders.flatMap((contender): HostName[] => [
        contender.host,
        builtFor(contender),
      ])
    ),
  );
  const names = new Set(benchmarks.map(({ name }) => name));
  console.error("Building the peers");
  const leftOut = await build(
    hosts,
    ["import", "first-use", "package-size"].some((name) => names.has(name)),
    folder,
  );
  const deadline = start + WHOLE;
  const rows = await measureAll(benchmarks, { isQuick, leftOut, folder, deadline });
  const machine = await describeMachine(hosts, leftOut, load);
  const results: Results = {
    machine,
    leftOut: { ...Object.fromEntries(leftOut), ...unknown },
    rows,
  };
  const isWhole = !isQuick && benchmarks === BENCHMARKS;
  if (isWhole) await writeResults(results, folder);
  else console.log(toMarkdown(results, benchmarks));
  const missing = [
    ...missingFrom(results, benchmarks, isQuick),
    ...Object.entries(unknown).map(([name, why]) => `${name}: ${why}`),
  ];
  for (const line of missing) console.error(`Missing: ${line}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.error(`${rows.length} rows in ${seconds} s, ${missing.length} missing`);
  return missing.length === 0 ? 0 : 1;
}
