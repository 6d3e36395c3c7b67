/**
 * Facts about this system that `sysalloc info` prints, and how to look them up.
 *
 * @module
 */
import { fs } from "./runtime.ts";

/** A fact about this system. */
export interface Fact {
  /** The name in JSON. */
  readonly name: string;
  /** The name in the table. */
  readonly title: string;
  /** Bytes or a count as a number; `null` if there is no limit. */
  readonly value: number | string | null | Readonly<Record<string, number | string | null>>;
  /** The value in words. */
  readonly text: string;
  /** The consequence for a program that maps memory. */
  readonly meaning: string;
  /** Advice on raising a limit. */
  readonly raise?: string;
  /** Advice on changing a setting. */
  readonly change?: string;
}

/** A fact that the runtime denies access to. */
export interface NotPermitted {
  readonly name: string;
  readonly title: string;
  /** The message of the runtime. */
  readonly why: string;
}

/** Reads a text file of the system. */
export type Read = (path: string) => string;

/** A fact to look up. */
export interface Question {
  readonly name: string;
  readonly title: string;
  /** Looks it up; `undefined` if this system does not have it. */
  readonly look: (read: Read) => Omit<Fact, "name" | "title"> | undefined;
}

/** Codes of errors for a file that does not exist, or that this user may not read. */
const ABSENT = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EINVAL", "ENOSYS"];

/** Thrown if the system does not have a fact. */
class Absent extends Error {}

/** Reads a file; throws {@linkcode Absent}, or the runtime's error if it does not permit that. */
function read(path: string): string {
  return orAbsent(() => fs().readFileSync(path, "utf8"));
}

/** Calls a function; throws {@linkcode Absent} if it fails because the system lacks something. */
export function orAbsent<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    const isAbsent = ABSENT.includes(String(code)) || name === "NotFound" ||
      name === "PermissionDenied";
    throw isAbsent ? new Absent(undefined, { cause: error }) : error;
  }
}

/** Calls a function; returns `undefined` if it throws {@linkcode Absent}. */
export function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Absent) return undefined;
    throw error;
  }
}

/** Looks up a fact; `undefined` if this system does not have it. */
export function answer({ name, title, look }: Question): Fact | NotPermitted | undefined {
  try {
    const found = ifThere(() => look(read));
    return found && { name, title, ...found };
  } catch (error) {
    return { name, title, why: (error as Error).message };
  }
}
