/**
 * Measures sysalloc beside what its users would take instead: `npm run bench`.
 * Writes `results.md`, `results.json` and plots where all benchmarks ran;
 * `-- --quick` and `-- NAME…` only print. Linux, with gcc.
 *
 * @module
 */
import { build } from "./build.ts";
import { builtFor, type HostName } from "./catalogue/benchmark.ts";
import { BENCHMARKS } from "./catalogue.ts";
import { currentLoad, describeMachine } from "./machine.ts";
import { measureAll } from "./measuring.ts";
import { endAll } from "./processes.ts";
import { toMarkdown } from "./report/markdown.ts";
import { missingFrom } from "./report/missing.ts";
import { writeResults } from "./report/writing.ts";
import { readRequest, type Request } from "./request.ts";
import type { Results } from "./results.ts";

/** How long a whole run may take, in milliseconds, the plots left aside. */
const WHOLE = 580_000;

const request = readRequest(Deno.args);
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
  const leftOut = await build(hosts, names.has("import") || names.has("package-size"), folder);
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
