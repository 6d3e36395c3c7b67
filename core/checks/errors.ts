/**
 * {@linkcode MmapError}, and the functions that word it.
 *
 * @module
 */
import type { AdvisedFailure } from "../../ffi/os/contract/memory.ts";
import { bare, define, own } from "../../ffi/own.ts";

/** What an {@linkcode MmapError} carries besides its message. */
export interface MmapErrorInit {
  /** The POSIX name of the error, on every system. */
  readonly code: string;
  /** The name of the C function that failed. */
  readonly syscall?: string | undefined;
  /** `errno`, or `GetLastError()` on Windows. */
  readonly osError?: number | undefined;
  /** The address that a strict hint asked for. */
  readonly requested?: bigint | undefined;
  /** The address that the system offered instead, where it did. */
  readonly actual?: bigint | undefined;
  /** What made it fail. */
  readonly cause?: unknown;
}

/**
 * Memory could not be mapped, used or unmapped as asked.
 *
 * | `code` | when |
 * | --- | --- |
 * | `EADDRNOTAVAIL` | a strict hint cannot be satisfied; `requested` and `actual` tell the addresses |
 * | `EBADF` | the mapping is closed, or a ticket is not valid |
 * | `EBUSY` | a view's buffer was transferred away, or (in Bun from 1.4 on) is in use by the runtime: the memory stays mapped; or other handles share the memory, or `waitAsync()` waits for a word of it, and the call would change it under them |
 * | `EFAULT` | the file of the mapping has lost a page: it was truncated, its disk is full, or it cannot be read |
 * | `EACCES` | the access of the memory does not allow the call, or is not the same throughout; or shared memory is another user's, or open to others |
 * | `EEXIST` | there is shared memory of that name already |
 * | `ENOENT` | there is no such file, or no shared memory of that name |
 * | `EAGAIN` | shared memory is being made by another program: try again; or no thread is to be had now for one more `waitAsync()` |
 * | `ENOTSUP` | this system, or this kind of memory, does not have what was asked for; or the runtime starts no thread for `waitAsync()`: see `cause` |
 * | any other | the system refused a call; `syscall` and `osError` tell which and why |
 *
 * @example The kind of failure
 * ```ts
 * import { MmapError, MmapOptions } from "@sysalloc/sysalloc";
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
  /** The name of the C function that failed (`"mmap"`, `"VirtualAlloc"`, …), where one was called. */
  declare readonly syscall: string | undefined;
  /** The raw number, where a call failed: `errno`, or `GetLastError()` on Windows. */
  declare readonly osError: number | undefined;
  /** The address that a strict hint asked for. */
  declare readonly requested: bigint | undefined;
  /** The address that the system offered instead of `requested`, where it did. */
  declare readonly actual: bigint | undefined;

  /** Makes an error; the library makes its own. */
  constructor(message: string, init: MmapErrorInit) {
    const { code, syscall, osError, requested, actual, cause } = bare(init);
    super(message, cause === undefined ? undefined : { cause });
    const details = bare({ code, syscall, osError, requested, actual });
    // Enumerable where it is known: console.log shows every such property.
    for (const name in details) {
      const value = details[name as keyof typeof details];
      const enumerable = value !== undefined;
      define(this, name, { value, enumerable, configurable: true, writable: true });
    }
  }
}

/** Writes an address as C and the system's own tools do. */
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

/** What there can be too little of. */
export const SHORTAGE: string =
  "too little memory, address space or room for another mapping: unmap what is no longer used, " +
  "map less, or raise the limit (`sysalloc info` shows the limits)";

/** What an error mostly means, and what to do, whichever call it is of. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "a security policy of the system forbids it, or the file permits less",
  EFBIG: "the file system has no files of this length",
  EFAULT: "the file has lost a page: it was truncated, its disk is full, or it cannot be read",
  EMFILE: "the process has as many files open as it may: close some, or raise RLIMIT_NOFILE",
  ENOMEM: SHORTAGE,
  EPERM: "the system forbids the call, as the filters of sandboxes do",
};

/**
 * The error for what the system refused; `asked` is like "to map 4096 bytes", and `advice`
 * what to do where the code means another thing than usual.
 */
export function systemError(
  asked: string,
  failure: AdvisedFailure,
  cause?: unknown,
  advice: string | undefined = own<AdvisedFailure, "advice">(failure, "advice") ??
    own(ADVICE, failure.code),
): MmapError {
  const { syscall, osError, code } = failure;
  const osCode = own<AdvisedFailure, "osCode">(failure, "osCode") ?? code;
  const what = syscall === undefined
    ? `Refused ${asked} (${code}):`
    : `The system refused ${asked}: ${syscall} failed with ${osCode} (${osError}),`;
  return new MmapError(
    advice === undefined ? what.slice(0, -1) : `${what} ${advice}`,
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
