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
  /** The name by which it is opened. */
  readonly file: string;
  readonly native: Native;
  /** The processor, as `process.arch` names it. */
  readonly arch: string;
  readonly open: OpenFunctions;
  /** The page size in bytes. */
  readonly pageSize: number;
  /** Opens or makes a file, which is not inherited; opening it does not wait. */
  readonly openFile: (path: string, flags: number, mode?: number) => OpenFile | Failure;
  /** Makes the failure of a call; without `osError`, of the call that has just failed. */
  readonly failed: (syscall: string, osError?: number) => Failure;
}

/** In what the C library of one system differs from that of another. */
export interface CLibraryFacts extends Pick<CLibrary, "file"> {
  /** The function that returns the address of the thread's `errno`. */
  readonly errnoLocation: "__errno_location" | "__error";
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
  const errno = new Int32Array(native.view(locate(), 4));
  const failed: CLibrary["failed"] = (syscall, osError = errno[0]!) =>
    failure(syscall, osError, codes);
  return {
    file,
    native,
    arch,
    open,
    pageSize: Number(sysconf(facts._SC_PAGESIZE)),
    openFile: fileOpener(open, facts.openFlags, failed),
    failed,
  };
}

/** Makes {@linkcode CLibrary.openFile}, whose call is opened when it is first used. */
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

/** Returns the bytes of a text in UTF-8, with the NUL that ends it in C. */
export function cString(text: string): Uint8Array {
  return utf8(`${text}\0`);
}

/** `RLIM_INFINITY` of macOS; that of Linux is twice as much and one more. */
const UNLIMITED = (1n << 63n) - 1n;

/**
 * Opens `getrlimit`, and returns what reads the limit that holds now: `undefined` where there is
 * none, or where it cannot be read. {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html}
 */
export function limitReader({ open }: CLibrary): (resource: number) => bigint | undefined {
  const { getrlimit } = open(POSIX, "getrlimit");
  const limits = new BigUint64Array(2);
  const bytes = new Uint8Array(limits.buffer);
  return (resource) =>
    getrlimit(resource, bytes) === 0 && limits[0]! < UNLIMITED ? limits[0]! : undefined;
}
