/**
 * Files as a runtime sees them. What it does not permit, the library does not open through the system
 * either.
 *
 * @module
 */

/** The kind and length of what a path or a descriptor leads to. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "neither";
  /** The length in bytes. */
  readonly byteLength: number;
}

/** An identity that nothing tells. */
export const UNTOLD: Pick<OpenedByRuntime, "device" | "inode" | "created"> = {
  device: undefined,
  inode: undefined,
  created: undefined,
};

/**
 * A file that a runtime has opened, and its identity, because the system can find another file by
 * the same path. While it is open, no other file gets its number.
 */
export interface OpenedByRuntime extends FileFacts {
  /** The lower 32 bits of its device's number, if the runtime tells it. */
  readonly device: number | undefined;
  /** Its number on the device, if the runtime tells it; a `number` is rounded. */
  readonly inode: number | bigint | undefined;
  /** The time of its creation in milliseconds since 1970, if its number is not told. */
  readonly created: number | undefined;
  /** Closes it. */
  close(): void;
}

/** The files of one runtime. All calls throw what the runtime throws. */
export interface RuntimeFiles {
  /** Opens a file as the runtime does. Anything else is not opened, because opening a pipe waits for its other end. */
  open(path: string, isWritable: boolean): OpenedByRuntime;

  /**
   * Throws where the runtime does not permit a use of a file, which need not exist. The file is not
   * opened, because Deno opens no file below `/dev` without all permissions.
   */
  permit(path: string, uses: readonly ("read" | "write")[]): void;

  /** Tells what a descriptor leads to. `undefined` where the runtime's numbers are not those of the system. */
  readonly describe: ((descriptor: number) => FileFacts) | undefined;

  /**
   * Returns the paths by which the system may find the file that the runtime opens by a path, the
   * likeliest first. On Windows one of them may have any length.
   */
  systemPaths(path: string): Iterable<string>;

  /** Returns the path of a `file:` URL. */
  pathOf(url: string): string;
}
