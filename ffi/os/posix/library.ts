/**
 * The C library of Linux and macOS.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import { type OpenFunctions, openLibrary } from "../../library.ts";
import type { Native } from "../../symbols.ts";
import { utf8 } from "../../web.ts";
import type { OpenFile } from "../contract/files.ts";
import { type Failure, failure } from "../contract/memory.ts";
import { POSIX } from "./calls.ts";

/** A C library, as the parts of a system share it. */
export interface CLibrary {
  /** The file name of the library. */
  readonly file: string;
  /** The function that returns the address of the thread's `errno`. */
  readonly errnoLocation: "__errno_location" | "__error";
  readonly native: Native;
  /** The processor, as `process.arch` names it. */
  readonly arch: string;
  readonly open: OpenFunctions;
  /** The page size in bytes. */
  readonly pageSize: number;
  /** Opens or creates a file. Does not block, and child processes do not inherit the descriptor. */
  readonly openFile: (path: string, flags: number, mode?: number) => OpenFile | Failure;
  /** Reads the `errno` of the last call. */
  readonly errno: () => number;
  /** Makes the failure of a call. Without `osError`, it reads the `errno` of the last call. */
  readonly failed: (syscall: string, osError?: number) => Failure;
}

/** The differences between the C libraries of Linux and macOS. */
export interface CLibraryFacts extends Pick<CLibrary, "file" | "errnoLocation"> {
  /** `O_CLOEXEC | O_NONBLOCK | O_NOCTTY` */
  readonly openFlags: number;
  /** `_SC_PAGESIZE` */
  readonly _SC_PAGESIZE: number;
  /** The names of its `errno` values. */
  readonly codes: Readonly<Record<number, string>>;
}

/** Opens the C library. */
export function openCLibrary(native: Native, arch: string, facts: CLibraryFacts): CLibrary {
  const { file, errnoLocation, codes } = facts;
  const open = openLibrary(native, file);
  // One call opens the functions that every program needs.
  const { sysconf, [errnoLocation]: locate } = open(
    POSIX,
    "mmap",
    "munmap",
    "mprotect",
    "madvise",
    "sysconf",
    errnoLocation,
  );
  const location = new Int32Array(native.view(locate(), 4));
  const errno = () => location[0]!;
  const failed: CLibrary["failed"] = (syscall, osError = errno()) =>
    failure(syscall, osError, codes);
  return {
    file,
    errnoLocation,
    native,
    arch,
    open,
    pageSize: Number(sysconf(facts._SC_PAGESIZE)),
    openFile: fileOpener(open, facts.openFlags, failed),
    errno,
    failed,
  };
}

/** Makes {@linkcode CLibrary.openFile}. The C function is opened at its first use. */
export function fileOpener(
  open: OpenFunctions,
  openFlags: number,
  failed: CLibrary["failed"],
): CLibrary["openFile"] {
  const c = lazily(() => open(POSIX, "open", "close"));
  return (path, flags, mode = 0) => {
    const file = c().open(cString(path), flags | openFlags, mode);
    return file === -1 ? failed("open") : file;
  };
}

/** Returns a text in UTF-8, terminated by a NUL. */
export function cString(text: string): Uint8Array {
  return utf8(`${text}\0`);
}

/** `RLIM_INFINITY` of macOS. That of Linux is larger: 2^64 - 1. */
const UNLIMITED = (1n << 63n) - 1n;

/**
 * Opens `getrlimit`. Returns a function that reads the current limit: `undefined` if there is none,
 * or if it cannot be read. {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html}
 */
export function limitReader({ open }: CLibrary): (resource: number) => bigint | undefined {
  const { getrlimit } = open(POSIX, "getrlimit");
  const limits = new BigUint64Array(2);
  const bytes = new Uint8Array(limits.buffer);
  return (resource) =>
    getrlimit(resource, bytes) === 0 && limits[0]! < UNLIMITED ? limits[0]! : undefined;
}
