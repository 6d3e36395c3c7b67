/**
 * What an operating system must offer for memory that processes share by its
 * name.
 *
 * @module
 */
import type { OpenFile } from "./files.ts";
import type { AdvisedFailure, Failure } from "./memory.ts";

/** Whose memory is, where it has a user. */
export interface Owner {
  /** The number of the user that it belongs to. */
  readonly user: number;
  /** The number of the user that this process runs as. */
  readonly self: number;
  /** What who may do with it, as `chmod` takes it. */
  readonly mode: number;
}

/** Named memory that is there. */
export interface OpenMemory {
  /** What {@linkcode Files} map, and close. */
  readonly file: OpenFile;
  /** The length in bytes; on Windows rounded up to pages. 0 where whoever makes it is not done. */
  readonly byteLength: number;
  /** Whose it is; `undefined` where the system has no such thing. */
  readonly owner: Owner | undefined;
}

/** Memory that was made. Where it has its name only when {@linkcode NewMemory.publish} gave it, it has that function. */
export interface NewMemory {
  /** What {@linkcode Files} map, and close. */
  readonly file: OpenFile;
  /** Gives it its name, of which there must be none: `EEXIST` otherwise. */
  readonly publish: (() => Failure | undefined) | undefined;
  /** Undoes what closing does not, where it is not to be published any more. */
  readonly discard: (() => void) | undefined;
}

/** How one operating system does named memory. Its names are checked: they have no slash, backslash or NUL. */
export interface NamedMemory {
  /** Whether a name is gone when nobody has the memory open: it is kept open as long as it is mapped. */
  readonly isKeptOpen: boolean;

  /** The path of the file that has the name, where names are those of files. */
  readonly pathOf: ((name: string) => string | AdvisedFailure) | undefined;

  /** Opens memory that is there; `ENOENT` where there is none of the name. */
  open(name: string): OpenMemory | AdvisedFailure;

  /** Tells whose memory is that cannot be opened, where the system tells it. */
  readonly ownerOf: ((name: string) => Owner | Failure) | undefined;

  /**
   * Makes memory, zeroed, that is this user's alone; `EEXIST` where there is one of the
   * name. Where `isReserved`, all of it is set aside, so that no store finds none.
   */
  create(name: string, byteLength: number, isReserved: boolean): NewMemory | AdvisedFailure;

  /** Removes a name, where it does not go by itself. */
  readonly remove: ((name: string) => AdvisedFailure | undefined) | undefined;
}
