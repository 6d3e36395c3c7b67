/**
 * The contract of an operating system for pages of mapped memory: advice, locks,
 * and residency. Each system implements {@linkcode Residency}, which is opened on
 * first use.
 *
 * @module
 */
import type { Failure } from "./memory.ts";

/**
 * Advice about the intended use of memory. After any advice, loads and stores of
 * views stay safe. An advice that the system lacks throws `ENOTSUP`; an advice that
 * this kernel or this kind of memory does not accept throws the system's error.
 *
 * | advice | effect | Linux | macOS | Windows |
 * | --- | --- | --- | --- | --- |
 * | `"normal"` | undoes `"random"` and `"sequential"` | yes | yes | |
 * | `"random"` | turns off read-ahead of a file | yes | yes | |
 * | `"sequential"` | reads a file far ahead | yes | yes | |
 * | `"will-need"` | reads from the file or swap space before use | yes | yes | 8 |
 * | `"dont-need"` | Linux: frees pages immediately, as `discard()` does; macOS: pages these out first and keeps their content | yes | yes | |
 * | `"dont-need-locked"` | the same, for locked pages too, which stay locked | 5.18 | | |
 * | `"free"` | lets the system free pages when memory is short; until a store they keep their content or become zero (Linux, macOS) or arbitrary (Windows) | 4.5 | yes | 8.1 |
 * | `"free-reusable"` | the same, and the pages no longer count as the process's memory | | yes | |
 * | `"free-reuse"` | makes such pages count again, before they are used | | yes | |
 * | `"zero-wired-pages"` | zeroes locked pages when they are unmapped | | yes | |
 * | `"remove"` | punches a hole, which reads as zero, into the file of shared memory | 2.6.16 | | |
 * | `"cold"` | makes the system free these pages first when memory is short | 5.4 | | |
 * | `"page-out"` | writes pages to swap space or the file, and frees them now | 5.4 | | |
 * | `"huge-page"` | uses huge pages if possible | 2.6.38 | | |
 * | `"no-huge-page"` | uses no huge pages | 2.6.38 | | |
 * | `"collapse"` | turns pages into huge pages now | 6.1 | | |
 * | `"mergeable"` | lets the system merge pages of equal content | 2.6.32 | | |
 * | `"unmergeable"` | undoes `"mergeable"` | 2.6.32 | | |
 * | `"dont-dump"` | excludes pages from core dumps | 3.4 | | |
 * | `"do-dump"` | undoes `"dont-dump"` | 3.4 | | |
 * | `"dont-fork"` | excludes the memory from a forked process | 2.6.16 | | |
 * | `"do-fork"` | undoes `"dont-fork"` | 2.6.16 | | |
 * | `"wipe-on-fork"` | gives a forked process zeros | 4.14 | | |
 * | `"keep-on-fork"` | undoes `"wipe-on-fork"` | 4.14 | | |
 * | `"populate-read"` | backs every page as a load does, before the call returns | 5.14 | | |
 * | `"populate-write"` | backs every page as a store does, before the call returns | 5.14 | | |
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

/** The systems that support each advice, with the first version that does. */
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

/** Advice, locks and residency on one system. Every range consists of whole pages of one mapping. */
export interface Residency {
  /** Gives an advice; `"unsupported"` if the system lacks it. */
  advise(address: bigint, byteLength: bigint, advice: Advice): Failure | "unsupported" | undefined;

  /**
   * Backs pages with memory and keeps them in RAM. Copies no pages of a private file if
   * the system can avoid that.
   */
  lock(address: bigint, byteLength: bigint, areOfPrivateFile: boolean): Failure | undefined;

  /** Undoes {@linkcode Residency.lock}; does nothing for pages that are not locked. */
  unlock(address: bigint, byteLength: bigint): Failure | undefined;

  /** The limit behind an error of {@linkcode Residency.lock}, and how to raise it, for messages. */
  lockLimit(code: string): string | undefined;

  /** Counts the bytes of the pages that are in RAM. */
  resident(address: bigint, byteLength: bigint): number | Failure;

  /**
   * Backs pages with memory, as loads or (`forWriting`) stores do, without changing them;
   * `"unsupported"` if the system has no call for it.
   */
  populate(
    address: bigint,
    byteLength: bigint,
    forWriting: boolean,
  ): Failure | "unsupported" | undefined;
}
