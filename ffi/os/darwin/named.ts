/**
 * Named memory on macOS: files in the user's temporary folder. `shm_open` is variadic there, and
 * its names have 31 bytes at most.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import { textDecoder } from "../../web.ts";
import { type AdvisedFailure, isFailure, refusal } from "../contract/memory.ts";
import type { NamedMemory } from "../contract/named.ts";
import { O_RDWR, POSIX } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import { makeTemporary, memoryStatus, prepare, removeName, setMode } from "../posix/named.ts";
import type { StatusReader } from "../posix/status.ts";
import { posixTruncate } from "../posix/truncate.ts";
import { _CS_DARWIN_USER_TEMP_DIR, DARWIN, O_CLOEXEC, O_NOFOLLOW, PATH_MAX } from "./calls.ts";

/** The start of the files' names. */
const PREFIX = "sysalloc-";

/**
 * Opens the calls of named memory. A new file first has a temporary name
 * ({@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/mkstemp.3.html}),
 * and gets its final name when it has its full length. So no other process finds a shorter file.
 */
export function darwinNamed(library: CLibrary, status: () => StatusReader): NamedMemory {
  const { open, openFile, failed } = library;
  // Opened now: a failure to open one while memory is being made would leave it half made.
  const { close } = open(POSIX, "open", "close", "fchmod");
  const truncate = lazily(() => posixTruncate(library));
  let found: string | undefined;

  /** The folder is the same for all processes of a user, whatever their environment. */
  const folder = (): string | AdvisedFailure => {
    if (found !== undefined) return found;
    const path = new Uint8Array(PATH_MAX);
    const { confstr } = open(DARWIN, "confstr");
    const length = Number(confstr(_CS_DARWIN_USER_TEMP_DIR, path, BigInt(PATH_MAX)));
    if (length === 0) return failed("confstr");
    if (length > PATH_MAX) return refusal("ENAMETOOLONG");
    const text = textDecoder().decode(path.subarray(0, length - 1));
    return found = text.endsWith("/") ? text : `${text}/`;
  };
  const pathOf = (name: string) => {
    const path = folder();
    return typeof path === "string" ? `${path}${PREFIX}${name}` : path;
  };

  return {
    isKeptOpen: false,

    pathOf,

    open(name) {
      const path = pathOf(name);
      if (typeof path !== "string") return path;
      const file = openFile(path, O_RDWR | O_NOFOLLOW);
      if (typeof file !== "number") return file;
      const found = memoryStatus(status(), file);
      if (!isFailure(found)) {
        return { file, byteLength: found.byteLength, owner: status().ownerOf(found) };
      }
      close(file);
      return found;
    },

    ownerOf: undefined, // other users cannot open the folder

    // Reserves no space: fcntl(F_PREALLOCATE) is variadic.
    create(name, byteLength) {
      const path = pathOf(name);
      if (typeof path !== "string") return path;
      const made = makeTemporary(library, folder() as string, O_CLOEXEC);
      if (isFailure(made)) return made;
      return prepare(
        library,
        made,
        path,
        (file) => setMode(library, file) ?? truncate()(file, byteLength),
      );
    },

    grow: undefined, // no call makes a file longer without a moment in which it could cut others' off

    remove(name) {
      const path = pathOf(name);
      return typeof path === "string" ? removeName(library, path) : path;
    },
  };
}
