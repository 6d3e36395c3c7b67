/**
 * Commands that set something up.
 *
 * @module
 */
import { output, run, type RunOptions, tail } from "./processes.ts";

/** This machine lacks what a run takes: no verdict on the library. */
export class Unavailable extends Error {}

type Options = Omit<RunOptions, "log">;

/** Runs a command that fetches. If it fails, what needs it is unavailable, for the reason given. */
export async function need(
  reason: string,
  command: readonly string[],
  options: Options = {},
): Promise<void> {
  if (!await succeeds(command, options)) throw new Unavailable(reason);
}

/** Runs a command that must succeed: if it fails, the project is at fault. */
export async function must(
  fault: string,
  command: readonly string[],
  options: Options = {},
): Promise<void> {
  if (!await succeeds(command, options)) throw new Error(fault);
}

async function succeeds(command: readonly string[], options: Options): Promise<boolean> {
  const log = await Deno.makeTempFile({ suffix: ".log" });
  try {
    const { code } = await run(command, { log, ...options });
    if (code !== 0) console.log(tail(await Deno.readTextFile(log), 20));
    return code === 0;
  } finally {
    await Deno.remove(log);
  }
}

/** Looks something up: returns what a command prints. */
export async function ask(
  reason: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const found = await output(command, { env }).catch(() => undefined);
  if (found?.code !== 0) throw new Unavailable(reason);
  return found.stdout;
}
