/**
 * Child processes that take their time: every one writes to a file, has a time
 * limit, and is gone when this process is.
 *
 * @module
 */
import { dirname } from "node:path";

/** How a process ended. */
export interface Outcome {
  readonly code: number;
  readonly timedOut: boolean;
}

/** What {@linkcode run} needs beside the command. */
export interface RunOptions {
  /** The file that standard output and standard error are appended to. */
  readonly log: string;
  /** In seconds. Default: 1800. */
  readonly limit?: number;
  readonly cwd?: string;
  /** What is added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end or its time limit.
 *
 * It writes to a file because whatever it leaves behind would hold a pipe
 * open, and leads a session of its own so that it can be killed together with
 * its children. The system kills it when this process ends, however that is.
 */
export async function run(
  command: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  const { log, limit = 1800, cwd, environment } = options;
  await Deno.mkdir(dirname(log), { recursive: true });
  const child = new Deno.Command("setsid", {
    args: ["setpriv", "--pdeathsig", "KILL", "sh", "-c", 'exec "$@" >>"$0" 2>&1', log, ...command],
    stdin: "null",
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...environment },
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, limit * 1000);
  try {
    const { code } = await child.status;
    return { code, timedOut };
  } finally {
    clearTimeout(timer);
    killGroup(child.pid); // what it may have left in the background
  }
}

/** The last lines of a log. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL"); // negative: the whole process group
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
