/**
 * The steps that set a platform up.
 *
 * @module
 */
import { join } from "node:path";
import { logs, readIfThere, removeIfThere } from "./cache.ts";
import { Unavailable } from "./platform.ts";
import { run, type RunOptions, tail } from "./process.ts";

/** Prints one line for a step: its name, how long it took, and what came of it. */
export async function step<T>(
  title: string,
  work: () => Promise<T>,
  summary: (result: T) => string = () => "done",
): Promise<T> {
  print(`${title} ... `);
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const result = await work();
    print(`${summary(result)} (${seconds()})\n`);
    return result;
  } catch (error) {
    print(`failed (${seconds()})\n`);
    throw error;
  }
}

/** Runs a command without which the platform is unavailable, for the reason given. */
export async function need(
  reason: string,
  command: readonly string[],
  options: Omit<RunOptions, "log"> = {},
): Promise<void> {
  const log = join(logs("setup"), `${command[0]}.log`);
  await removeIfThere(log);
  const { code } = await run(command, { log, ...options });
  if (code === 0) return;
  print(`\n${tail(await readIfThere(log) ?? "", 20)}\n`);
  throw new Unavailable(reason);
}

/** What a command prints, for commands that only look something up. */
export async function ask(
  reason: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const found = await new Deno.Command(command, {
    args: [...args],
    env: { ...environment },
  }).output().catch(() => undefined);
  if (!found?.success) throw new Unavailable(reason);
  return new TextDecoder().decode(found.stdout);
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
