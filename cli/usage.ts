/**
 * Arguments of the commands.
 *
 * @module
 */

/** The arguments of a command. */
export interface Arguments {
  readonly json: boolean;
  readonly resident: boolean;
  readonly remove: boolean;
  readonly operands: readonly string[];
}

/** Wrong arguments. */
export class UsageError extends Error {}
