/**
 * The `process` object and the builtin modules of Node.js, which every runtime has.
 *
 * @module
 */

/** The part of `process` that the command uses. */
interface Process {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly stdout: { readonly isTTY?: boolean; readonly columns?: number };
  exitCode?: number | undefined;
  /** The ID of the user; not on Windows. */
  geteuid?(): number;
  getBuiltinModule(name: string): unknown;
  removeAllListeners(event: "warning"): unknown;
}

/** The part of `node:fs` that the command uses. */
export interface FileSystem {
  /** {@link https://nodejs.org/api/fs.html#fsreadfilesyncpath-options} */
  readFileSync(path: string, encoding: "utf8"): string;
  /** {@link https://nodejs.org/api/fs.html#fsexistssyncpath} */
  existsSync(path: string): boolean;
  /** {@link https://nodejs.org/api/fs.html#fsreaddirsyncpath-options} */
  readdirSync(path: string): string[];
  /** {@link https://nodejs.org/api/fs.html#fslstatsyncpath-options} */
  lstatSync(path: string): {
    isFile(): boolean;
    readonly size: number;
    readonly uid: number;
    readonly mode: number;
    readonly dev: number;
    readonly ino: number;
  };
  /** {@link https://nodejs.org/api/fs.html#fsstatfssyncpath-options} */
  statfsSync(path: string): {
    readonly bsize: number;
    readonly blocks: number;
    readonly bavail: number;
  };
  /** {@link https://nodejs.org/api/fs.html#fswritesyncfd-buffer-offset-length-position} */
  writeSync(descriptor: number, bytes: Uint8Array): number;
}

/** The part of `node:util` that the command uses. */
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

/** The part of `node:os` that the command uses. */
interface OperatingSystem {
  totalmem(): number;
  freemem(): number;
}

/** The `process` of this runtime. */
export const runtime: Process = (globalThis as unknown as { readonly process: Process }).process;

/** `node:fs` */
export function fs(): FileSystem {
  return runtime.getBuiltinModule("node:fs") as FileSystem;
}

/** `node:util` */
export function util(): Util {
  return runtime.getBuiltinModule("node:util") as Util;
}

/** `node:os` */
export function os(): OperatingSystem {
  return runtime.getBuiltinModule("node:os") as OperatingSystem;
}
