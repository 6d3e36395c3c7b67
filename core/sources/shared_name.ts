/**
 * The names of shared memory: their checks, their errors and their removal.
 *
 * @module
 */
import { type Host, host, runtimeFiles } from "../../ffi/host.ts";
import type { AdvisedFailure, Failure } from "../../ffi/os/contract/memory.ts";
import { own } from "../../ffi/own.ts";
import { utf8 } from "../../ffi/web.ts";
import { describe } from "../checks/arguments.ts";
import { MmapError, systemError } from "../checks/errors.ts";

/** The longest name that file systems allow. */
const MAX_NAME_BYTE_LENGTH = 255;
/** The meaning of error codes, and advice. */
export type Advice = Readonly<Record<string, string>>;

const ADVICE: Advice = {
  EROFS: "the folder of shared memory is mounted read-only: mount it writable, in a container by " +
    "--tmpfs /dev/shm",
  ELOOP: "a symbolic link has this name, and links are not followed",
  EISDIR: "a directory has this name",
  ENXIO: "a socket or a device has this name",
  ESPIPE: "a pipe or a device has this name",
};
export const OPEN_ADVICE: Advice = {
  EACCES: "it belongs to another user, and only that user may open it",
};
export const FOLDER_ADVICE: Advice = {
  EACCES: "this user may not create or remove files in the folder of shared memory: change its " +
    "mode (chmod 1777 /dev/shm), or run as a user who may",
};
const REMOVE_ADVICE: Advice = {
  ...FOLDER_ADVICE,
  EPERM: "it belongs to another user, or the system forbids it",
};

/**
 * Removes the name of shared memory. Processes that have the memory mapped keep it and go on
 * sharing it; it is freed when the last one unmaps it. The name can be used for new memory
 * immediately.
 *
 * Linux: removes the file of that name in `/dev/shm`, as
 * [`shm_unlink`](https://man7.org/linux/man-pages/man3/shm_unlink.3.html) does. macOS: removes the
 * file `sysalloc-<name>` in the user's temporary folder. Windows: does nothing, and does not throw
 * for a name that does not exist; there a name ends with the last mapping of its memory.
 *
 * @param name The name: see {@linkcode MmapOptions.mapShared}.
 * @throws {TypeError} If `name` is not a string.
 * @throws {RangeError} If `name` is not valid.
 * @throws {MmapError} `ENOENT` if there is no memory of that name; `EACCES` or `EPERM` if it
 * belongs to another user.
 * @throws {Error} As {@linkcode MmapOptions.mapAnon} does; in Deno `NotCapable` without
 * `--allow-write` for the file, and in Node.js with `--permission` `ERR_ACCESS_DENIED` without
 * `--allow-fs-write`.
 *
 * @example Memory that nobody else can open
 * ```ts
 * import { MmapOptions, removeShared } from "sysalloc";
 *
 * const name = `scratch-${crypto.randomUUID()}`;
 * using mmap = new MmapOptions({ len: 4096 }).mapShared(name, { mode: "create" });
 * removeShared(name); // nobody can open it from now on
 * mmap.bytes[0] = 42;
 * ```
 */
export function removeShared(name: string): void {
  const checked = checkedName(name);
  const system = host();
  const path = fileOf(system, checked);
  if (path !== undefined) runtimeFiles().permit(path, ["write"]);
  const failure = system.os.named.remove?.(checked);
  if (failure === undefined) return;
  if (failure.code === "ENOENT") {
    throw missingError(checked, "it was removed before, or never created", failure);
  }
  throw nameError(`to remove shared memory ${quoted(checked)}`, failure, REMOVE_ADVICE);
}

/** Checks that every system allows a name. Removes the slash at its start, as in C programs. */
export function checkedName(value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`The name must be a string, got ${describe(value)}`);
  }
  const name = value.replace(/^\//, "");
  const flaw = flawOf(name);
  if (flaw === undefined) return name;
  throw new RangeError(`The name of shared memory ${flaw}, got ${describe(value)}`);
}

function flawOf(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return 'must not be empty, "." or ".."';
  if (/[\\/\0]/.test(name)) {
    return "must have no slash except at its start, no backslash and no NUL";
  }
  if (/\p{Surrogate}/u.test(name)) return "must be well-formed Unicode, without lone surrogates";
  // A unit of UTF-16 takes at most three bytes.
  const length = 3 * name.length <= MAX_NAME_BYTE_LENGTH ? 0 : utf8(name).length;
  if (length <= MAX_NAME_BYTE_LENGTH) return undefined;
  return `must be at most ${MAX_NAME_BYTE_LENGTH} bytes long in UTF-8, and is ${length}`;
}

/** FNV-1a of 64 bits: {@link https://datatracker.ietf.org/doc/draft-eastlake-fnv/} */
export function hashOf(name: string): bigint {
  // In two halves of 32 bits, because bigints take microseconds. The prime is 2^40 + 0x1b3.
  let high = 0xcbf2_9ce4;
  let low = 0x8422_2325;
  utf8(name).forEach((byte) => {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3; // at most 41 bits
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 2 ** 32)) >>> 0;
    low = product >>> 0;
  });
  return BigInt(high) << 32n | BigInt(low);
}

/** The path of the file that the system keeps the memory in, if it does. */
export function fileOf({ os: { named } }: Host, name: string): string | undefined {
  const path = named.pathOf?.(name);
  if (typeof path !== "object") return path;
  throw systemError(`to find the folder of shared memory ${quoted(name)}`, path);
}

/** The error for memory that does not exist. */
export function missingError(
  name: string,
  advice: string,
  { syscall, osError }: Failure,
): MmapError {
  return new MmapError(`There is no shared memory ${quoted(name)}: ${advice}`, {
    code: "ENOENT",
    syscall,
    osError,
  });
}

/** The error for a call that the system refused; `more` has meanings of codes for this call. */
export function nameError(asked: string, failure: AdvisedFailure, more: Advice): MmapError {
  const { code } = failure;
  const advice = own<AdvisedFailure, "advice">(failure, "advice") ?? own(more, code);
  return systemError(asked, failure, undefined, advice ?? own(ADVICE, code));
}

/** Writes a name for a message. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}
