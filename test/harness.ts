/**
 * What the tests need of the runner and the runtime they are in. This is the
 * only file of the suite that asks which one that is.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { isAtLeast } from "../ffi/runtime/versions.ts";

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
  readonly Bun?: { gc(synchronous: boolean): void };
  readonly gc?: () => void;
}

const { Deno, Bun, gc } = globalThis as Globals;

/** The runtime that runs this. */
export const runtime: "deno" | "bun" | "node" = Deno ? "deno" : Bun ? "bun" : "node";

/** The reason to skip a test that holds in Bun from 1.4 on, and nowhere else. */
export const unlessBun14: string | undefined = isAtLeast(process.versions["bun"] ?? "", "1.4")
  ? undefined
  : "only Bun from 1.4 on can do that";

const TIMEOUT_MS = 300_000;

/** `node:test`, as a CommonJS module. */
type NodeTest = (
  name: string,
  options: { readonly timeout?: number; readonly skip?: boolean },
  body: TestBody,
) => unknown;

/** What is used of `bun:test`: before 1.4, Bun's `node:test` runs in test files alone. */
interface BunTest {
  readonly test: ((name: string, body: TestBody, timeout: number) => void) & {
    skip(name: string, body: TestBody): void;
  };
}

type TestBody = () => void | Promise<void>;

/** The operating system, as `process.platform` names it. */
export const platform: string = process.platform;

/** A reason to skip a test everywhere but on Linux; `undefined` there. */
export function unlessLinux(reason: string): string | undefined {
  return platform === "linux" ? undefined : reason;
}

const inUse: Disposable[] = [];

/** Disposes a value at the end of the test, the last one first: `using`, for versions that lack it. */
export function use<T extends Disposable>(value: T): T {
  inUse.push(value);
  return value;
}

/**
 * Declares a test. With a `skip` that is a string the test is skipped, and
 * the string, the reason, stands in its name: not every runner reports one.
 */
export function test(
  name: string,
  body: TestBody,
  options: { readonly skip?: string | undefined } = {},
): void {
  const isSkipped = options.skip !== undefined;
  const disposing = async () => {
    try {
      await body();
    } finally {
      while (inUse.length > 0) inUse.pop()![Symbol.dispose]();
    }
  };
  const title = isSkipped ? `${name} [skipped: ${options.skip}]` : name;
  const require = createRequire(import.meta.url);
  if (Bun) {
    const { test } = require("bun:test") as BunTest;
    if (isSkipped) test.skip(title, body);
    else test(title, disposing, TIMEOUT_MS);
  } else {
    const nodeTest = require("node:test") as NodeTest;
    nodeTest(
      title,
      isSkipped ? { skip: true } : { timeout: TIMEOUT_MS },
      isSkipped ? () => {} : disposing,
    );
  }
}

/** The URL of a source file, from `test/`: where the suite was compiled, its names end in `.js`. */
export function sourceUrl(path: string): URL {
  const isCompiled = import.meta.url.endsWith(".js");
  return new URL(isCompiled ? path.replace(/\.ts$/, ".js") : path, import.meta.url);
}

/** Collects garbage and lets finalizers run. In Deno and Node.js only {@linkcode runChild} allows it. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    if (Bun) Bun.gc(true);
    else if (gc) gc();
    else throw new Error("Garbage can be collected in a child only");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * What keeps Node.js from dying of its own compiler: with node:ffi it can crash
 * at the end of a program, and before 22.9 it can wait for ever (the README
 * tells more of both).
 */
const SAFE_COMPILING = [
  "--no-concurrent-recompilation",
  ...(isAtLeast(process.versions.node, "22.9") ? [] : ["--no-maglev"]),
];

/** What keeps V8 from compiling beyond its bytecode, and from working in threads of its own. */
const IDLING = ["--no-sparkplug", "--no-maglev", "--no-opt", "--single-threaded"];

/** How a child process ended. */
export interface ChildResult {
  /** The exit code; `null` where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how to run a child. */
export interface ChildOptions {
  /** The arguments of the program. */
  readonly args?: readonly string[];
  /** Deno's permission flags. Default: `["-A"]`. */
  readonly permissions?: readonly string[];
  /**
   * Whether the child runs into the limit of mappings. The runtime needs some
   * too, and ends the process where it gets none: V8 then does little of its
   * own, and {@linkcode childValue} tries again, many times, when the runtime found
   * no memory (with musl every other time), waits for some, or gave some back.
   */
  readonly atMappingLimit?: boolean;
}

/** The arguments by which this runtime runs a program of `test/children/`. */
export function childArguments(program: string, options: ChildOptions = {}): string[] {
  const { args = [], permissions = ["-A"], atMappingLimit = false } = options;
  const v8Flags = ["--expose-gc", ...(atMappingLimit ? IDLING : [])];
  const file = fileURLToPath(sourceUrl(`./children/${program}`));
  const flags = {
    deno: ["run", "--no-check", `--v8-flags=${v8Flags.join(",")}`, ...permissions],
    bun: ["run"],
    node: ["--no-warnings", ...v8Flags, ...SAFE_COMPILING],
  }[runtime];
  return [...flags, file, ...args];
}

/** Runs a program of `test/children/` with this same runtime. */
export function runChild(program: string, options: ChildOptions = {}): Promise<ChildResult> {
  return spawn(childArguments(program, options), options.atMappingLimit ? 60_000 : TIMEOUT_MS);
}

async function spawn(args: readonly string[], timeout: number): Promise<ChildResult> {
  if (Deno) {
    // Its node:child_process gives a child without permission flags all permissions.
    const output = await new Deno.Command(Deno.execPath(), {
      args,
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(timeout),
    }).output();
    const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    ) as [string, string];
    return { code: output.signal === null ? output.code : null, stdout, stderr };
  }
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const options = { env, timeout, maxBuffer: 2 ** 26 };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/**
 * What V8, C++ and the tests say where no memory, or no mapping, was left, or
 * where some was again. With musl Node.js says nothing, nor does what was ended
 * because it waited.
 */
const OUT_OF_MEMORY =
  /out of memory|Check failed: \(result\.ptr\) != nullptr|std::bad_alloc|Not at the limit|^$/i;

/** Runs a program of `test/children/` that prints one JSON value at its end; throws if it ends badly. */
export async function childValue<T>(program: string, options: ChildOptions = {}): Promise<T> {
  const attempts = options.atMappingLimit ? 25 : 1;
  for (let attempt = 1;; attempt++) {
    const { code, stdout, stderr } = await runChild(program, options);
    // Deno 2.4 says "leaking me" before, of a stream that it gives up.
    if (code === 0) return JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    if (attempt < attempts && OUT_OF_MEMORY.test(stderr)) continue;
    throw new Error(`${program} ended with ${code}:\n${stdout}\n${stderr}`);
  }
}
