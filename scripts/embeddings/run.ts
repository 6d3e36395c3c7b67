/**
 * Runs embeddings: fetches their tools, builds the program, takes it elsewhere, and runs
 * it in each runtime.
 *
 * @module
 */
import { basename, delimiter, dirname, join } from "node:path";
import { cached, digest, emptyFolder, logs, project, readIfThere } from "../matrix/cache.ts";
import { orUnavailable } from "../matrix/driver.ts";
import { run, tail } from "../matrix/process.ts";
import { ask, need, step } from "../matrix/steps.ts";
import { copy } from "../matrix/suite_copy.ts";
import type { RunRecord } from "../matrix/summary.ts";
import { sideBySide } from "../side_by_side.ts";
import { RUNTIMES } from "../suite.ts";
import { type Embedding, RUNTIME, type RuntimeName, TARBALL } from "./embedding.ts";

const ALL: readonly RuntimeName[] = ["node24", "node26", "bun"];
const MODULES = join(project, "node_modules");
const PROGRAM = join(import.meta.dirname!, "smoke");
/** What the program prints at its end. */
const DONE = /\d+ features work/;
/** How long a command may take, in seconds. */
const LIMIT = 180;

/** What all runs share. */
interface Workshop {
  /** A folder that is outside of the project: no koffi is found by climbing from there. */
  readonly folder: string;
  readonly tarball: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs embeddings of the package that is built in a folder, side by side. */
export async function runEmbeddings(
  embeddings: readonly Embedding[],
  built: string = join(project, "npm"),
): Promise<RunRecord[]> {
  const folder = await Deno.makeTempDir({ prefix: "sysalloc-embeddings-" });
  try {
    const workshop = await setUp(await Deno.realPath(folder), built);
    const records: RunRecord[][] = [];
    await sideBySide(embeddings.entries(), async ([index, embedding]) => {
      records[index] = await runEmbedding(embedding, workshop);
    });
    return records.flat();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function setUp(folder: string, built: string): Promise<Workshop> {
  const pack = ["pack", "--silent", "--pack-destination", folder, built];
  const tarball = await ask(`npm cannot pack ${built}: npm run build makes it`, "npm", pack);
  const registry = await ask("npm has no registry", "npm", ["config", "get", "registry"]);
  const path = [join(MODULES, "node24/bin"), join(MODULES, ".bin"), Deno.env.get("PATH")];
  return {
    folder,
    tarball: join(folder, tarball.trim()),
    environment: {
      ...{ NO_COLOR: "1", FORCE_COLOR: "0", CI: "true", PATH: path.join(delimiter) },
      // The caches of package managers, which would take an older tarball for this one.
      ...{ BUN_INSTALL_CACHE_DIR: join(folder, "bun"), npm_config_store_dir: join(folder, "pnpm") },
      ...{ YARN_GLOBAL_FOLDER: join(folder, "yarn"), YARN_ENABLE_TELEMETRY: "0" },
      ...{ YARN_NPM_REGISTRY_SERVER: registry.trim(), YARN_ENABLE_IMMUTABLE_INSTALLS: "0" },
    },
  };
}

/** Builds an embedding and runs it in its runtimes. */
async function runEmbedding(embedding: Embedding, shop: Workshop): Promise<RunRecord[]> {
  const { name, runtimes = ALL } = embedding;
  await emptyFolder(logs(name));
  const log = join(logs(name), "build.log");
  let folder: string | { readonly unavailable: string };
  try {
    folder = await orUnavailable(step(`${name}, built`, () => build(embedding, shop, log)));
  } catch (error) {
    const failures = `${name} was not built: ${(error as Error).message}\n${await end(log)}`;
    return [record(name, "", "", failures)];
  }
  if (typeof folder !== "string") {
    return [{ platform: name, runtime: "", result: folder, skipped: [] }];
  }
  const records: RunRecord[] = [];
  for (const runtime of runtimes) {
    records.push(await runIn(runtime, embedding, folder, shop.environment));
  }
  return records;
}

async function runIn(
  runtime: RuntimeName,
  embedding: Embedding,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunRecord> {
  const { name, output, run: given = [RUNTIME, output?.[0] ?? "main.mjs"] } = embedding;
  const { program, label, version } = RUNTIMES[runtime]!;
  const worker = join(folder, embedding.worker ?? output?.[0] ?? "main.mjs");
  const log = join(logs(name), `${runtime}.log`);
  const failure = await step(`${name}: ${label}`, async () => {
    const command = given.map((word) => word === RUNTIME ? join(project, program) : word);
    const options = { log, cwd: folder, limit: LIMIT };
    const { code, timedOut } = await run(command, {
      ...options,
      environment: { ...environment, EMBEDDING_WORKER: worker },
    });
    if (timedOut) return "did not end in time";
    if (code !== 0) return `ended with ${code}`;
    return DONE.test(await readIfThere(log) ?? "") ? undefined : "has not run the program";
  }, (failure) => failure ?? "passed");
  const failures = failure && `${name} in ${label} ${failure}\n${await end(log)}`;
  return record(name, label, version, failures);
}

function record(
  platform: string,
  runtime: string,
  version: string,
  failures: string | undefined,
): RunRecord {
  const [passed, failed] = failures === undefined ? [1, 0] : [0, 1];
  const result = { version, passed, failed, skipped: 0 };
  return { platform, runtime, result, skipped: [], failures };
}

async function end(log: string): Promise<string> {
  return tail(await readIfThere(log) ?? "", 40);
}

/** Builds an embedding; gives the folder where it is to be run. */
async function build(embedding: Embedding, shop: Workshop, log: string): Promise<string> {
  const { name, tools = {}, files = {}, build = [], output, installs } = embedding;
  const bin = await fetchTools(tools);
  const folder = join(shop.folder, "build", name);
  await emptyFolder(folder);
  const { environment: { PATH, ...others }, tarball } = shop;
  const environment = { ...others, PATH: [bin, PATH].join(delimiter) };
  await writeProgram(folder, files);
  if (!installs) await addPackages(folder, dirname(bin), tarball);
  for (const command of build) {
    const words = command.map((word) => word.replace(TARBALL, tarball));
    const { code, timedOut } = await run(words, { log, cwd: folder, environment, limit: LIMIT });
    if (timedOut) throw new Error(`${words.join(" ")} did not end in time`);
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}`);
  }
  if (output === undefined) return folder;
  const elsewhere = join(shop.folder, "run", name);
  await emptyFolder(elsewhere);
  for (const file of output) {
    await checkPaths(join(folder, file), shop.folder);
    await copy(join(folder, file), join(elsewhere, file));
  }
  await Deno.remove(folder, { recursive: true });
  if (!output.includes("node_modules")) await addKoffi(elsewhere);
  return elsewhere;
}

const fetched = new Map<string, Promise<string>>();

/** Fetches packages of npm, once for all that take the same; gives the folder of their commands. */
async function fetchTools(tools: Readonly<Record<string, string>>): Promise<string> {
  const name = `embeddings/${await digest(tools)}`;
  const folder = fetched.get(name) ?? cached(name, (folder) => install(tools, folder));
  fetched.set(name, folder);
  return join(await folder, "node_modules/.bin");
}

async function install(tools: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const manifest = { private: true, dependencies: tools };
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest));
  const names = Object.entries(tools).map((tool) => tool.join("@"));
  if (names.length === 0) return;
  const command = ["npm", "install", "--ignore-scripts", "--no-package-lock"];
  await need(`npm cannot fetch ${names.join(", ")}`, command, { cwd: folder, limit: LIMIT });
}

async function writeProgram(folder: string, files: Readonly<Record<string, string>>) {
  for (const { name } of Deno.readDirSync(PROGRAM)) {
    const text = await Deno.readTextFile(join(PROGRAM, name));
    const named = text.replaceAll("@sysalloc/sysalloc", "sysalloc");
    await Deno.writeTextFile(join(folder, name), named);
  }
  const manifest = '{ "name": "program", "private": true, "type": "module" }\n';
  for (const [name, text] of Object.entries({ "package.json": manifest, ...files })) {
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    await Deno.writeTextFile(join(folder, name), text);
  }
}

/** Adds the package, koffi, and links to the tools. */
async function addPackages(folder: string, tools: string, tarball: string): Promise<void> {
  const modules = join(folder, "node_modules");
  await Deno.mkdir(join(modules, "sysalloc"), { recursive: true });
  const unpack = ["tar", "-xzf", tarball, "--strip-components=1", "-C", join(modules, "sysalloc")];
  await need("the package cannot be unpacked", unpack);
  await addKoffi(folder);
  for (const name of packagesIn(tools)) {
    await Deno.mkdir(dirname(join(modules, name)), { recursive: true });
    await Deno.symlink(join(tools, name), join(modules, name));
  }
}

async function addKoffi(folder: string): Promise<void> {
  for (const name of ["koffi", "@koromix"]) {
    await copy(join(MODULES, name), join(folder, "node_modules", name));
  }
}

/** The names of the packages in a folder `node_modules`. */
function packagesIn(modules: string): string[] {
  try {
    return Array.from(Deno.readDirSync(modules), ({ name }) => name).flatMap((name) => {
      if (name.startsWith(".")) return [];
      if (!name.startsWith("@")) return [name];
      return Array.from(Deno.readDirSync(join(modules, name)), (one) => `${name}/${one.name}`);
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return []; // there are no tools
    throw error;
  }
}

/** Throws where what was built has a path of the machine that built it. */
async function checkPaths(path: string, folder: string): Promise<void> {
  const { code } = await new Deno.Command("grep", {
    args: ["-rqF", "--include=*.*js", "--exclude-dir=node_modules", folder, path],
  }).output();
  if (code === 0) {
    throw new Error(`${basename(path)} has the path of the folder that it was built in`);
  }
}
