/**
 * Processes that the scripts start.
 *
 * @module
 */
import { dirname } from "node:path";

/** The end of a process. */
export interface Ending {
  readonly code: number;
  readonly timedOut: boolean;
}

/** Options of {@linkcode run}. */
export interface RunOptions {
  /** The file that standard output and standard error are appended to. */
  readonly log: string;
  /** In seconds. Default: 1800. */
  readonly limit?: number;
  readonly cwd?: string;
  /** Variables that are added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a command to its end or its time limit. It writes to a file: see {@linkcode lead}. */
export async function run(
  command: readonly string[],
  { log, limit = 1800, cwd, environment }: RunOptions,
): Promise<Ending> {
  await Deno.mkdir(dirname(log), { recursive: true });
  const { result, timedOut } = await lead(
    ["sh", "-c", 'exec "$@" >>"$0" 2>&1', log, ...command],
    { env: { ...environment }, ...(cwd === undefined ? {} : { cwd }) },
    limit,
    (child) => child.status,
  );
  return { code: result.code, timedOut };
}

/**
 * Starts a command and waits, for so many seconds at most, for what is asked of it.
 *
 * It leads a session of its own so that it can be killed together with its children, which is
 * done in any case. The system kills it when this process ends, however that is. What it leaves
 * behind would hold a pipe open until the limit. It takes Linux.
 */
export async function lead<T>(
  command: readonly string[],
  options: Deno.CommandOptions,
  limit: number,
  wait: (child: Deno.ChildProcess) => Promise<T>,
): Promise<{ readonly result: T; readonly timedOut: boolean }> {
  const child = new Deno.Command("setsid", {
    ...options,
    args: ["setpriv", "--pdeathsig", "KILL", ...command],
    stdin: "null",
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, limit * 1000);
  try {
    return { result: await wait(child), timedOut };
  } finally {
    clearTimeout(timer);
    killGroup(child.pid); // what it may have left in the background
  }
}

function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL"); // negative: the whole process group
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The end and the output of a short command. */
export interface Output extends Ending {
  /** The signal, or else the code. */
  readonly end: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end on any system; what it starts itself may outlive it. */
export async function output(
  [program, ...args]: readonly string[],
  { limit, ...options }: Deno.CommandOptions & { readonly limit?: number } = {},
): Promise<Output> {
  const child = new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, (limit ?? 86_400) * 1000);
  try {
    const { code, signal, stdout, stderr } = await child.output();
    const end = String(signal ?? code);
    return { code, end, timedOut, stdout: textOf(stdout), stderr: textOf(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The last lines of a log. */
export function tail(text: string, lines: number): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
