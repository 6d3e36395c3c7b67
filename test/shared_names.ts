/**
 * Names of shared memory for tests, which go with the test, and the other
 * programs that meet it.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { removeShared } from "../mod.ts";
import { platform, runtime, sourceUrl, use } from "./harness.ts";

/** Where Linux has it. */
export const FOLDER = "/dev/shm";

/** A reason to skip what looks at {@linkcode FOLDER}. */
export const unlessFolder: string | undefined = platform === "linux" && existsSync(FOLDER)
  ? undefined
  : "only Linux has shared memory in a folder";

const PREFIX = `sysalloc-${process.pid}-`;
let count = 0;

/** A name that nobody else has; what has it is removed when it is disposed. */
export class SharedName implements Disposable {
  readonly name: string = `${PREFIX}${++count}`;

  [Symbol.dispose](): void {
    try {
      removeShared(this.name);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    }
  }
}

/** What is left of the names of this process. */
export function leftNames(): string[] {
  return readdirSync(FOLDER).filter((name) => name.startsWith(PREFIX));
}

/** A program that runs a source file. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const DENO = ["run", "--no-check", "-A"];
const NODE = ["--no-warnings", "--no-concurrent-recompilation"];
const { Deno } = globalThis as { Deno?: { execPath(): string } };

/** This runtime. */
export const SELF: Program = {
  name: "this runtime",
  command: Deno?.execPath() ?? process.execPath,
  args: { deno: DENO, bun: ["run"], node: NODE }[runtime],
};

const installed = (path: string) =>
  fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

const OWN_NAME =
  { deno: "Deno", bun: "Bun", node: `Node.js ${process.versions.node.split(".")[0]}` }[runtime];

/** The other runtimes that may be installed beside the suite. */
export const PROGRAMS: readonly Program[] = ([
  { name: "Deno", command: installed(".bin/deno"), args: DENO },
  { name: "Bun", command: installed("bun/bin/bun.exe"), args: ["run"] },
  { name: "Node.js 26", command: installed("node26/bin/node"), args: NODE },
  { name: "Node.js 22", command: installed("node22/bin/node"), args: NODE },
] as const).filter(({ name }) => name !== OWN_NAME);

/** A reason to skip what needs a program. */
export function unlessThere({ name, command }: Program): string | undefined {
  // What is there can be for another system.
  return platform === "linux" && existsSync(command) &&
      spawnSync(command, ["--version"]).status === 0
    ? undefined
    : `there is no ${name} here`;
}

/** A process that says what it has to in lines, each an answer, and ends when its input does. */
export class Peer implements Disposable {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #ended: Promise<string>;
  #rest = "";
  #errors = "";

  /** Where the test ends before it does, it is killed: a runtime can wait for its children. */
  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, {
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
  static of({ command, args }: Program, program: string, ...more: readonly string[]): Peer {
    return new Peer(command, [...args, fileURLToPath(sourceUrl(`./children/${program}`)), ...more]);
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
