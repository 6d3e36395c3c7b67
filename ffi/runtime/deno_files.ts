/**
 * Files through the `Deno` namespace. `process` and the builtin modules of Node.js would take 14 ms
 * to load.
 *
 * @module
 */
import { bare } from "../own.ts";
import { type FileFacts, type RuntimeFiles, UNTOLD } from "./files.ts";
import {
  type Builtin,
  describe,
  factsUnlessMissing,
  namespaced,
  openByNode,
  pathOf,
} from "./node_files.ts";

/** The used part of the `Deno` namespace for files. */
export interface DenoFileCalls {
  /** {@link https://docs.deno.com/api/deno/~/Deno.statSync} */
  statSync(path: string): DenoFileInfo;
  /** {@link https://docs.deno.com/api/deno/~/Deno.openSync} */
  openSync(
    path: string,
    options: { read: boolean; write: boolean; create: boolean },
  ): { statSync(): DenoFileInfo; close(): void };
  /** {@link https://docs.deno.com/api/deno/~/Deno.Permissions} */
  readonly permissions: Readonly<
    Record<
      "querySync" | "requestSync",
      (descriptor: { name: "read" | "write"; path: string }) => { readonly state: string }
    >
  >;
  /** {@link https://docs.deno.com/api/deno/~/Deno.errors.NotCapable} */
  readonly errors: { readonly NotCapable: new (message: string) => Error };
}

/** The used part of `Deno.FileInfo`: {@link https://docs.deno.com/api/deno/~/Deno.FileInfo} */
export interface DenoFileInfo {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly size: number;
  /** 0 on Windows before 2.5.2. */
  readonly dev: number;
  /** `null` on Windows, or 0. */
  readonly ino: number | null;
  readonly birthtime: Date | null;
}

/**
 * Makes the files of Deno. With `hasDescriptors`, its `node:fs` uses the descriptors of the system.
 */
export function denoFiles(
  Deno: DenoFileCalls,
  builtin: Builtin,
  isWindows: boolean,
  hasDescriptors: boolean,
): RuntimeFiles {
  return {
    permitsAll: () => false,
    open(path, isWritable, creates) {
      const facts = factsUnlessMissing(() => factsOf(Deno.statSync(path)), creates);
      if (facts !== undefined && facts.kind !== "file") return { ...facts, ...UNTOLD, close() {} };
      const create = facts === undefined;
      const file = Deno.openSync(path, bare({ read: true, write: isWritable, create }));
      try {
        const info = file.statSync();
        return {
          ...factsOf(info),
          device: info.dev === 0 ? undefined : info.dev >>> 0,
          inode: isWindows ? undefined : info.ino ?? undefined,
          created: isWindows ? info.birthtime?.getTime() : undefined,
          close: () => file.close(),
        };
      } catch (error) {
        file.close();
        // If a permitted path is a link to a file outside the permitted paths, Deno from 2.5.3 on
        // refuses statSync(), but not openSync() and reading.
        const isRefused = (error as Error).name === "NotCapable";
        if (isRefused && hasDescriptors) return openByNode(builtin, path, isWritable);
        throw error;
      }
    },
    permit: (path, uses) => denoPermit(Deno, path, uses),
    describe: hasDescriptors ? (descriptor) => describe(builtin, descriptor) : undefined,
    systemPaths: (path) =>
      isWindows ? windowsPaths(builtin, path) : new Set([normalized(path), path]),
    pathOf: (url) => pathOf(builtin, url),
  };
}

/** Yields the second path last: it needs a module of Node.js, and only long paths need it. */
function* windowsPaths(builtin: Builtin, path: string): Iterable<string> {
  yield path;
  yield namespaced(builtin, path);
}

/**
 * Returns a path without `.` and `..`, as Deno opens it if any permission is missing. The system
 * would follow the links before each `..` first.
 */
function normalized(path: string): string {
  const root = path.startsWith("/") ? "/" : "";
  let names: readonly string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    const isBack = name === "..";
    const isOutside = names.length === 0 || names.at(-1) === "..";
    if (isBack && !isOutside) names = names.slice(0, -1);
    else if (!isBack || root === "") names = [...names, name];
  }
  return root + names.join("/") || ".";
}

function factsOf({ isFile, isDirectory, size }: DenoFileInfo): FileFacts {
  return { kind: isFile ? "file" : isDirectory ? "directory" : "neither", byteLength: size };
}

/** Requests permissions for a path. Throws the error of Deno if one is denied. */
export function denoPermit(
  { permissions, errors }: Pick<DenoFileCalls, "permissions" | "errors">,
  path: string,
  uses: readonly ("read" | "write")[],
): void {
  for (const name of uses) {
    const descriptor = bare({ name, path });
    // Queried first: each request, even for a granted permission, adds to a list that Deno
    // searches.
    if (permissions.querySync(descriptor).state === "granted") continue;
    if (permissions.requestSync(descriptor).state === "granted") continue;
    throw new errors.NotCapable(
      `Requires ${name} access to ${JSON.stringify(path)}, run again with the --allow-${name} flag`,
    );
  }
}
