/**
 * The runtimes that are measured, and the processes that run in them.
 *
 * @module
 */

/** A runtime that is measured. */
export interface Runtime {
  /** What the table calls it. */
  readonly name: "Deno" | "Bun" | "Node.js 26" | "Node.js 22, koffi";
  /** The command that runs a script. */
  readonly command: readonly [string, ...string[]];
}

const TOOLS = `${import.meta.dirname}/../node_modules`;

export const DENO: Runtime = {
  name: "Deno",
  command: [Deno.execPath(), "run", "-A"],
};
export const BUN: Runtime = { name: "Bun", command: [`${TOOLS}/.bin/bun`] };
export const NODE26: Runtime = {
  name: "Node.js 26",
  command: [`${TOOLS}/node26/bin/node`, "--no-warnings"],
};
export const NODE22: Runtime = {
  name: "Node.js 22, koffi",
  command: [`${TOOLS}/node22/bin/node`, "--no-warnings"],
};
export const RUNTIMES: readonly Runtime[] = [DENO, BUN, NODE26, NODE22];

/** Runs a command to its end and returns what it printed; throws if it failed. */
export async function run(
  [command, ...args]: readonly [string, ...string[]],
): Promise<string> {
  const { success, stdout } = await new Deno.Command(command, {
    args,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Failed: ${command} ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

/** Runs a script of this folder in `runtime`, and returns the JSON that it printed. */
export async function runScript<T>(
  runtime: Runtime,
  script: string,
  ...args: string[]
): Promise<T> {
  const path = `${import.meta.dirname}/${script}`;
  return JSON.parse(await run([...runtime.command, path, ...args])) as T;
}

/** The version of `runtime`. */
export async function version({ command: [command] }: Runtime): Promise<string> {
  const printed = await run([command, "--version"]);
  return /\d+\.\d+\.\d+/.exec(printed)?.[0] ?? printed.trim();
}
