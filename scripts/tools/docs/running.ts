/**
 * Compiles and runs examples in a folder that has the package.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { project } from "../cache.ts";
import { output } from "../processes.ts";
import { RUNTIMES } from "../suite.ts";
import { type Example, NAMES, type RuntimeName } from "./examples.ts";

export const FLAGS: Readonly<Record<"deno" | "bun" | "node", readonly string[]>> = {
  deno: ["run", "--no-lock", "-A"],
  bun: [],
  node: ["--no-warnings"],
};
export const LIMIT = 120; // seconds
/** Comes before what the runner says of an example. */
const MARK = "\x1e";

const COMPILER_OPTIONS = {
  target: "esnext",
  lib: ["esnext"],
  types: ["bun", "node"],
  typeRoots: [join(project, "node_modules/@types")],
  module: "preserve",
  moduleDetection: "force",
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
};

/** Compiles and runs the examples. Returns what is wrong with them. */
export async function tryExamples(
  examples: readonly Example[],
  folder: string,
): Promise<readonly string[]> {
  for (const { file, code } of examples) {
    await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
    await Deno.writeTextFile(join(folder, file), code);
  }
  const faults = await compile(examples.filter(({ reason }) => reason === undefined), folder);
  // One after the other: they may use the same names and paths.
  for (const name of NAMES) faults.push(...await runIn(name, examples, folder));
  return faults;
}

/** Compiles by TypeScript, and by Deno what is for Deno alone. */
async function compile(examples: readonly Example[], folder: string): Promise<string[]> {
  const filesOf = (isDeno: boolean) =>
    examples.filter(({ runtimes }) => (runtimes.join() === "deno") === isDeno)
      .map(({ file }) => file);
  const config = { compilerOptions: COMPILER_OPTIONS, files: filesOf(false) };
  await Deno.writeTextFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const node = join(project, RUNTIMES.node26!.program);
  const tsc = join(project, "node_modules/typescript/bin/tsc");
  const commands = [[node, tsc, "--pretty", "false", "--project", "."]];
  const ofDeno = filesOf(true);
  if (ofDeno.length > 0) commands.push([Deno.execPath(), "check", "--quiet", ...ofDeno]);
  const ends = await Promise.all(commands.map((command) => output(command, { cwd: folder })));
  return ends.filter(({ code }) => code !== 0)
    .map(({ stdout, stderr }) => `types:\n${stdout}${stderr}`);
}

/** Runs the examples of a runtime in one process, whose working directory is empty. */
async function runIn(
  name: RuntimeName,
  examples: readonly Example[],
  folder: string,
): Promise<string[]> {
  const own = examples.filter(({ runtimes }) => runtimes.includes(name));
  if (own.length === 0) return [];
  const { runner, program } = RUNTIMES[name]!;
  const cwd = join(folder, `work_${name}`);
  await Deno.mkdir(cwd);
  await Deno.copyFile(join(import.meta.dirname!, "runner.mjs"), join(folder, "runner.mjs"));
  const files = own.map(({ file }) => file);
  const { end, timedOut, stdout, stderr } = await output(
    [join(program.startsWith("/") ? "" : project, program), ...FLAGS[runner], "../runner.mjs"]
      .concat(MARK, files),
    { cwd, limit: LIMIT, env: { NO_COLOR: "1" } },
  );
  const told = new Map(
    stdout.split(MARK).slice(1).map((part) => {
      const [file = "", ...printed] = part.split("\n");
      return [file, printed.join("\n")];
    }),
  );
  const last = Array.from(told.keys()).at(-1);
  if (last !== "end") {
    const how = timedOut ? `took more than ${LIMIT} s` : `ended the process with ${end}`;
    return [`${name}: ${last} ${how}\n${told.get(last ?? "")}${stderr}`];
  }
  return own.flatMap(({ file, shown }) => {
    const thrown = told.get(`${file} threw`);
    if (thrown !== undefined) return [`${name}: ${file} threw ${thrown.trim()}`];
    const printed = told.get(file) ?? "";
    if (isShown(printed, shown)) return [];
    return [`${name}: ${file} prints\n${printed}and shows\n${shown.join("\n")}`];
  });
}

/** Tells if a text is the one that is shown, where `…` stands for anything. */
function isShown(printed: string, shown: readonly string[]): boolean {
  const parts = normal(shown.join(" ")).split("…").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join("[^]*?")}$`).test(normal(printed));
}

/** Without the blanks, quotes and last commas that runtimes print in their own ways. */
function normal(text: string): string {
  return text.replaceAll("'", '"').replace(/\s+/g, " ").replace(/, ?(?=[\]}])/g, " ").trim();
}
