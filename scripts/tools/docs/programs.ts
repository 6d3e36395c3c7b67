/**
 * Runs programs of `examples/` that pages include, with the package.
 *
 * @module
 */
import { basename, join } from "node:path";
import { EXAMPLES, hasUsing } from "../../../test/support/example_programs.ts";
import { project } from "../cache.ts";
import { output } from "../processes.ts";
import { RUNTIMES } from "../suite.ts";
import { NAMES, type RuntimeName } from "./examples.ts";
import { FLAGS, LIMIT } from "./running.ts";
import { SNIPPET } from "./snippets.ts";

/** Other packages that the programs import. */
const PACKAGES = ["apache-arrow", "@sqlite.org"];

/** The names of the programs that a page includes. */
export function programsIn(text: string): string[] {
  return Array.from(text.matchAll(SNIPPET), ([, path]) => basename(path!, ".ts"));
}

/** Runs programs in a folder that has the package. Returns what is wrong with them. */
export async function tryPrograms(
  programs: ReadonlySet<string>,
  folder: string,
): Promise<readonly string[]> {
  await copyExamples(join(folder, "examples"));
  for (const name of PACKAGES) {
    await Deno.symlink(join(project, "node_modules", name), join(folder, "node_modules", name));
  }
  const faults: string[] = [];
  for (const program of programs) {
    const text = await Deno.readTextFile(join(folder, "examples", `${program}.ts`));
    for (const name of NAMES) {
      if (name === "node22" && hasUsing(text)) continue;
      if (name === "bun" && program === "wasm_sqlite") continue; // may move its memory
      faults.push(...await runIn(name, program, folder));
    }
  }
  return faults;
}

/** Copies the programs, which import the package by its name there. */
async function copyExamples(folder: string): Promise<void> {
  const from = join(project, "examples");
  await Deno.mkdir(folder);
  await Deno.symlink(join(from, "python"), join(folder, "python"));
  for (const { name } of Deno.readDirSync(from)) {
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(join(from, name));
    await Deno.writeTextFile(join(folder, name), text.replaceAll('"../mod.ts"', '"sysalloc"'));
  }
}

async function runIn(name: RuntimeName, program: string, folder: string): Promise<string[]> {
  const example = EXAMPLES[program];
  if (example === undefined) return [`examples/${program}.ts is run by no test`];
  const [args, printed] = example;
  const { runner, program: binary } = RUNTIMES[name]!;
  const path = binary.startsWith("/") ? binary : join(project, binary);
  const command = [path, ...FLAGS[runner], `examples/${program}.ts`, ...args];
  const { code, stdout, stderr } = await output(command, { cwd: folder, limit: LIMIT });
  if (code === 0 && (stdout.includes(printed) || stdout.startsWith("Skipped: "))) return [];
  return [`${name}: examples/${program}.ts ended with ${code}\n${stdout}${stderr}`];
}
