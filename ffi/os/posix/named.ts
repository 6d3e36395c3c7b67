/**
 * Files of named memory that have another name until they are whole, on Linux and macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { cString } from "./c_string.ts";
import type { OpenFile } from "../contract/files.ts";
import type { Failure } from "../contract/memory.ts";

/** The mode of named memory: nobody else has it. */
export const MODE = 0o600;
/** The name that it has meanwhile. */
const TEMPLATE = ".sysalloc-XXXXXXXXXX";

const FUNCTIONS = {
  // int mkostemp(char *template, int oflags)
  mkostemp: { parameters: ["buffer", "i32"], result: "i32" },
  // int link(const char *path1, const char *path2)
  link: { parameters: ["buffer", "buffer"], result: "i32" },
  // int unlink(const char *path)
  unlink: { parameters: ["buffer"], result: "i32" },
} as const satisfies SymbolTable;

/** The calls of such files. */
export interface TemporaryCalls {
  mkostemp(template: Uint8Array, flags: number): number;
  link(from: Uint8Array, to: Uint8Array): number;
  unlink(path: Uint8Array): number;
}

/** Opens those calls. */
export function openTemporary(native: Native, library: string): TemporaryCalls {
  return native.open(library, FUNCTIONS);
}

/** A file that is to get another name. */
export interface NewFile {
  readonly file: OpenFile;
  /** Gives it its name, if nothing has that. */
  publish(path: string): Failure | undefined;
  /** Removes what it leaves beside that; closing it is not enough. */
  readonly discard: (() => void) | undefined;
}

/** Makes a file in a folder, whose path ends in a slash. */
export function makeTemporary(
  calls: TemporaryCalls,
  failed: (syscall: string) => Failure,
  folder: string,
  flags: number,
): NewFile | Failure {
  const temporary = cString(`${folder}${TEMPLATE}`);
  const file = calls.mkostemp(temporary, flags);
  if (file === -1) return failed("mkostemp");
  const discard = () => {
    calls.unlink(temporary);
  };
  return {
    file,
    publish(path) {
      // rename() would replace what has the name.
      if (calls.link(temporary, cString(path)) !== 0) return failed("link");
      discard();
      return undefined;
    },
    discard,
  };
}

/** Does what a new file needs, and undoes it where that is refused. */
export function prepared<F extends Failure>(
  made: NewFile,
  close: (file: OpenFile) => unknown,
  prepare: (file: OpenFile) => F | undefined,
): NewFile | F {
  const failure = prepare(made.file);
  if (failure === undefined) return made;
  made.discard?.();
  close(made.file);
  return failure;
}
