/**
 * What an operating system offers for memory that is mapped already: advice,
 * locks, and which pages are in RAM. One {@linkcode Residency} for each system,
 * opened when it is first asked for.
 *
 * @module
 */
import type { Failure } from "./memory.ts";

/**
 * What a program means to do with memory. None makes a load or a store of a view
 * crash; an advice that the system lacks throws `ENOTSUP`, and one that this
 * kernel or this kind of memory does not take throws what the system says.
 *
 * | advice | what it does | Linux | macOS | Windows |
 * | --- | --- | --- | --- | --- |
 * | `"normal"` | undoes `"random"` and `"sequential"` | yes | yes | |
 * | `"random"` | a file is not read ahead | yes | yes | |
 * | `"sequential"` | a file is read far ahead | yes | yes | |
 * | `"will-need"` | reads from the file or the swap space ahead of use | yes | yes | 8 |
 * | `"dont-need"` | Linux: gives pages back at once, as `discard()`; macOS: they are the first to be paged out, and keep their content | yes | yes | |
 * | `"dont-need-locked"` | the same for locked pages, which stay locked | 5.18 | | |
 * | `"free"` | pages may be taken when memory is short; until a store their content is what it was, or (Linux, macOS) zero, or (Windows) anything | 4.5 | yes | 8.1 |
 * | `"free-reusable"` | the same, and they do not count as the process's any more | | yes | |
 * | `"free-reuse"` | they count again, before they are used | | yes | |
 * | `"zero-wired-pages"` | locked pages are zeroed when they are unmapped | | yes | |
 * | `"remove"` | makes a hole in the file behind shared memory, which reads as zero | 2.6.16 | | |
 * | `"cold"` | pages are among the first to be taken when memory is short | 5.4 | | |
 * | `"page-out"` | pages are written to the swap space or file and taken now | 5.4 | | |
 * | `"huge-page"` | huge pages are used where they can be | 2.6.38 | | |
 * | `"no-huge-page"` | no huge pages are used | 2.6.38 | | |
 * | `"collapse"` | pages are made huge ones now | 6.1 | | |
 * | `"mergeable"` | pages of equal content may be kept once | 2.6.32 | | |
 * | `"unmergeable"` | undoes `"mergeable"` | 2.6.32 | | |
 * | `"dont-dump"` | left out of core dumps | 3.4 | | |
 * | `"do-dump"` | undoes `"dont-dump"` | 3.4 | | |
 * | `"dont-fork"` | a forked process does not have it | 2.6.16 | | |
 * | `"do-fork"` | undoes `"dont-fork"` | 2.6.16 | | |
 * | `"wipe-on-fork"` | a forked process has zeros | 4.14 | | |
 * | `"keep-on-fork"` | undoes `"wipe-on-fork"` | 4.14 | | |
 * | `"populate-read"` | backs every page, as a load does, before it returns | 5.14 | | |
 * | `"populate-write"` | backs every page, as a store does, before it returns | 5.14 | | |
 */
export type Advice =
  | "normal"
  | "random"
  | "sequential"
  | "will-need"
  | "dont-need"
  | "dont-need-locked"
  | "free"
  | "free-reusable"
  | "free-reuse"
  | "zero-wired-pages"
  | "remove"
  | "cold"
  | "page-out"
  | "huge-page"
  | "no-huge-page"
  | "collapse"
  | "mergeable"
  | "unmergeable"
  | "dont-dump"
  | "do-dump"
  | "dont-fork"
  | "do-fork"
  | "wipe-on-fork"
  | "keep-on-fork"
  | "populate-read"
  | "populate-write";

/** The systems that have each advice, with the first version where not all have it. */
export const ADVICE_SYSTEMS: Readonly<Record<Advice, string>> = {
  "normal": "Linux, macOS",
  "random": "Linux, macOS",
  "sequential": "Linux, macOS",
  "will-need": "Linux, macOS, Windows 8",
  "dont-need": "Linux, macOS",
  "dont-need-locked": "Linux 5.18",
  "free": "Linux 4.5, macOS, Windows 8.1",
  "free-reusable": "macOS",
  "free-reuse": "macOS",
  "zero-wired-pages": "macOS",
  "remove": "Linux 2.6.16",
  "cold": "Linux 5.4",
  "page-out": "Linux 5.4",
  "huge-page": "Linux 2.6.38",
  "no-huge-page": "Linux 2.6.38",
  "collapse": "Linux 6.1",
  "mergeable": "Linux 2.6.32",
  "unmergeable": "Linux 2.6.32",
  "dont-dump": "Linux 3.4",
  "do-dump": "Linux 3.4",
  "dont-fork": "Linux 2.6.16",
  "do-fork": "Linux 2.6.16",
  "wipe-on-fork": "Linux 4.14",
  "keep-on-fork": "Linux 4.14",
  "populate-read": "Linux 5.14",
  "populate-write": "Linux 5.14",
};

/** How one operating system does what follows. Every range is of whole pages of one mapping. */
export interface Residency {
  /** Takes an advice, unless the system has none of that name. */
  advise(address: bigint, byteLength: bigint, advice: Advice): Failure | "unsupported" | undefined;

  /**
   * Backs pages with memory, and keeps them in RAM. Those of a private file are not copied
   * for it, where the system can do without.
   */
  lock(address: bigint, byteLength: bigint, areOfPrivateFile: boolean): Failure | undefined;

  /** Undoes {@linkcode Residency.lock}; where nothing is locked it does nothing. */
  unlock(address: bigint, byteLength: bigint): Failure | undefined;

  /** The limit that an error of {@linkcode Residency.lock} tells of, and how it is raised, for messages. */
  lockLimit(code: string): string | undefined;

  /** Counts the bytes of the pages that are in RAM. */
  resident(address: bigint, byteLength: bigint): number | Failure;

  /**
   * Backs pages with memory, as loads or (`forWriting`) stores do, and changes
   * nothing in them; or tells that the system has no call for it.
   */
  populate(
    address: bigint,
    byteLength: bigint,
    forWriting: boolean,
  ): Failure | "unsupported" | undefined;
}
