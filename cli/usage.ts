/**
 * What the command line gives to a command.
 *
 * @module
 */

/** What a command is given. */
export interface Arguments {
  readonly json: boolean;
  readonly resident: boolean;
  readonly operands: readonly string[];
}

/** The arguments are not what a command takes. */
export class UsageError extends Error {}
