/**
 * Whether there is room for another thread, on Linux and macOS: runtimes end the process
 * where they find none while they start one.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { ThreadNeeds } from "../../thread_needs.ts";
import type { Room, Shortage } from "../contract/os.ts";
import type { PosixShared } from "./calls.ts";
import { posixLimits } from "./limits.ts";

/** `POLLNVAL`: {@link https://man7.org/linux/man-pages/man2/poll.2.html} */
export const POLLNVAL = 0x20;

/** In what the limits of one POSIX system differ from those of another. */
export interface ThreadLimits {
  /** `RLIMIT_NOFILE` */
  readonly RLIMIT_NOFILE: number;
  /**
   * Opens what tells how much memory the process has, where the system limits that; it is
   * `undefined` where it cannot be told.
   */
  readonly used:
    | ((native: Native, shared: PosixShared, pageSize: number) => () => UsedMemory | undefined)
    | undefined;
  /** Opens what tells the limits of threads, where a system has some. */
  readonly threads: ((native: Native, shared: PosixShared) => () => ThreadLimit[]) | undefined;
}

/** What limits how many threads there can be. */
export interface ThreadLimit {
  /** What it is called, and who has so many at most. */
  readonly name: string;
  readonly limit: number;
  /** How many of them there are. */
  readonly used: number;
  /** How it is raised. */
  readonly raised: string;
}

/** What the calls share with those of other memory. */
export interface ThreadRoomShared extends PosixShared {
  readonly pageSize: number;
  /** What tells the limits of memory. */
  readonly room: Room | undefined;
}

/** How much a process has, as its limits count it, in bytes. */
export interface UsedMemory {
  readonly addressBytes: number;
  readonly dataBytes: number;
}

/** `sizeof(struct pollfd)`: { int fd; short events; short revents; } */
const POLLFD_BYTES = 8;
/** How many descriptors are looked at by one call. */
const CHUNK = 512;

const FUNCTIONS = {
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout)
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
} as const satisfies SymbolTable;

/** Opens what looks for room: {@linkcode Os.threadShortage}. */
export function posixThreadRoom(
  native: Native,
  { RLIMIT_NOFILE, used: openUsed, threads: openThreads }: ThreadLimits,
  shared: ThreadRoomShared,
): (needs: ThreadNeeds, threads: number) => Shortage | undefined {
  const { library, pageSize, room } = shared;
  const { poll } = native.open(library, FUNCTIONS);
  const limitOf = posixLimits(native, library);
  const usedMemory = openUsed?.(native, shared, pageSize);
  const threadLimits = openThreads?.(native, shared);
  const polled = new Uint8Array(CHUNK * POLLFD_BYTES);
  const fields = new DataView(polled.buffer);

  /** How many descriptors of a range are free, in one call: what is not open is not polled. */
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
    // From above: the lowest ones are taken first.
    for (let end = limit; end > 0 && free < wanted; end -= CHUNK) {
      free += freeBetween(Math.max(0, end - CHUNK), end);
    }
    if (free >= wanted) return undefined;
    return {
      code: "EAGAIN",
      words: `RLIMIT_NOFILE lets this process have ${limit} descriptors, of which ${free} are ` +
        `free, and ${wanted} can be needed: close files, or raise it (ulimit -n)`,
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
        words: `${name} lets this process map ${limit} bytes, of which ${used[kind]} are used, ` +
          `and ${wanted} can be needed: unmap what is no longer used, or raise it (${command})`,
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
      words: `${found.name} ${found.limit} threads, of which ${found.used} are there, and ` +
        `${wanted} can be needed: end some, or raise it (${found.raised})`,
    };
  };

  return (needs, threads) =>
    descriptorShortage(needs.descriptors * threads) ?? threadShortage(needs.threads * threads) ??
      memoryShortage(needs, threads);
}
