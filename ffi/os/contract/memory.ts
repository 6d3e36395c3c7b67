/**
 * The common terms of the contract: requests, failures, and the calls that each
 * kind of memory has.
 *
 * @module
 */
import { own } from "../../own.ts";

/** A refused call; or, without a call, a refusal because the system lacks something or would do harm. */
export interface Failure {
  /** The name of the C function that failed; `undefined` if none was called. */
  readonly syscall: string | undefined;
  /** `errno`, or `GetLastError()` on Windows; `undefined` if no function was called. */
  readonly osError: number | undefined;
  /** The POSIX name of the error; `"UNKNOWN"` for a number that the tables lack. */
  readonly code: string;
}

/** A failure with advice, if the code alone does not explain it. */
export interface AdvisedFailure extends Failure {
  // Read these with `own()`: not every failure has them.
  readonly advice?: string | undefined;
  /** The system's own code, if {@linkcode Failure.code} was replaced by its meaning here. */
  readonly osCode?: string | undefined;
}

/**
 * The access of plain loads, stores and jumps to memory. Stores to `"copy-on-write"`
 * memory do not reach its file.
 */
export type Protection = "none" | "read" | "read-write" | "copy-on-write" | "read-execute";

/** A request to map memory. */
export interface MapRequest {
  /** The kind of memory. {@linkcode MirrorRequest} and {@linkcode FileRequest} have more fields. */
  readonly kind: "memory" | "mirror" | "file";
  /** The access. `"none"` reserves addresses and takes no memory. */
  readonly protection: Protection;
  /** The address to map at, in bytes; `0n` leaves the choice to the system. */
  readonly hint: bigint;
  /** The length in bytes, above 0, of any alignment. */
  readonly byteLength: bigint;
  /** Back every page with memory before returning, where {@link Os.populates}. */
  readonly populate: boolean;
  /** Set no swap space aside. */
  readonly noReserve: boolean;
  /** Fail rather than map at another address or over other memory. */
  readonly strict: boolean;
  /** Tell the system that the memory is for a stack, if it distinguishes that. */
  readonly stack: boolean;
}

/** A request to map memory twice in a row. The length is that of both halves. */
export interface MirrorRequest extends MapRequest {
  readonly kind: "mirror";
}

/** Maps, changes and unmaps one kind of memory, such as anonymous memory or files. */
export interface Mapper<Request extends MapRequest> {
  /**
   * Maps memory. Returns the address, which can differ even from a strict hint, because some
   * systems ignore hints.
   */
  map(request: Request): bigint | Failure;

  /**
   * Unmaps exactly the range of one call of {@linkcode Mapper.map}, or, with
   * {@linkcode Os.unmapsNeighbours}, the adjacent ranges of several.
   */
  unmap(address: bigint, byteLength: bigint): Failure | undefined;

  /**
   * Frees the memory of a mapping immediately. The range stays mapped, readable and
   * writable, but empty: a store takes new memory. The range counts as one mapping
   * afterwards; the call is cheaper if it was one before (`isOnePiece`).
   */
  vacate(address: bigint, byteLength: bigint, isOnePiece?: boolean): Failure | undefined;

  /**
   * Frees the memory of readable and writable pages, as if they had never been
   * stored to.
   */
  discard(address: bigint, byteLength: bigint): Failure | undefined;

  /** Changes the access of whole pages. Pages without memory get zeroed memory. */
  protect(address: bigint, byteLength: bigint, protection: Protection): Failure | undefined;
}

/**
 * The failure of `syscall`. `codes` are the names by number; unknown numbers may be empty or
 * missing.
 */
export function failure(
  syscall: string,
  osError: number,
  codes: Readonly<Record<number, string>>,
): Failure {
  return { syscall, osError, code: own(codes, osError) || "UNKNOWN" };
}

/** A failure without a call. */
export function refusal(code: string, advice?: string): AdvisedFailure {
  return { syscall: undefined, osError: undefined, code, advice };
}

/** The failure of a call that this kind of memory lacks on this system. */
export const UNSUPPORTED: Failure = { syscall: undefined, osError: undefined, code: "ENOTSUP" };

/** Replaces a failure's code by its meaning. */
export function meaning(failure: AdvisedFailure, code: string, advice: string): AdvisedFailure {
  return { ...failure, code, advice, osCode: failure.code };
}

/** Returns true for a failure, as opposed to another result of a call. */
export function isFailure(result: object): result is Failure {
  return own(result, "code") !== undefined;
}
