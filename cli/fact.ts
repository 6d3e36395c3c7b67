/**
 * What `sysalloc info` tells: facts, each with what it means.
 *
 * @module
 */
import { files } from "./runtime.ts";

/** One fact of this system. */
export interface Fact {
  /** Its name in JSON. */
  readonly name: string;
  /** Its name in the table. */
  readonly title: string;
  /** What it is: bytes or a count as a number, `null` where there is no limit. */
  readonly value: number | string | null | Readonly<Record<string, number | string | null>>;
  /** What it is, in words. */
  readonly text: string;
  /** What it means for a program that maps memory. */
  readonly meaning: string;
  /** How it is raised, where it is a limit. */
  readonly raise?: string;
  /** How it is changed, where it is a choice. */
  readonly change?: string;
}

/** A fact that the runtime gives no permission to look up. */
export interface NotPermitted {
  readonly name: string;
  readonly title: string;
  /** What the runtime says. */
  readonly why: string;
}

/** Text of files of the system. */
export type Read = (path: string) => string;

/** A fact's name and title, and how it is looked up; `undefined` where the system has none. */
export interface Question {
  readonly name: string;
  readonly title: string;
  readonly look: (read: Read) => Omit<Fact, "name" | "title"> | undefined;
}

/** What a runtime says of a file that is not there, or not for this user. */
const ABSENT = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EINVAL", "ENOSYS"];

/** Thrown where the system does not have what is asked for. */
class Absent extends Error {}

/** Reads a file; throws what the runtime does not permit. */
function read(path: string): string {
  return orAbsent(() => files().readFileSync(path, "utf8"));
}

/** Calls what asks the system; what it does not have is {@linkcode Absent}. */
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

/** Calls what asks the system; `undefined` for what it does not have. */
export function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Absent) return undefined;
    throw error;
  }
}

/** Answers a question; `undefined` where the system has no answer. */
export function answer({ name, title, look }: Question): Fact | NotPermitted | undefined {
  try {
    const found = ifThere(() => look(read));
    return found && { name, title, ...found };
  } catch (error) {
    return { name, title, why: (error as Error).message };
  }
}
