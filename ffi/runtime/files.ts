/**
 * What a runtime must offer of files: what it does not permit is not opened by the
 * system either.
 *
 * @module
 */

/** What a path or a descriptor leads to. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "neither";
  /** The length in bytes. */
  readonly byteLength: number;
}

/** Which file it is, where nothing tells. */
export const UNTOLD: Pick<OpenedByRuntime, "device" | "inode" | "created"> = {
  device: undefined,
  inode: undefined,
  created: undefined,
};

/**
 * What a runtime has opened, and which file that is: by one path the system can find
 * another one. While it is open, no other file gets its number.
 */
export interface OpenedByRuntime extends FileFacts {
  /** The lower 32 bits of the number of its device, if the runtime tells it. */
  readonly device: number | undefined;
  /** Its number on the device, if the runtime tells it; a `number` is rounded. */
  readonly inode: number | bigint | undefined;
  /** When it was made, in milliseconds since 1970, if its number is not told. */
  readonly created: number | undefined;
  /** Closes it. */
  close(): void;
}

/** The files of one runtime. All throw what the runtime throws. */
export interface RuntimeFiles {
  /** Opens a file as the runtime does. What is no file is not opened: opening a pipe waits for its other end. */
  open(path: string, isWritable: boolean): OpenedByRuntime;

  /**
   * Refuses what the runtime does not permit to be done with a file, which need
   * not be there. It is not opened, because Deno opens no file below `/dev`
   * without all permissions.
   */
  permit(path: string, uses: readonly ("read" | "write")[]): void;

  /** Tells what a descriptor leads to. Where the runtime's numbers are not those of the system, there is no such function. */
  readonly describe: ((descriptor: number) => FileFacts) | undefined;

  /**
   * The paths by which the system can find what the runtime opens by a path, the
   * likeliest first. On Windows one of them may be of any length.
   */
  systemPaths(path: string): Iterable<string>;

  /** The path of a `file:` URL. */
  pathOf(url: string): string;
}
