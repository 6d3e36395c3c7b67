/**
 * What importing the module adds to the start of a program: a process that
 * imports it, beside one that imports nothing.
 *
 * @module
 */
import { BUN, DENO, NODE22, NODE26, run, type Runtime } from "./processes.ts";
import { quartiles, type Result, type Target } from "./result.ts";

const ROUNDS = 31;
const SOURCES_TARGET: Target = { bound: "at most", value: 5 };
const BUILT_TARGET: Target = { bound: "at most", value: 2 };

/** One form of the module. */
interface Form {
  readonly name: string;
  readonly entry: URL;
  /** That of a program written in the same language. */
  readonly extension: string;
}

const SOURCES: Form = {
  name: "the sources",
  entry: new URL("../mod.ts", import.meta.url),
  extension: "ts",
};
const BUILT: Form = {
  name: "the npm package",
  entry: new URL("../npm/esm/mod.js", import.meta.url),
  extension: "mjs",
};

/** Measures the sources in each runtime, and the npm package where it is built; writes into `directory`. */
export async function compareImports(directory: string): Promise<Result[]> {
  const results = [
    await compareImport(DENO, SOURCES, directory, SOURCES_TARGET),
    // Users of these have the package: Node.js refuses TypeScript under node_modules.
    await compareImport(BUN, SOURCES, directory),
    await compareImport(NODE26, SOURCES, directory),
    await compareImport(NODE22, SOURCES, directory),
  ];
  if (!await exists(BUILT.entry)) {
    console.error("The npm package is left out: npm run build makes it");
    return results;
  }
  return [
    ...results,
    await compareImport(BUN, BUILT, directory, BUILT_TARGET),
    await compareImport(NODE26, BUILT, directory, BUILT_TARGET),
    await compareImport(NODE22, BUILT, directory),
  ];
}

async function compareImport(
  runtime: Runtime,
  { name, entry, extension }: Form,
  directory: string,
  target?: Target,
): Promise<Result> {
  const path = (program: string) => `${directory}/${program}.${extension}`;
  await Deno.writeTextFile(path("empty"), "export {};\n");
  await Deno.writeTextFile(path("importing"), `import "${entry}";\n`);
  const start = async (program: string) => {
    const before = performance.now();
    await run([...runtime.command, path(program)]);
    return performance.now() - before;
  };
  const programs = ["empty", "importing"] as const;
  const times = { empty: [] as number[], importing: [] as number[] };
  for (const program of programs) await start(program); // fills the runtime's caches
  for (let round = 0; round < ROUNDS; round++) {
    for (const program of round % 2 === 0 ? programs : programs.toReversed()) {
      times[program].push(await start(program));
    }
  }
  return {
    benchmark: `start of a program that imports ${name}`,
    runtime: runtime.name,
    comparedWith: `an empty one: ${quartiles(times.empty).median.toFixed(0)} ms`,
    values: times.importing.map((time, round) => time - times.empty[round]!),
    unit: "ms",
    target,
  };
}

async function exists(file: URL): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
