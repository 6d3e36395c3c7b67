/**
 * Child processes: every one writes to a file, has a time limit, and is gone
 * when this process is.
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
  /** In seconds. */
  readonly limit?: number;
  readonly cwd?: string;
  /** What is added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

const running = new Set<number>();

/**
 * Runs a command to its end or its time limit.
 *
 * It writes to a file because whatever it leaves behind would hold a pipe
 * open, and leads a session of its own so that it can be killed together with
 * its children.
 */
export async function run(
  command: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  const { log, limit = 600, cwd, environment } = options;
  await Deno.mkdir(dirname(log), { recursive: true });
  const child = new Deno.Command("setsid", {
    args: ["sh", "-c", 'exec "$@" >>"$0" 2>&1', log, ...command],
    stdin: "null",
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...environment },
  }).spawn();
  running.add(child.pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill(child.pid);
  }, limit * 1000);
  try {
    const { code } = await child.status;
    return { code, timedOut };
  } finally {
    clearTimeout(timer);
    kill(child.pid); // what it may have left in the background
    running.delete(child.pid);
  }
}

/** The last lines of a log. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** From here on a signal that ends this process ends its children first. */
export function killChildrenOnSignals(): void {
  for (const [signal, code] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const) {
    Deno.addSignalListener(signal, () => {
      running.forEach(kill);
      Deno.exit(code);
    });
  }
}

function kill(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL"); // negative: the whole process group
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
