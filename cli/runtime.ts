/**
 * What the command uses of the runtime that it runs in: Node.js's `process` and
 * builtin modules, which all of them have.
 *
 * @module
 */

/** What is used of `process`. */
interface Process {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly stdout: { readonly isTTY?: boolean; readonly columns?: number };
  exitCode?: number | undefined;
  getBuiltinModule(name: string): unknown;
  removeAllListeners(event: "warning"): unknown;
}

/** What is used of `node:fs`. */
interface Files {
  /** {@link https://nodejs.org/api/fs.html#fsreadfilesyncpath-options} */
  readFileSync(path: string, encoding: "utf8"): string;
  /** {@link https://nodejs.org/api/fs.html#fsstatfssyncpath-options} */
  statfsSync(path: string): {
    readonly bsize: number;
    readonly blocks: number;
    readonly bavail: number;
  };
  /** {@link https://nodejs.org/api/fs.html#fswritesyncfd-buffer-offset-length-position} */
  writeSync(descriptor: number, bytes: Uint8Array): number;
}

/** What is used of `node:util`. */
interface Util {
  /** {@link https://nodejs.org/api/util.html#utilparseargsconfig} */
  parseArgs(config: {
    readonly args: readonly string[];
    readonly allowPositionals: boolean;
    readonly options: Readonly<Record<string, { type: "boolean"; short?: string }>>;
  }): {
    readonly values: Readonly<Record<string, boolean | undefined>>;
    readonly positionals: readonly string[];
  };
  /** {@link https://nodejs.org/api/util.html#utilstyletextformat-text-options} */
  styleText(format: "bold", text: string, options: { readonly validateStream: boolean }): string;
}

/** What is used of `node:os`. */
interface Machine {
  totalmem(): number;
  freemem(): number;
}

/** The `process` of this runtime. */
export const runtime: Process = (globalThis as unknown as { readonly process: Process }).process;

/** `node:fs` */
export function files(): Files {
  return runtime.getBuiltinModule("node:fs") as Files;
}

/** `node:util` */
export function util(): Util {
  return runtime.getBuiltinModule("node:util") as Util;
}

/** `node:os` */
export function machine(): Machine {
  return runtime.getBuiltinModule("node:os") as Machine;
}
