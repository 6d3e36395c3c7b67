/**
 * Checks whether there is room for another thread on Linux and macOS. Runtimes end the process if a
 * thread that they start has too little.
 *
 * @module
 */
import type { ThreadNeeds } from "../../thread_needs.ts";
import type { Os, Room, Shortage } from "../contract/os.ts";
import { POLLNVAL, POSIX } from "./calls.ts";
import { type CLibrary, limitReader } from "./library.ts";

/** The differences between the limits of Linux and macOS. */
export interface ThreadFacts {
  /** `RLIMIT_NOFILE` */
  readonly RLIMIT_NOFILE: number;
  /**
   * Opens the function that reads how much memory the process uses; `undefined` on systems that
   * enforce no limit of memory.
   */
  readonly used: ((library: CLibrary) => () => UsedMemory | undefined) | undefined;
  /**
   * Opens the function that lists the limits of threads; `undefined` on systems without such
   * limits.
   */
  readonly threads: ((library: CLibrary) => () => ThreadLimit[]) | undefined;
}

/** A limit of the number of threads. */
export interface ThreadLimit {
  /** The start of a message, which continues with the limit. */
  readonly name: string;
  readonly limit: number;
  /** The number of threads that count towards the limit. */
  readonly used: number;
  /** How to raise the limit. */
  readonly raised: string;
}

/** The memory of a process as its limits count it, in bytes. */
export interface UsedMemory {
  readonly addressBytes: number;
  readonly dataBytes: number;
}

/** `sizeof(struct pollfd)`: { int fd; short events; short revents; } */
const POLLFD_BYTES = 8;
/** The most descriptors for one call of `poll`. */
const CHUNK = 512;

/** Opens {@linkcode Os.threadShortage}; `room` reads the limits of memory. */
export function posixThreadRoom(
  library: CLibrary,
  { RLIMIT_NOFILE, used: openUsed, threads: openThreads }: ThreadFacts,
  room: Room | undefined,
): NonNullable<Os["threadShortage"]> {
  const { poll } = library.open(POSIX, "poll");
  const limitOf = limitReader(library);
  const usedMemory = openUsed?.(library);
  const threadLimits = openThreads?.(library);
  const polled = new Uint8Array(CHUNK * POLLFD_BYTES);
  const fields = new DataView(polled.buffer);

  /**
   * Counts the free descriptors of a range with one call of `poll`, which marks those that are not
   * open.
   */
  const freeBetween = (start: number, end: number): number => {
    const count = end - start;
    for (let index = 0; index < count; index++) {
      fields.setInt32(index * POLLFD_BYTES, start + index, true);
      fields.setUint32(index * POLLFD_BYTES + 4, 0, true);
    }
    if (poll(polled, BigInt(count), 0) < 0) return count; // unknown: nothing is refused
    let free = 0;
    for (let index = 0; index < count; index++) {
      if ((fields.getUint16(index * POLLFD_BYTES + 6, true) & POLLNVAL) !== 0) free++;
    }
    return free;
  };

  const descriptorShortage = (wanted: number): Shortage | undefined => {
    const soft = limitOf(RLIMIT_NOFILE);
    if (soft === undefined) return undefined;
    const limit = Number(soft);
    let free = 0;
    // Starts at the highest, because the system assigns the lowest free one.
    for (let end = limit; end > 0 && free < wanted; end -= CHUNK) {
      free += freeBetween(Math.max(0, end - CHUNK), end);
    }
    if (free >= wanted) return undefined;
    return {
      code: "EAGAIN",
      words: `RLIMIT_NOFILE lets this process have ${limit} descriptors, ${free} are free, and ` +
        `up to ${wanted} are needed: close files, or raise the limit (ulimit -n)`,
    };
  };

  const memoryShortage = (needs: ThreadNeeds, threads: number): Shortage | undefined => {
    if (usedMemory === undefined || room === undefined) return undefined;
    const { addresses, data } = room.byteLimits();
    const rows = [
      ["RLIMIT_AS", addresses, "addressBytes", "ulimit -v"],
      ["RLIMIT_DATA", data, "dataBytes", "ulimit -d"],
    ] as const;
    let used: UsedMemory | undefined;
    for (let index = 0; index < rows.length; index++) {
      const { 0: name, 1: limit, 2: kind, 3: command } = rows[index]!;
      if (limit === Infinity) continue;
      used ??= usedMemory();
      if (used === undefined) return undefined;
      const wanted = needs[kind] * threads;
      if (used[kind] + wanted <= limit) continue;
      return {
        code: "ENOMEM",
        words: `${name} lets this process map ${limit} bytes, ${used[kind]} are used, and up to ` +
          `${wanted} are needed: unmap unused memory, or raise the limit (${command})`,
      };
    }
    return undefined;
  };

  const threadShortage = (wanted: number): Shortage | undefined => {
    const found = wanted === 0
      ? undefined
      : threadLimits?.().find(({ limit, used }) => used + wanted > limit);
    return found && {
      code: "EAGAIN",
      words: `${found.name} ${found.limit} threads, there are ${found.used}, and up to ` +
        `${wanted} are needed: end some, or raise the limit (${found.raised})`,
    };
  };

  return (needs, threads) =>
    descriptorShortage(needs.descriptors * threads) ?? threadShortage(needs.threads * threads) ??
      memoryShortage(needs, threads);
}
