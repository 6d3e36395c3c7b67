/**
 * The contract of an operating system for memory that processes share by its name.
 *
 * @module
 */
import type { OpenFile } from "./files.ts";
import type { AdvisedFailure, Failure } from "./memory.ts";

/** The owner of named memory. */
export interface Owner {
  /** The ID of the user who owns it. */
  readonly user: number;
  /** The ID of the user that this process runs as. */
  readonly self: number;
  /** The mode, as in `chmod`. */
  readonly mode: number;
}

/** Existing named memory. */
export interface OpenMemory {
  /** The file, which {@linkcode Files} maps and closes. */
  readonly file: OpenFile;
  /** The length in bytes, on Windows rounded up to pages; 0 while its creator is not done. */
  readonly byteLength: number;
  /** The owner; `undefined` on a system without owners of memory. */
  readonly owner: Owner | undefined;
}

/** Newly created named memory. */
export interface NewMemory {
  /** The file, which {@linkcode Files} maps and closes. */
  readonly file: OpenFile;
  /** Gives the memory its name; `EEXIST` if that exists. `undefined` if it has its name already. */
  readonly publish: (() => Failure | undefined) | undefined;
  /** Removes a temporary name after a failure; `undefined` if closing the file leaves nothing. */
  readonly discard: (() => void) | undefined;
}

/** Named memory on one system. The core has checked the names: they have no slash, backslash or NUL. */
export interface NamedMemory {
  /** True if the name goes with the last handle: then the memory stays open while it is mapped. */
  readonly isKeptOpen: boolean;

  /** Returns the path of the file with a name; `undefined` if names are not those of files. */
  readonly pathOf: ((name: string) => string | AdvisedFailure) | undefined;

  /** Opens existing memory; `ENOENT` if the name does not exist. */
  open(name: string): OpenMemory | AdvisedFailure;

  /** Returns the owner of memory that cannot be opened; `undefined` if the system does not say. */
  readonly ownerOf: ((name: string) => Owner | Failure) | undefined;

  /**
   * Creates zeroed memory that belongs to this user alone; `EEXIST` if the name exists. With
   * `isReserved`, all memory is reserved now, so no store can run out of memory.
   */
  create(name: string, byteLength: number, isReserved: boolean): NewMemory | AdvisedFailure;

  /**
   * Makes memory at least this long, with memory set aside if `isReserved`. Never makes it shorter,
   * whoever else makes it longer at the same time. `undefined` if the system cannot.
   */
  readonly grow:
    | ((file: OpenFile, byteLength: number, isReserved: boolean) => AdvisedFailure | undefined)
    | undefined;

  /** Removes a name; `undefined` if the last handle does. */
  readonly remove: ((name: string) => AdvisedFailure | undefined) | undefined;
}
