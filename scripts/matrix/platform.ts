/**
 * The words that the declarations and the driver share.
 *
 * @module
 */
import type { Outcome } from "./process.ts";
import type { RuntimeBuild } from "./runtimes.ts";

/** Something that the suite runs on: another system, or this one with other versions. */
export interface Platform {
  /** Its name on the command line and in the results. */
  readonly name: string;
  /** Its name in the README. */
  readonly title: string;
  /** How it is had on this machine. */
  readonly how: string;
  readonly runtimes: readonly RuntimeBuild[];
  /** Sets the platform up; throws {@linkcode Unavailable} where that cannot be. */
  readonly start: () => Promise<Guest>;
}

/** A platform that has been set up. */
export interface Guest {
  /** The path by which the guest knows a file in the cache. */
  readonly path: (file: string) => string;
  /** Runs a command, given in the guest's own paths, in the copy of the suite. */
  readonly run: (command: readonly string[], files: GuestFiles) => Promise<Outcome>;
}

/** Where a guest leaves what it has to say, as paths of this machine. */
export interface GuestFiles {
  /** Everything that the command printed. */
  readonly log: string;
  /** The file that the command was told to write. */
  readonly report: string;
}
