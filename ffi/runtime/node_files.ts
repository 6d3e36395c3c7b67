/**
 * Files as a runtime sees them, by `node:fs`, which all of them have: what the
 * runtime does not permit is not opened by the system either.
 *
 * @module
 */

/** What is used of `node:fs`. */
export interface NodeFs {
  /** {@link https://nodejs.org/api/fs.html#fsstatsyncpath-options} */
  statSync(path: string): NodeStats;
  /** {@link https://nodejs.org/api/fs.html#fsfstatsyncfd-options} */
  fstatSync(descriptor: number): NodeStats;
  /** {@link https://nodejs.org/api/fs.html#fsopensyncpath-flags-mode} */
  openSync(path: string, flags: "r" | "r+"): number;
  /** {@link https://nodejs.org/api/fs.html#fsclosesyncfd} */
  closeSync(descriptor: number): void;
}

/** What is used of `fs.Stats`. */
export interface NodeStats {
  isFile(): boolean;
  isDirectory(): boolean;
  readonly size: number;
}

/** What is used of `node:path`. */
export interface NodePath {
  /** {@link https://nodejs.org/api/path.html#pathtonamespacedpathpath} */
  toNamespacedPath(path: string): string;
}

/** What is used of `node:url`. */
export interface NodeUrl {
  /** {@link https://nodejs.org/api/url.html#urlfileurltopathurl-options} */
  fileURLToPath(url: string): string;
}

/** What a path or a descriptor leads to. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "neither";
  /** The length in bytes. */
  readonly byteLength: number;
}

/** The files of one runtime. All throw what the runtime throws. */
export interface RuntimeFiles {
  /** Opens a file as the runtime does, and closes it again. */
  check(path: string, isWritable: boolean): FileFacts;

  /**
   * Refuses what the runtime does not permit to be done with a file, which need
   * not be there. It is not opened, because Deno opens no file below `/dev`
   * without all permissions.
   */
  permit(path: string, uses: readonly ("read" | "write")[]): void;

  /** Tells what a descriptor leads to. Where the runtime's numbers are not those of the system, there is no such function. */
  readonly describe?: (descriptor: number) => FileFacts;

  /** The path as the system takes it at any length. */
  systemPath(path: string): string;

  /** The path of a `file:` URL. */
  pathOf(url: string): string;
}

/** Makes the files of a runtime. */
export function nodeFiles(
  fs: NodeFs,
  path: NodePath,
  url: NodeUrl,
  hasDescriptors: boolean,
  permit: RuntimeFiles["permit"],
): RuntimeFiles {
  const factsOf = (stats: NodeStats): FileFacts => ({
    kind: stats.isFile() ? "file" : stats.isDirectory() ? "directory" : "neither",
    byteLength: stats.size,
  });
  return {
    check(path, isWritable) {
      const facts = factsOf(fs.statSync(path));
      // Opening a pipe waits for its other end.
      if (facts.kind === "file") fs.closeSync(fs.openSync(path, isWritable ? "r+" : "r"));
      return facts;
    },
    permit,
    ...(hasDescriptors && { describe: (descriptor) => factsOf(fs.fstatSync(descriptor)) }),
    systemPath: (name) => path.toNamespacedPath(name),
    pathOf: (address) => url.fileURLToPath(address),
  };
}
