/**
 * The runtimes that an example can start itself in.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A command that runs a file in one runtime. */
export interface Program {
  readonly runtime: string;
  readonly command: string;
  readonly args: readonly string[];
}

const DENO = { runtime: "Deno", args: ["run", "--no-check", "-A"] };
const BUN = { runtime: "Bun", args: [] };
const NODE = { runtime: "Node.js", args: ["--no-warnings"] };

/** This runtime. */
export function ownProgram(): Program {
  const { Deno } = globalThis as { Deno?: { execPath(): string } };
  const own = Deno !== undefined ? DENO : "bun" in process.versions ? BUN : NODE;
  return { ...own, command: Deno?.execPath() ?? process.execPath };
}

/** This runtime, and each other one that is installed and can run a file with the argument "probe". */
export function findPrograms(file: string): Program[] {
  const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));
  const found: Program[] = [ownProgram()];
  const candidates: readonly Program[] = [
    { ...DENO, command: `${modules}.bin/deno` },
    { ...DENO, command: "deno" },
    { ...BUN, command: `${modules}.bin/bun` },
    { ...BUN, command: "bun" },
    { ...NODE, command: `${modules}node26/bin/node` },
    { ...NODE, command: "node" },
  ];
  for (const program of candidates) {
    if (found.some(({ runtime }) => runtime === program.runtime)) continue;
    const { status } = spawnSync(program.command, [...program.args, file, "probe"]);
    if (status === 0) found.push(program);
  }
  return found;
}
