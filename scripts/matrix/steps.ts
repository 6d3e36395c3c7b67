/**
 * The steps that set something up.
 *
 * @module
 */
import { run, type RunOptions, tail } from "./process.ts";

/** Something that a run needs is not to be had here: no verdict on the suite. */
export class Unavailable extends Error {}

/** Prints one line when a step has ended: its name, what came of it, and its seconds. */
export async function step<T>(
  title: string,
  work: () => Promise<T>,
  summary: (result: T) => string = () => "done",
): Promise<T> {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const result = await work();
    console.log(`${title}: ${summary(result)} (${seconds()})`);
    return result;
  } catch (error) {
    const outcome = error instanceof Unavailable ? "unavailable" : "failed";
    console.log(`${title}: ${outcome} (${seconds()})`);
    throw error;
  }
}

/** Runs a command that fetches: where it fails, what it is for is unavailable, for the reason given. */
export async function need(
  reason: string,
  command: readonly string[],
  options: Omit<RunOptions, "log"> = {},
): Promise<void> {
  if (!await succeeds(command, options)) throw new Unavailable(reason);
}

/** Runs a command that must succeed: where it fails, the project is at fault. */
export async function must(
  what: string,
  command: readonly string[],
  options: Omit<RunOptions, "log"> = {},
): Promise<void> {
  if (!await succeeds(command, options)) throw new Error(what);
}

async function succeeds(
  command: readonly string[],
  options: Omit<RunOptions, "log">,
): Promise<boolean> {
  const log = await Deno.makeTempFile({ suffix: ".log" });
  try {
    const { code } = await run(command, { log, ...options });
    if (code !== 0) console.log(tail(await Deno.readTextFile(log), 20));
    return code === 0;
  } finally {
    await Deno.remove(log);
  }
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
