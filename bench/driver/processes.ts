/**
 * Processes of the benchmarks: each leads a group of its own, so that what it
 * has started ends with it.
 *
 * @module
 */
import { BENCH } from "./places.ts";

const alive = new Set<Deno.ChildProcess>();

/** The failure of a process. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

/** Starts a command in the folder of the benchmarks. */
export function start(
  [command, ...args]: readonly [string, ...string[]],
  options: Pick<Deno.CommandOptions, "stdin" | "env" | "cwd"> = {},
): Deno.ChildProcess {
  const child = new Deno.Command(command, {
    args,
    cwd: BENCH,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
    ...options,
  }).spawn();
  alive.add(child);
  child.status.then(() => alive.delete(child));
  return child;
}

/** Runs a command to its end, and returns what it printed; throws where it failed. */
export async function run(
  command: readonly [string, ...string[]],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<string> {
  const { success, code, stdout, stderr } = await start(command, options).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  throw new ProcessError(`it ended with ${code}: ${tellingLine(text(stderr) || text(stdout))}`);
}

/** Ends a process and all that it has started. */
export function end(child: Deno.ChildProcess): void {
  try {
    Deno.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Ends all processes that are alive. */
export function endAll(): void {
  for (const child of alive) end(child);
}

/** The line that says most: the first one that is an error, or the last one that has letters. */
export function tellingLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => /[a-z]/i.test(line));
  return lines.find((line) => /^\w*Error\b|error[: ]/.test(line)) ?? lines.at(-1) ??
    "it said nothing";
}
