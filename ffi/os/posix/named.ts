/**
 * Files of named memory that get their names once they are whole, on Linux and macOS.
 *
 * @module
 */
import type { OpenFile } from "../contract/files.ts";
import type { AdvisedFailure, Failure } from "../contract/memory.ts";
import type { NewMemory } from "../contract/named.ts";
import { POSIX } from "./calls.ts";
import { type CLibrary, cString } from "./library.ts";
import { posixTruncate } from "./truncate.ts";

/** The mode of named memory: only its user may use it. */
export const MODE = 0o600;
/** The name that a file has until it is whole. */
const TEMPLATE = ".sysalloc-XXXXXXXXXX";

/** A file that is to get another name. */
export interface NewFile {
  readonly file: OpenFile;
  /** Gives the file its name, unless something has that name. */
  publish(path: string): Failure | undefined;
  /** Removes what closing the file leaves behind. */
  readonly discard: (() => void) | undefined;
}

/** Makes a file in a folder, whose path ends in a slash. */
export function makeTemporary(
  { open, failed }: CLibrary,
  folder: string,
  flags: number,
): NewFile | Failure {
  const { mkostemp, link, unlink } = open(POSIX, "mkostemp", "link", "unlink");
  const temporary = cString(`${folder}${TEMPLATE}`);
  const file = mkostemp(temporary, flags);
  if (file === -1) return failed("mkostemp");
  const discard = () => void unlink(temporary);
  return {
    file,
    publish(path) {
      // rename() would replace a file of that name.
      if (link(temporary, cString(path)) !== 0) return failed("link");
      discard();
      return undefined;
    },
    discard,
  };
}

/** A step in making a file, which can be refused. */
type Step = (file: OpenFile) => AdvisedFailure | undefined;

/**
 * Gives a new file its mode and length, after `check` and before `reserve`; undoes all where a
 * step is refused.
 */
export function prepare(
  library: CLibrary,
  made: NewFile,
  path: string,
  byteLength: number,
  check: Step | undefined,
  reserve: Step | undefined,
): NewMemory | AdvisedFailure {
  const { open, failed } = library;
  const { fchmod, close } = open(POSIX, "fchmod", "close");
  const { file, discard } = made;
  const failure = check?.(file) ??
    // The umask of the process can have taken bits from the mode.
    (fchmod(file, MODE) === 0 ? undefined : failed("fchmod")) ??
    posixTruncate(library)(file, byteLength) ??
    reserve?.(file);
  if (failure === undefined) return { file, publish: () => made.publish(path), discard };
  discard?.();
  close(file);
  return failure;
}

/** Removes a name. */
export function removeName({ open, failed }: CLibrary, path: string): Failure | undefined {
  return open(POSIX, "unlink").unlink(cString(path)) === 0 ? undefined : failed("unlink");
}
