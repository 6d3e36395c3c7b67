/**
 * Files through the runtime, which checks its permissions. The library opens no file that the
 * runtime does not permit.
 *
 * @module
 */

/** The kind and the length of a file, directory or other object. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "neither";
  /** The length in bytes. */
  readonly byteLength: number;
}

/** An unknown identity. */
export const UNTOLD: Pick<OpenedByRuntime, "device" | "inode" | "created"> = {
  device: undefined,
  inode: undefined,
  created: undefined,
};

/**
 * A file that the runtime has opened, and its identity, because the system can find another file at
 * the same path. While the file is open, no other file gets its inode number.
 */
export interface OpenedByRuntime extends FileFacts {
  /** The lower 32 bits of the device number, if the runtime reports it. */
  readonly device: number | undefined;
  /** The inode number, if the runtime reports it; a `number` is rounded. */
  readonly inode: number | bigint | undefined;
  /** The time of creation in milliseconds since 1970, if the runtime reports no inode number. */
  readonly created: number | undefined;
  /** Closes it. */
  close(): void;
}

/** The files of one runtime. All calls throw what the runtime throws. */
export interface RuntimeFiles {
  /**
   * Returns true if the runtime permits every file that the system opens. Then it is asked only for
   * those that the system does not open.
   */
  permitsAll(): boolean;

  /**
   * Opens a file through the runtime, and makes it first if `creates` and there is none. Does not
   * open other objects, because opening a pipe waits for its other end.
   */
  open(path: string, isWritable: boolean, creates?: boolean): OpenedByRuntime;

  /**
   * Throws if the runtime does not permit these uses of a file, which need not exist. Does not open
   * the file, because Deno opens files in `/dev` only with all permissions.
   */
  permit(path: string, uses: readonly ("read" | "write")[]): void;

  /**
   * Describes the file of a descriptor. `undefined` if the runtime does not use the descriptors of
   * the system.
   */
  readonly describe: ((descriptor: number) => FileFacts) | undefined;

  /**
   * Returns the paths at which the system may find the file that the runtime opens at `path`, the
   * likeliest first. On Windows, the last one works at any length.
   */
  systemPaths(path: string): Iterable<string>;

  /** Returns the path of a `file:` URL. */
  pathOf(url: string): string;
}
