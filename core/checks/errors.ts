/**
 * {@linkcode MmapError}, and the functions that make its messages.
 *
 * @module
 */
import type { AdvisedFailure } from "../../ffi/os/contract/memory.ts";
import { bare, define, own } from "../../ffi/own.ts";

/** The properties of an {@linkcode MmapError}. */
export interface MmapErrorInit {
  /** The POSIX name of the error, on every system. */
  readonly code: string;
  /** The name of the C function that failed. */
  readonly syscall?: string | undefined;
  /** `errno`, or `GetLastError()` on Windows. */
  readonly osError?: number | undefined;
  /** The address that a strict hint asked for. */
  readonly requested?: bigint | undefined;
  /** The address that the system offered instead, if it did. */
  readonly actual?: bigint | undefined;
  /** The cause of the error. */
  readonly cause?: unknown;
}

/**
 * The error for memory that could not be mapped, used or unmapped.
 *
 * | `code` | when |
 * | --- | --- |
 * | `EADDRNOTAVAIL` | a strict hint cannot be satisfied; `requested` and `actual` are the addresses |
 * | `EBADF` | the mapping is closed, or a ticket is invalid |
 * | `EBUSY` | the memory is pinned; or a view's buffer was transferred away, is in use (Bun from 1.4), or is not yet collected: the memory stays mapped; or the call would change memory that another handle shares, or a word that `waitAsync()` waits for |
 * | `EFAULT` | the mapping has lost a page: its file was truncated, its disk is full, or it cannot be read |
 * | `EACCES` | the access of the memory does not allow the call, or is mixed; or shared memory belongs to another user, or others may store to it |
 * | `EEXIST` | shared memory of this name exists |
 * | `ENOENT` | there is no such file, or no shared memory of this name |
 * | `EAGAIN` | another program is creating the shared memory, or replaces the file; or no thread is available for `waitAsync()`: try again later |
 * | `ENOTSUP` | this system or this kind of memory does not support the call or option; or the runtime cannot start a thread for `waitAsync()`: see `cause` |
 * | any other | the system refused a call: see `syscall` and `osError` |
 *
 * @example The kind of failure
 * ```ts
 * import { MmapError, MmapOptions } from "sysalloc";
 *
 * try {
 *   new MmapOptions({ len: Number.MAX_SAFE_INTEGER }).mapAnon();
 * } catch (error) {
 *   if (!(error instanceof MmapError)) throw error;
 *   console.log(error.code, error.syscall, error.osError); // ENOMEM mmap 12
 * }
 * ```
 */
export class MmapError extends Error {
  /** `"MmapError"` */
  override readonly name = "MmapError";
  /** The POSIX name of the error (`"ENOMEM"`, `"EINVAL"`, …), also on Windows; `"UNKNOWN"` for an `osError` without one. */
  declare readonly code: string;
  /** The name of the C function that failed (`"mmap"`, `"VirtualAlloc"`, …), if one was called. */
  declare readonly syscall: string | undefined;
  /** The number that the failed function set: `errno`, or `GetLastError()` on Windows. */
  declare readonly osError: number | undefined;
  /** The address that a strict hint asked for. */
  declare readonly requested: bigint | undefined;
  /** The address that the system offered instead of `requested`, if it did. */
  declare readonly actual: bigint | undefined;

  /** Makes an error. */
  constructor(message: string, init: MmapErrorInit) {
    const { code, syscall, osError, requested, actual, cause } = bare(init);
    super(message, cause === undefined ? undefined : { cause });
    const details = bare({ code, syscall, osError, requested, actual });
    // Only defined values are enumerable: console.log shows every enumerable property.
    for (const name in details) {
      const value = details[name as keyof typeof details];
      const enumerable = value !== undefined;
      define(this, name, { value, enumerable, configurable: true, writable: true });
    }
  }
}

/** Writes an address as C and the tools of the system do. */
export function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/** Writes a range of addresses for a message. */
export function describeRange(
  { address, byteLength }: {
    readonly address: bigint;
    readonly byteLength: bigint | number;
  },
): string {
  return `${byteLength} bytes at ${hex(address)}`;
}

/** The advice for `ENOMEM`. */
export const SHORTAGE: string =
  "too little memory, address space or room for another mapping: unmap what is no longer used, " +
  "map less, or raise the limit (`sysalloc info` shows the limits)";

/** The usual meaning of an error code, and advice. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES:
    "a security policy of the system forbids it, or the file or its descriptor permits less " +
    '(mapMut() needs a descriptor opened with "r+")',
  EFBIG: "the file system does not support files of this length",
  EFAULT: "the file has lost a page: it was truncated, its disk is full, or it cannot be read",
  EMFILE: "the process has too many open files: close some, or raise RLIMIT_NOFILE",
  ENOMEM: SHORTAGE,
  EPERM: "the system forbids the call, as the filters of sandboxes do",
};

/**
 * The error for an action that the system refused, such as "to map 4096 bytes". `advice` replaces
 * the usual advice for the code.
 */
export function systemError(
  action: string,
  failure: AdvisedFailure,
  cause?: unknown,
  advice: string | undefined = own<AdvisedFailure, "advice">(failure, "advice") ??
    own(ADVICE, failure.code),
): MmapError {
  const { syscall, osError, code } = failure;
  const osCode = own<AdvisedFailure, "osCode">(failure, "osCode") ?? code;
  const reason = syscall === undefined
    ? `Refused ${action} (${code}):`
    : `The system refused ${action}: ${syscall} failed with ${osCode} (${osError}),`;
  return new MmapError(
    advice === undefined ? reason.slice(0, -1) : `${reason} ${advice}`,
    { code, syscall, osError, cause },
  );
}

/** The error for a range that the system did not unmap. */
export function unmapError(
  range: Parameters<typeof describeRange>[0],
  failure: AdvisedFailure,
  cause?: unknown,
): MmapError {
  return systemError(`to unmap ${describeRange(range)}`, failure, cause);
}

/** The error for a strict hint that cannot be satisfied. */
export function strictHintError(
  requested: bigint,
  byteLength: bigint,
  why: AdvisedFailure | string | undefined,
  actual: bigint | undefined,
): MmapError {
  const offer = actual === undefined ? "" : `, the system offered ${hex(actual)}`;
  const failure = typeof why === "object" ? why : undefined;
  const reason = failure === undefined
    ? why
    : failure.syscall === undefined
    ? own<AdvisedFailure, "advice">(failure, "advice")
    : `${failure.syscall} failed with ${failure.code}, ${failure.osError}`;
  const cause = reason === undefined ? "" : ` (${reason})`;
  return new MmapError(
    `The strict hint ${hex(requested)} is not available for ${byteLength} bytes${cause}${offer}: ` +
      "choose another address, or drop strict()",
    {
      code: "EADDRNOTAVAIL",
      syscall: failure?.syscall,
      osError: failure?.osError,
      requested,
      actual,
    },
  );
}
