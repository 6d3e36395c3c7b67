/**
 * Files through the builtin modules of Node.js, which all runtimes have. Each module is loaded at
 * its first use, because loading takes Bun and Deno milliseconds.
 *
 * @module
 */
import { lazily } from "../lazily.ts";
import { defineAll, own } from "../own.ts";
import { type FileFacts, type OpenedByRuntime, type RuntimeFiles, UNTOLD } from "./files.ts";
import type { NodeProcess } from "./runtime.ts";

/** Finds a builtin module, as `process.getBuiltinModule()` does. */
export type Builtin = (name: string) => unknown;

/** The used part of `node:fs`. */
interface NodeFs {
  /** {@link https://nodejs.org/api/fs.html#fsstatsyncpath-options} */
  statSync(path: string): NodeStats;
  /** {@link https://nodejs.org/api/fs.html#fsfstatsyncfd-options} */
  fstatSync(descriptor: number): NodeStats;
  fstatSync(descriptor: number, options: { bigint: true }): NodeBigIntStats;
  /** {@link https://nodejs.org/api/fs.html#fsopensyncpath-flags-mode} */
  openSync(path: string, flags: "r" | "r+" | "a+"): number;
  /** {@link https://nodejs.org/api/fs.html#fsclosesyncfd} */
  closeSync(descriptor: number): void;
}

/** The used part of `fs.Stats`. */
interface NodeStats {
  isFile(): boolean;
  isDirectory(): boolean;
  readonly size: number | bigint;
}

/** The used part of `fs.BigIntStats`. */
interface NodeBigIntStats extends NodeStats {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The used part of `node:path`. */
interface NodePath {
  /** {@link https://nodejs.org/api/path.html#pathtonamespacedpathpath} */
  toNamespacedPath(path: string): string;
}

/** The used part of `node:url`. */
interface NodeUrl {
  /** {@link https://nodejs.org/api/url.html#urlfileurltopathurl-options} */
  fileURLToPath(url: string): string;
}

/**
 * Makes the files of Node.js, with its permissions, and of Bun. On Windows, the runtimes do not use
 * the descriptors of the system.
 */
export function nodeFiles(process: NodeProcess): RuntimeFiles {
  const isWindows = process.platform === "win32";
  const builtin: Builtin = (name) => process.getBuiltinModule(name);
  // The real process, because test runners replace the global one.
  const real = lazily(() => builtin("node:process") as NodeProcess | undefined);
  return {
    permitsAll() {
      const found = real();
      return found !== undefined && !("permission" in found);
    },
    open: (path, isWritable, creates) => openByNode(builtin, path, isWritable, creates),
    permit(path, uses) {
      const permission = own(real() ?? process, "permission");
      for (const use of uses) {
        if (permission?.has(`fs.${use}`, path) === false) throw denied(path, use);
      }
    },
    describe: isWindows ? undefined : (descriptor) => describe(builtin, descriptor),
    systemPaths: (path) => [isWindows ? namespaced(builtin, path) : path],
    pathOf: (url) => pathOf(builtin, url),
  };
}

/** Opens a file, and reads its identity. */
export function openByNode(
  builtin: Builtin,
  path: string,
  isWritable: boolean,
  creates: boolean = false,
): OpenedByRuntime {
  const { statSync, openSync, fstatSync, closeSync } = builtin("node:fs") as NodeFs;
  const facts = factsUnlessMissing(() => factsOf(statSync(path)), creates);
  if (facts !== undefined && facts.kind !== "file") return { ...facts, ...UNTOLD, close() {} };
  // "a+" makes a file, and unlike "w+" never truncates one that another program makes meanwhile.
  const descriptor = openSync(path, facts === undefined ? "a+" : isWritable ? "r+" : "r");
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    return {
      ...factsOf(stats),
      device: Number(BigInt.asUintN(32, stats.dev)),
      inode: stats.ino,
      created: undefined,
      close() {
        try {
          closeSync(descriptor);
        } catch {
          // If a sandbox forbids closing, the file stays open, and the call still succeeds.
        }
      },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Returns facts of a file; `undefined` if there is no file and it may be made. */
export function factsUnlessMissing(
  look: () => FileFacts,
  creates: boolean = false,
): FileFacts | undefined {
  try {
    return look();
  } catch (error) {
    // Deno's errors have this name, and those of Node.js this code.
    const isMissing = (error as Error).name === "NotFound" ||
      own(error as object, "code") === "ENOENT";
    if (creates && isMissing) return undefined;
    throw error;
  }
}

/** Describes the file of a descriptor. */
export function describe(builtin: Builtin, descriptor: number): FileFacts {
  return factsOf((builtin("node:fs") as NodeFs).fstatSync(descriptor));
}

/** Returns a path in the form that Windows accepts at any length. */
export function namespaced(builtin: Builtin, path: string): string {
  return (builtin("node:path") as NodePath).toNamespacedPath(path);
}

/** Returns the path of a `file:` URL. */
export function pathOf(builtin: Builtin, url: string): string {
  return (builtin("node:url") as NodeUrl).fileURLToPath(url);
}

/** Makes the error of Node.js for a use that it does not permit. */
function denied(resource: string, use: "read" | "write"): Error {
  const message = `Access to this API has been restricted. Use --allow-fs-${use} to manage ` +
    "permissions.";
  const permission = use === "read" ? "FileSystemRead" : "FileSystemWrite";
  const error = new Error(message);
  defineAll(error, { code: "ERR_ACCESS_DENIED", permission, resource });
  return error;
}

function factsOf(stats: NodeStats): FileFacts {
  return {
    kind: stats.isFile() ? "file" : stats.isDirectory() ? "directory" : "neither",
    byteLength: Number(stats.size),
  };
}
