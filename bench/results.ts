/**
 * The results of a run, as `results.json` keeps them.
 *
 * @module
 */
import type { Contender, HostName, Role } from "./catalogue/benchmark.ts";

/** One contender of a row. */
export interface Line {
  readonly name: string;
  readonly host: HostName;
  readonly role: Role;
  readonly operations: number;
  /** For each measure a value for each round, in the measure's unit. */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
  /** The reason why there are no rounds. */
  readonly leftOut?: string;
}

/** One benchmark at one size. */
export interface Row {
  readonly benchmark: string;
  /** In bytes; 0 where the work has no size. */
  readonly size: number;
  /** That of every contender; `undefined` where none was measured, or they differ. */
  readonly checksum?: number;
  readonly lines: readonly Line[];
  /** The reason why it does not count. */
  readonly error?: string;
}

/** The machine and the time of a run. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory: number;
  readonly kernel: string;
  /** One minute's load before it began. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** A run. */
export interface Results {
  readonly machine: Machine;
  /** The hosts that are missing or could not be built, with their reasons. */
  readonly leftOut: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** True if a line is of this contender. */
export function isOf(line: Line, { name, host }: Pick<Contender, "name" | "host">): boolean {
  return line.name === name && line.host === host;
}
