/**
 * Checks of the package, and the commands that they run.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { project } from "../cache.ts";
import { fetchTools } from "../npm.ts";
import { type Output, output } from "../processes.ts";
import { RUNTIMES } from "../suite.ts";

/** The folder of the development tools. */
export const TOOLS: string = join(project, "node_modules");
/** The programs that use the package. */
export const PROGRAMS: string = join(import.meta.dirname!, "programs");

export const node22: string = programOf("node22");
export const node24: string = programOf("node24");
export const node26: string = programOf("node26");
export const bun: string = programOf("bun");
/** Deno, which takes the package from the folder `node_modules` where it runs. */
export const deno: readonly string[] = [Deno.execPath(), "run", "--no-lock", "-A"];

/** The numbers of checks that have passed and failed. */
export const sums = { passed: 0, failed: 0 };

/** A folder for all that the checks make. */
export const temporary: string = join(tmpdir(), `sysalloc-smoke-${Deno.pid}`);
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => interruption.abort(signal));
}

/** Runs checks in a folder that is removed at their end. */
export async function inTemporary(checks: () => Promise<void>): Promise<void> {
  await Deno.mkdir(temporary);
  try {
    await checks();
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** Runs one check, and reports it with the last line that it returned. */
export async function check(name: string, body: () => Promise<string | void>): Promise<void> {
  try {
    const detail = (await body())?.split("\n").at(-1);
    console.log(`ok      ${name}${detail ? `: ${detail}` : ""}`);
    sums.passed++;
  } catch (error) {
    interruption.signal.throwIfAborted();
    console.log(`FAILED  ${name}: ${error instanceof Error ? error.message : error}`);
    sums.failed++;
  }
}

/** Runs a check with a tool of npm, given the folder of its package. Without the tool it is unavailable. */
export async function checkTool(
  name: string,
  [tool, version]: readonly [tool: string, version: string],
  body: (folder: string) => Promise<string | void>,
): Promise<void> {
  const modules = await fetchTools({ [tool]: version }).catch(() => undefined);
  if (modules === undefined) console.log(`unavailable  ${name}`);
  else await check(name, () => body(join(modules, tool)));
}

/** Runs a command. Returns what it printed, or throws that. */
export async function run(command: readonly string[], cwd: string = temporary): Promise<string> {
  const { code, stdout, stderr } = await end(command, cwd);
  if (code === 0) return stdout;
  throw new Error(`${command.join(" ")}\n${stdout}\n${stderr}`);
}

/** Runs a command that may fail. */
export async function end(command: readonly string[], cwd: string): Promise<Output> {
  const ended = await output(command, {
    cwd,
    signal: interruption.signal,
    env: {
      NO_COLOR: "1",
      // Bun would take an older tarball of this name and version out of its own
      BUN_INSTALL_CACHE_DIR: join(temporary, "bun_cache"),
    },
  });
  return { ...ended, stdout: ended.stdout.trim(), stderr: ended.stderr.trim() };
}

/** Makes a folder that has the programs, and nothing that npm could climb to. */
export async function makeFolder(name: string): Promise<string> {
  const folder = join(temporary, name);
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  for await (const { name } of Deno.readDir(PROGRAMS)) {
    if (name.includes(".test.")) continue; // it is to be bundled
    await Deno.copyFile(join(PROGRAMS, name), join(folder, name));
  }
  return folder;
}

/** Installs packages into a folder. */
export async function npmInstall(folder: string, ...packages: string[]): Promise<void> {
  await run(["npm", "install", "--no-audit", "--no-fund", ...packages], folder);
}

/** Bundles a program with esbuild. */
export async function bundle(
  folder: string,
  input: string,
  output: string,
  options: readonly string[],
): Promise<void> {
  const flags = ["--bundle", "--platform=node", "--log-level=error", `--outfile=${output}`];
  await run([join(TOOLS, ".bin/esbuild"), input, ...flags, ...options], folder);
}

function programOf(runtime: string): string {
  return join(project, RUNTIMES[runtime]!.program);
}
