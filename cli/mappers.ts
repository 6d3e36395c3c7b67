/**
 * The processes that have files mapped, by `/proc`.
 *
 * @module
 */
import { fs } from "./runtime.ts";

/** The identity of a file, as lines of `/proc/PID/maps` have it. */
export interface FileOfMemory {
  readonly dev: number;
  readonly ino: number;
}

/** The processes that have files mapped. */
export interface Mappers {
  /** The process IDs, in ascending order, by the file's {@linkcode identityOf}. */
  readonly pids: ReadonlyMap<string, readonly number[]>;
  /** The number of processes whose mappings this user may not read. */
  readonly unreadable: number;
}

/** The device and the inode: {@link https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html} */
const IDENTITY = /^\S+ \S+ \S+ ([0-9a-f]+:[0-9a-f]+ \d+)/gm;

/** Returns the identity of a file in the notation of `/proc/PID/maps`. */
export function identityOf({ dev, ino }: FileOfMemory): string {
  // https://man7.org/linux/man-pages/man3/makedev.3.html, without the upper halves.
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  return `${hex(major)}:${hex(minor)} ${ino}`;
}

/** Finds the files in a text of `/proc/PID/maps`. */
export function filesIn(maps: string): Set<string> {
  return new Set(Array.from(maps.matchAll(IDENTITY), (match) => match[1]!));
}

/** Looks at every process. `undefined` if there is no `/proc`. */
export function findMappers(): Mappers | undefined {
  const { existsSync, readdirSync, readFileSync } = fs();
  if (!existsSync("/proc/self/maps")) return undefined;
  const pids = new Map<string, number[]>();
  let unreadable = 0;
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of processes.sort((a, b) => a - b)) {
    let maps: string;
    try {
      maps = readFileSync(`/proc/${pid}/maps`, "utf8");
    } catch {
      if (existsSync(`/proc/${pid}`)) unreadable++; // otherwise it has ended
      continue;
    }
    for (const file of filesIn(maps)) pids.set(file, [...pids.get(file) ?? [], pid]);
  }
  return { pids, unreadable };
}
