/**
 * Builds and runs embeddings: fetches their tools, builds the program, takes it elsewhere,
 * and runs it in each runtime.
 *
 * @module
 */
import { basename, delimiter, dirname, join } from "node:path";
import { emptyFolder, logs, project, readIfThere } from "../../tools/cache.ts";
import { must } from "../../tools/commands.ts";
import type { Outcome, Place } from "../../tools/matrix.ts";
import { fetchTools } from "../../tools/npm.ts";
import { output, run, tail } from "../../tools/processes.ts";
import { copy } from "../../tools/suite_copy.ts";
import { RUNTIMES } from "../../tools/suite.ts";
import { type Embedding, RUNTIME, type RuntimeName, TARBALL } from "./embedding.ts";

const ALL: readonly RuntimeName[] = ["node24", "node26", "bun"];
const MODULES = join(project, "node_modules");
const PROGRAM = join(import.meta.dirname!, "program");
/** The last line of the program. */
const DONE = /\d+ features work/;
/** The time limit of a command, in seconds. */
const LIMIT = 180;

/** An embedding that has been built. */
interface Built {
  readonly folder: string;
  readonly environment: Workshop["environment"];
}

/** The common setting of all embeddings. */
interface Workshop {
  /** A folder that is outside of the project: no koffi is found by climbing from there. */
  readonly folder: string;
  readonly tarball: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Embeddings of the package in `built`, as places. */
export function embeddingPlaces(
  embeddings: readonly Embedding[],
  built: string = join(project, "npm"),
): readonly Place<Built>[] {
  let shop: Promise<Workshop> | undefined;
  return embeddings.map((embedding) => ({
    name: embedding.name,
    start: async (folder) => {
      const { environment } = await (shop ??= setUp(folder, built));
      await emptyFolder(logs(embedding.name));
      return { folder: await build(embedding, await shop), environment };
    },
    runs: (embedding.runtimes ?? ALL).map((runtime) => ({
      name: RUNTIMES[runtime]!.label,
      isShort: embedding.short ?? false,
      run: (built) => runIn(runtime, embedding, built),
    })),
  }));
}

async function setUp(folder: string, built: string): Promise<Workshop> {
  const tarball = await npm(["pack", "--silent", "--pack-destination", folder, built]);
  const registry = await npm(["config", "get", "registry"]);
  const path = [join(MODULES, "node24/bin"), join(MODULES, ".bin"), Deno.env.get("PATH")];
  return {
    folder,
    tarball: join(folder, tarball),
    environment: {
      ...{ NO_COLOR: "1", FORCE_COLOR: "0", CI: "true", PATH: path.join(delimiter) },
      // The caches of package managers, which would take an older tarball for this one.
      ...{ BUN_INSTALL_CACHE_DIR: join(folder, "bun"), npm_config_store_dir: join(folder, "pnpm") },
      ...{ YARN_GLOBAL_FOLDER: join(folder, "yarn"), YARN_ENABLE_TELEMETRY: "0" },
      ...{ YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_IMMUTABLE_INSTALLS: "0" },
    },
  };
}

async function npm(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await output(["npm", ...args]);
  if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with ${code}\n${stderr}`);
  return stdout.trim();
}

async function runIn(
  runtime: RuntimeName,
  { name, output, worker, run: given }: Embedding,
  { folder, environment }: Built,
): Promise<Outcome> {
  const [main = "main.mjs"] = output ?? [];
  const program = join(project, RUNTIMES[runtime]!.program);
  const log = join(logs(name), `${runtime}.log`);
  const command = (given ?? [RUNTIME, main]).map((word) => word === RUNTIME ? program : word);
  const { code, timedOut } = await run(command, {
    log,
    cwd: folder,
    limit: LIMIT,
    environment: { ...environment, EMBEDDING_WORKER: join(folder, worker ?? main) },
  });
  const printed = await readIfThere(log) ?? "";
  const failure = timedOut
    ? "did not end in time"
    : code !== 0
    ? `ended with ${code}`
    : DONE.test(printed)
    ? undefined
    : "has not run the program";
  if (failure === undefined) return { passed: 1, failed: 0, skipped: [], words: "passed" };
  const failures = `It ${failure}\n${tail(printed, 40)}`;
  return { passed: 0, failed: 1, skipped: [], words: failure, failures };
}

/** Builds an embedding. Returns the folder where it is to be run. */
async function build(embedding: Embedding, shop: Workshop): Promise<string> {
  const { name, tools, files = {}, build = [], output, installs } = embedding;
  const log = join(logs(name), "build.log");
  const modules = tools === undefined ? undefined : await fetchTools(tools);
  const folder = join(shop.folder, "build", name);
  await emptyFolder(folder);
  const { environment: { PATH, ...others }, tarball } = shop;
  const path = modules === undefined ? PATH! : [join(modules, ".bin"), PATH].join(delimiter);
  const environment = { ...others, PATH: path };
  await writeProgram(folder, files);
  if (!installs) await addPackages(folder, modules, tarball);
  for (const command of build) {
    const words = command.map((word) => word.replace(TARBALL, tarball));
    const { code, timedOut } = await run(words, { log, cwd: folder, environment, limit: LIMIT });
    if (!timedOut && code === 0) continue;
    const failure = timedOut ? "did not end in time" : `ended with ${code}`;
    throw new Error(`${words.join(" ")} ${failure}\n${tail(await readIfThere(log) ?? "", 40)}`);
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

async function writeProgram(folder: string, files: Readonly<Record<string, string>>) {
  for (const { name } of Deno.readDirSync(PROGRAM)) {
    await Deno.copyFile(join(PROGRAM, name), join(folder, name));
  }
  const manifest = '{ "name": "program", "private": true, "type": "module" }\n';
  for (const [name, text] of Object.entries({ "package.json": manifest, ...files })) {
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    await Deno.writeTextFile(join(folder, name), text);
  }
}

/** Adds the package, koffi, and links to the tools. */
async function addPackages(
  folder: string,
  tools: string | undefined,
  tarball: string,
): Promise<void> {
  const modules = join(folder, "node_modules");
  await Deno.mkdir(join(modules, "sysalloc"), { recursive: true });
  const unpack = ["tar", "-xzf", tarball, "--strip-components=1", "-C", join(modules, "sysalloc")];
  await must("the package cannot be unpacked", unpack);
  await addKoffi(folder);
  if (tools === undefined) return;
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
  return Array.from(Deno.readDirSync(modules), ({ name }) => name).flatMap((name) => {
    if (name.startsWith(".")) return [];
    if (!name.startsWith("@")) return [name];
    return Array.from(Deno.readDirSync(join(modules, name)), (one) => `${name}/${one.name}`);
  });
}

/** Throws where what was built has a path of the machine that built it. */
async function checkPaths(path: string, folder: string): Promise<void> {
  const grep = ["grep", "-rqF", "--include=*.*js", "--exclude-dir=node_modules"];
  const { code } = await output([...grep, folder, path]);
  if (code === 0) {
    throw new Error(`${basename(path)} has the path of the folder that it was built in`);
  }
}
