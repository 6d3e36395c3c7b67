/**
 * Builds what sysalloc is measured beside, into `.cache/bench/`. What cannot be
 * built is left out, with its reason.
 *
 * @module
 */
import { rolldown } from "rolldown";
import { type Benchmark, type HostName, hostsOf } from "../catalogue/benchmark.ts";
import { PATH, versionOf } from "./hosts.ts";
import { BENCH, BUILT, IMPORTING, messageOf, NPM_PEERS, PACKAGE, ROOT } from "./places.ts";
import { run } from "./processes.ts";

/** A file that there is. */
const THIS = import.meta.filename!;

/** The library of the works in C, for the runtimes. */
export const C_LIBRARY: string = `${BUILT}/c/works.so`;

/** The reasons why hosts are left out. */
export type LeftOut = Map<HostName | "the npm package", string>;

/** Builds what benchmarks need; `folder` is for what is not done yet. */
export async function build(
  benchmarks: readonly Benchmark[],
  folder: string,
): Promise<LeftOut> {
  const leftOut: LeftOut = new Map();
  await Deno.mkdir(BUILT, { recursive: true });
  const builders: Partial<Record<HostName, () => Promise<void>>> = {
    "C": buildC,
    "Rust": buildRust,
    "npm": () => buildNpm(`${folder}/npm`),
    "Java": buildJava,
    "Python": () => have("Python"),
    "wc": () => have("wc"),
    "ripgrep": () => have("ripgrep"),
  };
  const attempt = async (name: HostName | "the npm package", builder: () => Promise<void>) => {
    try {
      await builder();
    } catch (error) {
      leftOut.set(name, messageOf(error));
    }
  };
  const wanted = [...hostsOf(benchmarks)].filter((name) => builders[name] !== undefined);
  await Promise.all([
    ...wanted.map((name) => attempt(name, builders[name]!)),
    ...(benchmarks.some(({ usesPackage }) => usesPackage)
      ? [attempt("the npm package", buildPackage)]
      : []),
  ]);
  return leftOut;
}

async function have(name: HostName): Promise<void> {
  await versionOf(name);
}

async function buildC(): Promise<void> {
  await Deno.mkdir(`${BUILT}/c`, { recursive: true });
  const folder = `${BENCH}/peers/c`;
  const sources = ["work", "memory", "files"].map((name) => `${folder}/${name}.c`);
  await Promise.all([
    run(["gcc", "-O2", "-o", `${BUILT}/c/works`, `${folder}/main.c`, ...sources]),
    run(["gcc", "-O2", "-shared", "-fPIC", "-o", C_LIBRARY, ...sources]),
  ]);
}

async function buildRust(): Promise<void> {
  const manifest = `${BENCH}/peers/rust/Cargo.toml`;
  const target = `${BUILT}/rust`;
  const options = ["--release", "--locked", "--quiet"];
  await run(["cargo", "build", ...options, "--manifest-path", manifest, "--target-dir", target]);
}

/** Installs the packages where their list has changed, and bundles what serves their works. */
async function buildNpm(folder: string): Promise<void> {
  const lock = await Deno.readTextFile(`${BENCH}/peers/npm/package-lock.json`);
  const stamp = `${NPM_PEERS}/.installed-lock.json`;
  if (await Deno.readTextFile(stamp).catch(() => "") !== lock) {
    await installNpm(folder);
    await Deno.writeTextFile(stamp, lock);
  }
  for (const name of ["serving", "dropping"]) {
    const bundled = await rolldown({ input: `${BENCH}/work/npm/${name}.ts`, platform: "node" });
    await bundled.write({ file: `${NPM_PEERS}/${name}.mjs`, format: "esm" });
    await bundled.close();
  }
}

/** Elsewhere at first: under this folder npm would compile with the `node` that is among its tools. */
async function installNpm(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const name of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(`${BENCH}/peers/npm/${name}`, `${folder}/${name}`);
  }
  const options = ["--no-audit", "--no-fund", "--fetch-retries=0"];
  await run(["npm", "ci", ...options], { cwd: folder, env: { PATH } });
  await Deno.remove(NPM_PEERS, { recursive: true }).catch(() => {});
  await run(["cp", "-r", folder, NPM_PEERS]);
}

/** Compiles for the form that MemorySegment has in this Java, and says how to start it. */
async function buildJava(): Promise<void> {
  const major = Number(/^\d+/.exec(await versionOf("Java"))![0]);
  if (major < 22 && major !== 17) {
    throw new Error(
      `Java ${major} has another form of MemorySegment: 17, or 22 and later, is known`,
    );
  }
  const folder = `${BUILT}/java`;
  await Deno.mkdir(folder, { recursive: true });
  const name = major === 17 ? "CountLines17" : "CountLines22";
  const options = major === 17 ? ["--add-modules", "jdk.incubator.foreign"] : [];
  await run(["javac", ...options, "-d", folder, `${BENCH}/peers/java/${name}.java`]);
  await Deno.writeTextFile(`${folder}/arguments`, [...options, name].join("\n"));
}

/** Builds the package of sysalloc, and programs that import it. */
async function buildPackage(): Promise<void> {
  await run([Deno.execPath(), "run", "-A", "scripts/build_npm.ts"], { cwd: ROOT });
  await Deno.mkdir(IMPORTING, { recursive: true });
  const sources = `${ROOT}/mod.ts`;
  const module = `${PACKAGE}/esm/mod.js`;
  const storing = (from: string) =>
    `import { MmapOptions } from "${from}";\nnew MmapOptions({ len: 65536 }).mapAnon().bytes[0] = 1;\n`;
  const reading = (from: string) =>
    `import { MmapOptions } from "${from}";\nimport.meta.first = new MmapOptions().map("${THIS}").bytes[0];\n`;
  const programs = {
    "empty.mjs": "",
    "import_sources.mjs": `import "${sources}";\n`,
    "import_package.mjs": `import "${module}";\n`,
    "import_koffi.mjs": `import "koffi";\n`,
    "store_sources.mjs": storing(sources),
    "store_package.mjs": storing(module),
    "read_sources.mjs": reading(sources),
    "read_package.mjs": reading(module),
    "read_bun.mjs": `import.meta.first = Bun.mmap("${THIS}")[0];\n`,
    "read_fs.mjs": `import { closeSync, openSync, readSync } from "node:fs";
const [file, byte] = [openSync("${THIS}"), new Uint8Array(1)];
readSync(file, byte);
closeSync(file);
`,
  };
  for (const [name, text] of Object.entries(programs)) {
    await Deno.writeTextFile(`${IMPORTING}/${name}`, text);
  }
}
