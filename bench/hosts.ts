/**
 * Where the works run: how each host is called, and which version it is.
 *
 * @module
 */
import type { HostName } from "./catalogue/benchmark.ts";
import { BENCH, BUILT, NPM_PEERS, ROOT } from "./places.ts";
import { run } from "./processes.ts";

/** What runs works. */
export interface Host {
  /** The command of a whole program, before its arguments. */
  readonly program: readonly [string, ...string[]];
  /** The command that serves works; for a runtime the script comes after it. */
  readonly serve: readonly [string, ...string[]];
  /** The command that prints the version. */
  readonly version: readonly [string, ...string[]];
}

const TOOLS = `${ROOT}/node_modules`;

/** Without what `npm run` adds: there another Node.js is called `node`. */
export const PATH: string = (Deno.env.get("PATH") ?? "").split(":")
  .filter((folder) => !folder.endsWith("node_modules/.bin")).join(":");
const NODE = PATH.split(":").map((folder) => `${folder}/node`).find(isThere) ?? "node";
const NODE26 = `${TOOLS}/node26/bin/node`;
const NODE_OPTIONS = ["--no-warnings", "--expose-gc"];
const BUN = `${TOOLS}/.bin/bun`;
const C = `${BUILT}/c/works`;
const RUST = `${BUILT}/rust/release/sysalloc-bench-peers`;

const runtime = (command: string, ...options: readonly string[]) => ({
  program: [command, ...options],
  serve: [command, ...options],
  version: [command, "--version"],
} as const);

const native = (command: string, compiler: string) => ({
  program: [command],
  serve: [command],
  version: [compiler, "--version"],
} as const);

/** All hosts. */
export const HOSTS: Readonly<Record<HostName, Host>> = {
  "Deno": runtime(Deno.execPath(), "run", "-A", "--v8-flags=--expose-gc"),
  "Bun": runtime(BUN),
  "Node.js 26": {
    ...runtime(NODE26, ...NODE_OPTIONS),
    version: [NODE26, "--version"],
  },
  // The Node.js that npm has the headers of: what it compiled loads in no other.
  "npm": {
    program: [NODE, ...NODE_OPTIONS, `${NPM_PEERS}/dropping.mjs`],
    serve: [NODE, ...NODE_OPTIONS, `${NPM_PEERS}/serving.mjs`],
    version: [NODE, "--version"],
  },
  "C": native(C, "gcc"),
  "Rust": native(RUST, "cargo"),
  "Python": {
    ...runtime("python3"),
    program: ["python3", `${BENCH}/peers/python/count_lines.py`],
  },
  "Java": {
    ...runtime("java"),
    program: ["java", "-cp", `${BUILT}/java`, `@${BUILT}/java/arguments`],
  },
  "wc": { ...runtime("wc"), program: ["wc", "-l"] },
};

/** Whether a host is one of sysalloc's runtimes, which take a script. */
export function isRuntime(name: HostName): boolean {
  return name === "Deno" || name === "Bun" || name === "Node.js 26";
}

/** The version of a host, in digits and dots. */
export async function versionOf(name: HostName): Promise<string> {
  const printed = await run(HOSTS[name].version);
  return /\d+(?:\.\d+)+/.exec(printed)?.[0] ?? printed.trim();
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
