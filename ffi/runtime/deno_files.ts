/**
 * Files by the `Deno` namespace, which is there without `process` and the builtin
 * modules of Node.js: those take 14 ms to load.
 *
 * @module
 */
import type { RuntimeFiles } from "./files.ts";
import { type Builtin, describe, namespaced, pathOf } from "./node_files.ts";

/** What is used of the `Deno` namespace for files. */
export interface DenoFileCalls {
  /** {@link https://docs.deno.com/api/deno/~/Deno.statSync} */
  statSync(path: string): {
    readonly isFile: boolean;
    readonly isDirectory: boolean;
    readonly size: number;
  };
  /** {@link https://docs.deno.com/api/deno/~/Deno.openSync} */
  openSync(path: string, options: { read: boolean; write: boolean }): { close(): void };
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

/** Makes the files of Deno; `hasDescriptors` tells whether those of its `node:fs` are the system's. */
export function denoFiles(
  Deno: DenoFileCalls,
  builtin: Builtin,
  isWindows: boolean,
  hasDescriptors: boolean,
): RuntimeFiles {
  return {
    check(path, isWritable) {
      const { isFile, isDirectory, size } = Deno.statSync(path);
      // Opening a pipe waits for its other end.
      if (isFile) Deno.openSync(path, { read: true, write: isWritable }).close();
      return {
        kind: isFile ? "file" : isDirectory ? "directory" : "neither",
        byteLength: size,
      };
    },
    permit: (path, uses) => denoPermit(Deno, path, uses),
    ...(hasDescriptors && { describe: (descriptor) => describe(builtin, descriptor) }),
    systemPath: (path) => isWindows ? namespaced(builtin, path) : path,
    pathOf: (url) => pathOf(builtin, url),
  };
}

/** Asks for permissions for a path, and throws what Deno throws where one is not given. */
export function denoPermit(
  { permissions, errors }: Pick<DenoFileCalls, "permissions" | "errors">,
  path: string,
  uses: readonly ("read" | "write")[],
): void {
  for (const name of uses) {
    const descriptor = { name, path };
    // Each path that is requested, also where that changes nothing, makes a list
    // longer for good which Deno searches from then on.
    if (permissions.querySync(descriptor).state === "granted") continue;
    if (permissions.requestSync(descriptor).state === "granted") continue;
    throw new errors.NotCapable(
      `Requires ${name} access to ${JSON.stringify(path)}, run again with the --allow-${name} flag`,
    );
  }
}
