/**
 * Named memory on macOS: files of the user's temporary folder. Its `shm_open`
 * is variadic, and has names of 31 bytes at most.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { cString } from "../posix/c_string.ts";
import type { OpenFile } from "../contract/files.ts";
import { lazily } from "../../lazily.ts";
import { textDecoder } from "../../web.ts";
import { type AdvisedFailure, type Failure, isFailure, refusal } from "../contract/memory.ts";
import type { NamedMemory, NewMemory, Owner } from "../contract/named.ts";
import type { PosixShared } from "../posix/calls.ts";
import { O_RDWR, SEEK_END } from "../posix/files.ts";
import { makeTemporary, MODE, openTemporary, prepared } from "../posix/named.ts";
import { posixTruncate } from "../posix/truncate.ts";

/** `_CS_DARWIN_USER_TEMP_DIR`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/confstr.3.html} */
export const _CS_DARWIN_USER_TEMP_DIR = 65537;
/** `O_NOFOLLOW`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/open.2.html} */
export const O_NOFOLLOW = 0x100;
/** `PATH_MAX`, with its NUL */
export const PATH_MAX = 1024;

/** What tells the files from other programs'. */
const PREFIX = "sysalloc-";

const FUNCTIONS = {
  // size_t confstr(int name, char *buf, size_t len)
  confstr: { parameters: ["i32", "buffer", "usize"], result: "usize" },
  // int open(const char *path, int oflag, ...): where no file is made, nothing
  // but these two is read
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fildes)
  close: { parameters: ["i32"], result: "i32" },
  // off_t lseek(int fildes, off_t offset, int whence)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int fchmod(int fildes, mode_t mode)
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
} as const satisfies SymbolTable;

/**
 * Opens the calls of named memory. A new file has another name at first
 * ({@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/mkstemp.3.html});
 * it gets its own when it has its whole length, so that no other process ever
 * finds a shorter one.
 */
export function darwinNamed(
  native: Native,
  opening: number,
  O_CLOEXEC: number,
  ownerOf: (file: OpenFile) => Owner | Failure,
  shared: PosixShared,
): NamedMemory {
  const { library, failed } = shared;
  const c = native.open(library, FUNCTIONS);
  const truncate = lazily(() => posixTruncate(native, shared));
  const temporary = lazily(() => openTemporary(native, library));
  let found: string | undefined;

  /** The folder, which is the same for all processes of a user, whatever their environment is. */
  const folder = (): string | AdvisedFailure => {
    if (found !== undefined) return found;
    const path = new Uint8Array(PATH_MAX);
    const length = Number(c.confstr(_CS_DARWIN_USER_TEMP_DIR, path, BigInt(PATH_MAX)));
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
      const file = c.open(cString(path), O_RDWR | O_NOFOLLOW | opening);
      if (file === -1) return failed("open");
      const owner = ownerOf(file);
      const byteLength = isFailure(owner) ? 0n : c.lseek(file, 0n, SEEK_END);
      const failure = isFailure(owner) ? owner : byteLength === -1n ? failed("lseek") : undefined;
      if (failure === undefined) {
        return { file, byteLength: Number(byteLength), owner: owner as Owner };
      }
      c.close(file);
      return failure;
    },

    ownerOf: undefined, // the folder lets no other user in

    // Nothing is set aside: its fcntl(F_PREALLOCATE) is variadic.
    create(name, byteLength): NewMemory | AdvisedFailure {
      const path = pathOf(name);
      if (typeof path !== "string") return path;
      const made = makeTemporary(temporary(), failed, folder() as string, O_CLOEXEC);
      if (isFailure(made)) return made;
      const whole = prepared<AdvisedFailure>(made, c.close, (file) => {
        // The process's umask can have taken from the mode.
        if (c.fchmod(file, MODE) !== 0) return failed("fchmod");
        return truncate()(file, byteLength);
      });
      if (isFailure(whole)) return whole;
      const { file, discard } = whole;
      return { file, publish: () => whole.publish(path), discard };
    },

    remove(name) {
      const path = pathOf(name);
      if (typeof path !== "string") return path;
      return temporary().unlink(cString(path)) === 0 ? undefined : failed("unlink");
    },
  };
}
