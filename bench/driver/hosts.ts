/**
 * The hosts of the works: their commands and their versions.
 *
 * @module
 */
import type { HostName } from "../catalogue/benchmark.ts";
import { BUILT, NPM_PEERS, ROOT } from "./places.ts";
import { run } from "./processes.ts";

/** A host of works. */
export interface Host {
  /** The command of a whole program, before its arguments. */
  readonly program: readonly [string, ...string[]];
  /** The command that serves works; for a runtime the script comes after it. */
  readonly serve: readonly [string, ...string[]];
  /** The command that prints the version. */
  readonly version: readonly [string, ...string[]];
}

const TOOLS = `${ROOT}/node_modules`;
const NODE26 = `${TOOLS}/node26/bin/node`;

/** Without what `npm run` adds: there another Node.js is called `node`. */
export const PATH: string = (Deno.env.get("PATH") ?? "").split(":")
  .filter((folder) => !folder.endsWith("node_modules/.bin")).join(":");
const NODE = PATH.split(":").map((folder) => `${folder}/node`).find(isThere) ?? "node";

/**
 * A host that serves collects between turns, and must keep meanwhile the code that V8 has
 * compiled. Not for whole programs: what the runtimes start from is of no use to a
 * V8 with other flags.
 */
const V8_FLAGS = ["--expose-gc", "--no-flush-bytecode"];

const alone = (command: string, ...args: readonly string[]): Host => ({
  program: [command, ...args],
  serve: [command, ...args],
  version: [command, "--version"],
});

const built = (command: string, compiler: string): Host => ({
  ...alone(command),
  version: [compiler, "--version"],
});

const node = (command: string, script: readonly string[], program: readonly string[]): Host => ({
  program: [command, "--no-warnings", ...program],
  serve: [command, "--no-warnings", ...V8_FLAGS, ...script],
  version: [command, "--version"],
});

/** All hosts. */
export const HOSTS: Readonly<Record<HostName, Host>> = {
  "Deno": {
    program: [Deno.execPath(), "run", "-A"],
    serve: [Deno.execPath(), "run", "-A", `--v8-flags=${V8_FLAGS.join(",")}`],
    version: [Deno.execPath(), "--version"],
  },
  "Bun": alone(`${TOOLS}/.bin/bun`),
  "Node.js 26": node(NODE26, [], []),
  // The Node.js that npm has the headers of: what it compiled loads in no other.
  "npm": node(NODE, [`${NPM_PEERS}/serving.mjs`], [`${NPM_PEERS}/dropping.mjs`]),
  "C": built(`${BUILT}/c/works`, "gcc"),
  "Rust": built(`${BUILT}/rust/release/sysalloc-bench-peers`, "cargo"),
  "Python": alone("python3"),
  "Java": {
    ...alone("java"),
    program: ["java", "-cp", `${BUILT}/java`, `@${BUILT}/java/arguments`],
  },
  "ripgrep": alone("rg"),
  "wc": { ...alone("wc"), program: ["wc", "-l"] },
};

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
