/**
 * Named memory on macOS: files of the user's temporary folder. Its `shm_open`
 * is variadic, and has names of 31 bytes at most.
 *
 * @module
 */
import type { Native, SymbolTable } from "../symbols.ts";
import { cString } from "./c_string.ts";
import { lazily } from "./lazily.ts";
import type { AdvisedFailure } from "./mapper.ts";
import type { NamedMemory, NewMemory } from "./named_memory.ts";
import type { PosixShared } from "./posix_calls.ts";
import { O_RDWR, SEEK_END } from "./posix_files.ts";
import { posixTruncate } from "./posix_truncate.ts";

/** `_CS_DARWIN_USER_TEMP_DIR`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/confstr.3.html} */
export const _CS_DARWIN_USER_TEMP_DIR = 65537;
/** `O_NOFOLLOW`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/open.2.html} */
export const O_NOFOLLOW = 0x100;
/** `PATH_MAX`, with its NUL */
export const PATH_MAX = 1024;

/** What tells the files from other programs', and those without their name yet. */
const PREFIX = "sysalloc-";
const TEMPLATE = ".sysalloc-XXXXXXXXXX";

const FUNCTIONS = {
  // size_t confstr(int name, char *buf, size_t len)
  confstr: { parameters: ["i32", "buffer", "usize"], result: "usize" },
  // int open(const char *path, int oflag, ...): where no file is made, nothing
  // but these two is read
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int mkostemp(char *template, int oflags)
  mkostemp: { parameters: ["buffer", "i32"], result: "i32" },
  // int close(int fildes)
  close: { parameters: ["i32"], result: "i32" },
  // off_t lseek(int fildes, off_t offset, int whence)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int link(const char *path1, const char *path2)
  link: { parameters: ["buffer", "buffer"], result: "i32" },
  // int unlink(const char *path)
  unlink: { parameters: ["buffer"], result: "i32" },
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
  shared: PosixShared,
): NamedMemory {
  const { library, failed } = shared;
  const c = native.open(library, FUNCTIONS);
  const truncate = lazily(() => posixTruncate(native, shared));
  let found: string | undefined;

  /** The folder, which is the same for all processes of a user, whatever their environment is. */
  const folder = (): string | AdvisedFailure => {
    if (found !== undefined) return found;
    const path = new Uint8Array(PATH_MAX);
    const length = Number(c.confstr(_CS_DARWIN_USER_TEMP_DIR, path, BigInt(PATH_MAX)));
    if (length === 0) return failed("confstr");
    if (length > PATH_MAX) return { syscall: "confstr", osError: 63, code: "ENAMETOOLONG" };
    const text = new TextDecoder().decode(path.subarray(0, length - 1));
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
      const byteLength = c.lseek(file, 0n, SEEK_END);
      if (byteLength !== -1n) return { file, byteLength: Number(byteLength) };
      const failure = failed("lseek");
      c.close(file);
      return failure;
    },

    // Nothing is set aside: its fcntl(F_PREALLOCATE) is variadic.
    create(name, byteLength): NewMemory | AdvisedFailure {
      const path = pathOf(name);
      if (typeof path !== "string") return path;
      const temporary = cString(`${folder() as string}${TEMPLATE}`);
      const file = c.mkostemp(temporary, O_CLOEXEC); // of mode 0600
      if (file === -1) return failed("mkostemp");
      const discard = () => {
        c.unlink(temporary);
      };
      const failure = truncate()(file, byteLength);
      if (failure !== undefined) {
        discard();
        c.close(file);
        return failure;
      }
      return {
        file,
        publish() {
          if (c.link(temporary, cString(path)) !== 0) return failed("link");
          discard();
          return undefined;
        },
        discard,
      };
    },

    remove(name) {
      const path = pathOf(name);
      if (typeof path !== "string") return path;
      return c.unlink(cString(path)) === 0 ? undefined : failed("unlink");
    },
  };
}
