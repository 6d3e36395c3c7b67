/**
 * Files of named memory on Linux and macOS. A file gets its name when it is complete.
 *
 * @module
 */
import type { OpenFile } from "../contract/files.ts";
import { type AdvisedFailure, type Failure, isFailure, refusal } from "../contract/memory.ts";
import type { NewMemory } from "../contract/named.ts";
import { POSIX } from "./calls.ts";
import { type CLibrary, cString } from "./library.ts";
import type { PosixStatus, StatusReader } from "./status.ts";

/** The mode of named memory: only its user may use it. */
export const MODE = 0o600;
/** The template of the temporary name. */
const TEMPLATE = ".sysalloc-XXXXXXXXXX";

/** A new file that does not have its final name yet. */
export interface NewFile {
  readonly file: OpenFile;
  /** Gives the file its name. Fails if the name exists. */
  publish(path: string): Failure | undefined;
  /** Removes the temporary name, if the file has one. */
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

/** Sets the mode of a new file: the umask of the process may have cleared bits of it. */
export function setMode({ open, failed }: CLibrary, file: OpenFile): Failure | undefined {
  return open(POSIX, "fchmod").fchmod(file, MODE) === 0 ? undefined : failed("fchmod");
}

/** Completes a new file by `complete`. If that fails, removes the file. */
export function prepare(
  { open }: CLibrary,
  made: NewFile,
  path: string,
  complete: (file: OpenFile) => AdvisedFailure | undefined,
): NewMemory | AdvisedFailure {
  const { close } = open(POSIX, "close");
  const { file, discard } = made;
  const failure = complete(file);
  if (failure === undefined) return { file, publish: () => made.publish(path), discard };
  discard?.();
  close(file);
  return failure;
}

/** Reads the status of a file by the name of memory. Fails for a pipe or a device. */
export function memoryStatus({ read }: StatusReader, file: OpenFile): PosixStatus | Failure {
  const found = read(file);
  return isFailure(found) || found.isFile ? found : refusal("ESPIPE");
}

/** Removes a name. */
export function removeName({ open, failed }: CLibrary, path: string): Failure | undefined {
  return open(POSIX, "unlink").unlink(cString(path)) === 0 ? undefined : failed("unlink");
}
