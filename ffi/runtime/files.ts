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
