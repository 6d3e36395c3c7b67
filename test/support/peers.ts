/**
 * The other programs that meet shared memory, and what is said to them.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EXECUTABLE, run, start } from "./child_processes.ts";
import { platform, runtime, use } from "./harness.ts";
import { childUrl } from "./bundled.ts";

/** A program that runs a source file. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly is: typeof runtime;
}

const ARGUMENTS: Readonly<Record<typeof runtime, readonly string[]>> = {
  deno: ["run", "--no-check", "-A"],
  bun: ["run"],
  node: ["--no-warnings"],
};

/** This runtime. */
export const SELF: Program = { name: "this runtime", command: EXECUTABLE, is: runtime };

const installed = (path: string) =>
  fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));

const OWN_NAME =
  { deno: "Deno", bun: "Bun", node: `Node.js ${process.versions.node.split(".")[0]}` }[runtime];

/** The other runtimes that may be installed beside the suite. */
export const PROGRAMS: readonly Program[] = ([
  { name: "Deno", command: installed(".bin/deno"), is: "deno" },
  { name: "Bun", command: installed("bun/bin/bun.exe"), is: "bun" },
  { name: "Node.js 26", command: installed("node26/bin/node"), is: "node" },
  { name: "Node.js 22", command: installed("node22/bin/node"), is: "node" },
] as const).filter(({ name }) => name !== OWN_NAME);

/** The runtimes that run, by their commands: a program can be for another system. */
const areThere = new Map<string, boolean>();

/** A reason to skip what needs a program. */
export function unlessThere({ name, command }: Program): string | undefined {
  if (!areThere.has(command)) {
    const isThere = platform === "linux" && existsSync(command) &&
      run(command, ["--version"]).status === 0;
    areThere.set(command, isThere);
  }
  return areThere.get(command) ? undefined : `there is no ${name} here`;
}

/** A process that says what it has to in lines, each an answer, and ends when its input does. */
export class Peer implements Disposable {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #ended: Promise<string>;
  #rest = "";
  #errors = "";

  /** Killed if the test ends first: a runtime can wait for its children. */
  constructor(command: string, args: readonly string[]) {
    const child = start(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    this.#process = child;
    use(this);
    child.stdin!.on("error", () => {}); // where it has ended before
    child.stdout!.on("data", (data: Uint8Array) => this.#read(String(data)));
    child.stderr!.on("data", (data: Uint8Array) => this.#errors += String(data));
    this.#ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(String(error)));
      child.on("close", (code, signal) => resolve(String(signal ?? code)));
    });
    this.#ended.then((ending) => {
      for (const answer of this.#waiting.splice(0)) answer(`ended with ${ending}: ${this.#errors}`);
    });
  }

  /** Runs a program of `test/children/`. */
  static of({ command, is }: Program, program: string, ...more: readonly string[]): Peer {
    const file = fileURLToPath(childUrl(program));
    return new Peer(command, [...ARGUMENTS[is], file, ...more]);
  }

  /** The next line. */
  line(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return Promise.race([
      new Promise<string>((resolve) => this.#waiting.push(resolve)),
      this.#ended.then((ending) => this.#lines.shift() ?? `ended with ${ending}: ${this.#errors}`),
    ]);
  }

  /** Says a line, and returns the next one. */
  ask(line: string): Promise<string> {
    this.#process.stdin!.write(`${line}\n`);
    return this.line();
  }

  /** Ends it; returns its exit code, or what it said. */
  async end(): Promise<string> {
    this.#process.stdin!.end();
    const ending = await this.#ended;
    return ending === "0" ? ending : `${ending}: ${this.#errors}`;
  }

  /** Kills it, wherever it is. */
  kill(): Promise<string> {
    this.#process.kill("SIGKILL");
    return this.#ended;
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const answer = this.#waiting.shift();
      if (answer === undefined) this.#lines.push(line.trimEnd());
      else answer(line.trimEnd());
    }
  }
}
