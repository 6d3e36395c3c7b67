/**
 * The processes that tests start: programs of `test/children/` in the runtime
 * that this is, and others. No other test file imports `node:child_process`.
 *
 * @module
 */
import {
  type ChildProcess,
  execFile,
  spawn,
  type SpawnOptions,
  spawnSync,
} from "node:child_process";
import { fileURLToPath } from "node:url";
import { isAtLeast } from "../../ffi/runtime/versions.ts";
import { runtime, TIMEOUT_MS } from "./harness.ts";
import { tier } from "./rounds.ts";
import { childUrl } from "./bundled.ts";

interface Globals {
  readonly Deno?: {
    execPath(): string;
    readonly Command: new (program: string, options: unknown) => {
      output(): Promise<{
        readonly code: number;
        readonly signal: string | null;
        readonly stdout: Uint8Array;
        readonly stderr: Uint8Array;
      }>;
    };
  };
}

const { Deno } = globalThis as Globals;

/** The program that runs this. */
export const EXECUTABLE: string = Deno?.execPath() ?? process.execPath;

/** Keeps Node.js before 22.9 from waiting for ever for its own compiler: docs/internals/runtimes.md. */
const SAFE_COMPILING = isAtLeast(process.versions.node, "22.9") ? [] : ["--no-maglev"];

/** Keeps V8 from compiling beyond its bytecode, and from working in threads of its own. */
const IDLING = ["--no-sparkplug", "--no-maglev", "--no-opt", "--single-threaded"];

const nodeFlags = runtime === "node" ? process.allowedNodeEnvironmentFlags : new Set<string>();

/** The flags by which Node.js permits its children the use of no file but their programs. */
export const NODE_PERMISSION: readonly string[] = [
  "--permission",
  `--allow-fs-read=${process.cwd()}/*`,
  ...["--allow-ffi", "--allow-addons"].filter((flag) => nodeFlags.has(flag)),
];

/** A reason to skip what needs {@linkcode NODE_PERMISSION}. */
export const unlessNodePermission: string | undefined = nodeFlags.has("--permission")
  ? undefined
  : "only Node.js has --permission, from 22.13 on";

/** The end of a process. */
export interface ChildResult {
  /** The exit code; `null` where a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it; `null` where none did. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The surroundings of a child. */
export interface ChildOptions {
  /** The arguments of the program. */
  readonly args?: readonly string[];
  /** The flags of Deno, or of Node.js, that tell what is permitted. Default: all is. */
  readonly permissions?: readonly string[];
  /**
   * True if the child runs into the limit of mappings. The runtime needs some
   * too, and ends the process where it gets none: V8 then does little of its
   * own, and {@linkcode childValue} tries again, many times, when the runtime found
   * no memory (with musl every other time), waits for some, or gave some back.
   */
  readonly atMappingLimit?: boolean;
  /** The output of a child that died of its runtime alone, and is tried again. */
  readonly mayDie?: RegExp;
}

/** Keeps the quick tier what it is. */
function refuseInQuick(): void {
  if (tier === "quick") {
    throw new Error("This test starts a process: it belongs to test/process/");
  }
}

/** Starts a program. */
export function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  refuseInQuick();
  return spawn(command, args, options);
}

/** Runs a program to its end, and blocks meanwhile; its output is text, or bytes as `latin1` has them. */
export function run(
  command: string,
  args: readonly string[],
  { encoding = "utf8" }: { readonly encoding?: "utf8" | "latin1" } = {},
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  refuseInQuick();
  const env = { ...process.env, NO_COLOR: "1" };
  return spawnSync(command, args, { env, encoding, maxBuffer: 2 ** 26 });
}

/** Runs a program to its end. */
export function execute(
  command: string,
  args: readonly string[],
  timeout: number = TIMEOUT_MS,
): Promise<ChildResult> {
  refuseInQuick();
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const options = { env, timeout, maxBuffer: 2 ** 26 };
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
      resolve({ code, signal: error?.signal ?? null, stdout, stderr });
    });
  });
}

/** The arguments by which this runtime runs a program of `test/children/`. */
export function childArguments(program: string, options: ChildOptions = {}): string[] {
  const { args = [], permissions, atMappingLimit = false } = options;
  const v8Flags = ["--expose-gc", ...(atMappingLimit ? IDLING : [])];
  const flags = {
    deno: ["run", "--no-check", `--v8-flags=${v8Flags.join(",")}`, ...permissions ?? ["-A"]],
    bun: ["run"],
    node: ["--no-warnings", ...v8Flags, ...SAFE_COMPILING, ...permissions ?? []],
  }[runtime];
  return [...flags, fileURLToPath(childUrl(program)), ...args];
}

/** Runs a program of `test/children/` with this same runtime. */
export async function runChild(
  program: string,
  options: ChildOptions = {},
): Promise<ChildResult> {
  refuseInQuick();
  const args = childArguments(program, options);
  const timeout = options.atMappingLimit ? 60_000 : TIMEOUT_MS;
  if (!Deno) return execute(EXECUTABLE, args, timeout);
  // Its node:child_process gives a child without permission flags all permissions.
  const output = await new Deno.Command(EXECUTABLE, {
    args,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(timeout),
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  ) as [string, string];
  const { signal } = output;
  return { code: signal === null ? output.code : null, signal, stdout, stderr };
}

/**
 * The messages of V8, Bun, C++ and the tests when no memory, or no mapping, was left, or
 * where some was again. With musl Node.js says nothing, nor does what was ended
 * because it waited.
 */
const OUT_OF_MEMORY =
  /out of memory|abort\(\) called|Check failed: \(result\.ptr\) != nullptr|std::bad_alloc|Not at the limit|^$/i;

/** Runs a program of `test/children/` that prints one JSON value at its end; throws if it ends badly. */
export async function childValue<T>(program: string, options: ChildOptions = {}): Promise<T> {
  const mayDie = options.atMappingLimit ? OUT_OF_MEMORY : options.mayDie;
  for (let attempt = 1;; attempt++) {
    const { code, signal, stdout, stderr } = await runChild(program, options);
    // Deno 2.4 says "leaking me" before, of a stream that it gives up.
    if (code === 0) return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    if (attempt < 25 && mayDie?.test(stderr)) continue;
    throw new Error(`${program} ended with ${code ?? signal}:\n${stdout}\n${stderr}`);
  }
}

/**
 * Has one child of a program of `test/children/` do several things, which are
 * the arguments that follow `args`: it prints a line `[name, value]` of JSON when
 * it has done one. The function that this returns tells what came of one of
 * them, and throws for the one in which the child ended, and for those after it.
 */
export function childValues<T>(
  program: string,
  names: readonly string[],
  { args = [], ...options }: ChildOptions = {},
): (name: string) => Promise<T> {
  let run: Promise<readonly [values: ReadonlyMap<string, T>, failure?: string]> | undefined;
  const begin = async () => {
    const child = await runChild(program, { ...options, args: [...args, ...names] });
    const values = new Map<string, T>();
    for (const line of child.stdout.trimEnd().split("\n")) {
      if (line.startsWith("[")) values.set(...JSON.parse(line) as [string, T]);
    }
    if (child.code === 0) return [values] as const;
    const failure = `${program} ended with ${
      child.code ?? child.signal
    }:\n${child.stdout}\n${child.stderr}`;
    if (values.size === names.length) values.delete(names.at(-1)!);
    return [values, failure] as const;
  };
  return async (name) => {
    const [values, failure] = await (run ??= begin());
    if (!values.has(name)) throw new Error(failure ?? `${program} says nothing of ${name}`);
    return values.get(name)!;
  };
}
