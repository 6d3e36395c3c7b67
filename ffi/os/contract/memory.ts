/**
 * What all that an operating system offers is told in: requests, failures, and
 * the calls that each kind of memory has.
 *
 * @module
 */
import { own } from "../../own.ts";

/** A call that the system refused, or, without a call, what the system lacks or would do harm by. */
export interface Failure {
  /** The name of the C function that failed; `undefined` where none was called. */
  readonly syscall: string | undefined;
  /** `errno`, or `GetLastError()` on Windows; `undefined` where nothing was called. */
  readonly osError: number | undefined;
  /** The POSIX name of the error; `"UNKNOWN"` for a number that the tables lack. */
  readonly code: string;
}

/** A refusal, and what to do about it where the code alone does not tell. */
export interface AdvisedFailure extends Failure {
  // To be read by `own()`: not every failure has them.
  readonly advice?: string | undefined;
  /** What the call's own code is, where {@linkcode Failure.code} tells what it means here. */
  readonly osCode?: string | undefined;
}

/**
 * What plain loads, stores and jumps may do with memory. What is stored to
 * `"copy-on-write"` memory does not reach the file that it was mapped from.
 */
export type Protection = "none" | "read" | "read-write" | "copy-on-write" | "read-execute";

/** What to map. */
export interface MapRequest {
  /** What memory it is for: {@linkcode MirrorRequest} and {@linkcode FileRequest} tell more of theirs. */
  readonly kind: "memory" | "mirror" | "file";
  /** What may be done with it. Where it is `"none"`, addresses are taken and no memory is. */
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
  /** Tell the system that it is for a stack, where that means something to it. */
  readonly stack: boolean;
}

/** What of memory that is mapped twice in a row; its length is that of both. */
export interface MirrorRequest extends MapRequest {
  readonly kind: "mirror";
}

/** How memory of one kind, anonymous or of files, is mapped, changed and unmapped. */
export interface Mapper<Request extends MapRequest> {
  /**
   * Maps. Returns the address, which can differ from a hint, even a strict
   * one: some systems can only be asked.
   */
  map(request: Request): bigint | Failure;

  /**
   * Unmaps exactly what one call of {@linkcode Mapper.map} mapped, or, where
   * {@linkcode Os.unmapsNeighbours}, what several mapped side by side.
   */
  unmap(address: bigint, byteLength: bigint): Failure | undefined;

  /**
   * Gives the memory of a mapping back at once. Its range stays mapped,
   * readable and writable: there is nothing in it any more, and it takes up
   * memory again where it is stored to. A system that counts mappings counts one
   * then; that is cheaper if it was one before.
   */
  vacate(address: bigint, byteLength: bigint, isOnePiece?: boolean): Failure | undefined;

  /**
   * Gives the memory of readable and writable pages back, so that they are as
   * if they had never been stored to.
   */
  discard(address: bigint, byteLength: bigint): Failure | undefined;

  /** Changes what may be done with whole pages. They get memory, zeroed, where they had none. */
  protect(address: bigint, byteLength: bigint, protection: Protection): Failure | undefined;
}

/** Makes the failure of `syscall`, its code looked up in `codes`, where a number without a name can have an empty one. */
export function failure(
  syscall: string,
  osError: number,
  codes: Readonly<Record<number, string>>,
): Failure {
  return { syscall, osError, code: own(codes, osError) || "UNKNOWN" };
}

/** A refusal without a call. */
export function refusal(code: string, advice?: string): AdvisedFailure {
  return { syscall: undefined, osError: undefined, code, advice };
}

/** What this kind of memory cannot do on this system. */
export const UNSUPPORTED: Failure = { syscall: undefined, osError: undefined, code: "ENOTSUP" };

/** What a failure means that has another code. */
export function meaning(failure: AdvisedFailure, code: string, advice: string): AdvisedFailure {
  return { ...failure, code, advice, osCode: failure.code };
}

/** Whether a call was refused, and has no other result. */
export function isFailure(result: object): result is Failure {
  return own(result, "code") !== undefined;
}
