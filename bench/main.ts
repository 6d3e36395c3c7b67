/**
 * Runs every benchmark in every runtime, one after the other, and prints one
 * table: `npm run bench`. Ratios are what it claims; it fails on none. Linux
 * and macOS, with gcc.
 *
 * @module
 */
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { compare } from "./comparing.ts";
import { compareFiles, writeGibibyte } from "./files.ts";
import { compareHeld } from "./heap.ts";
import { compareImports } from "./importing.ts";
import { compareSending } from "./messages.ts";
import { run, RUNTIMES, version } from "./processes.ts";
import type { Result } from "./result.ts";
import { compareHanding } from "./sharing.ts";
import { printTable } from "./table.ts";
import { compareWakings } from "./wakings.ts";

const directory = Deno.makeTempDirSync({ prefix: "sysalloc-bench-" });
const cleanUp = () => Deno.removeSync(directory, { recursive: true });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    cleanUp();
    Deno.exit(1);
  });
}
try {
  await describeMachine();
  printTable(await measureAll());
} finally {
  cleanUp();
}

async function measureAll(): Promise<Result[]> {
  const library = `${directory}/reference.so`;
  const source = `${import.meta.dirname}/reference.c`;
  await run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source]);
  const results: Result[] = [];
  for (const runtime of RUNTIMES) {
    console.error(`Measuring mapping and reading in ${runtime.name}`);
    results.push(...await compare(runtime, library));
  }
  const path = await writeGibibyte(directory);
  for (const runtime of RUNTIMES) {
    console.error(`Measuring files in ${runtime.name}`);
    results.push(...await compareFiles(runtime, path));
  }
  for (const runtime of RUNTIMES) {
    console.error(`Measuring tickets in ${runtime.name}`);
    results.push(...await compareHanding(runtime));
    console.error(`Measuring waiting in ${runtime.name}`);
    results.push(...await compareWakings(runtime, directory));
    console.error(`Measuring messages in ${runtime.name}`);
    results.push(...await compareSending(runtime));
  }
  console.error("Measuring imports");
  results.push(...await compareImports(directory));
  console.error("Measuring views in Bun's heap");
  results.push(...await compareHeld(directory));
  return results;
}

async function describeMachine(): Promise<void> {
  const processors = cpus();
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  console.log(
    `${processors[0]?.model}, ${processors.length} cores, ${gibibytes} GiB, ` +
      `${platform()} ${release()} ${arch()}, load ${loadavg()[0]!.toFixed(1)}`,
  );
  const names = await Promise.all(
    RUNTIMES.map(async (runtime) => `${runtime.name}: ${await version(runtime)}`),
  );
  console.log(`${names.join(", ")}\n`);
}
