/**
 * The advice of `madvise` on Linux: {@link https://man7.org/linux/man-pages/man2/madvise.2.html}
 *
 * @module
 */
import type { Advice } from "../contract/residency.ts";
import { MADV_DONTNEED, MADV_POPULATE_WRITE } from "./calls.ts";

// Left out on purpose: MADV_GUARD_INSTALL changes access, MADV_HWPOISON and
// MADV_SOFT_OFFLINE take memory from the machine.
/** The numbers of `madvise`. */
export const LINUX_ADVICE: Readonly<Partial<Record<Advice, number>>> = {
  "normal": 0,
  "random": 1,
  "sequential": 2,
  "will-need": 3,
  "dont-need": MADV_DONTNEED,
  "free": 8,
  "remove": 9,
  "dont-fork": 10,
  "do-fork": 11,
  "mergeable": 12,
  "unmergeable": 13,
  "huge-page": 14,
  "no-huge-page": 15,
  "dont-dump": 16,
  "do-dump": 17,
  "wipe-on-fork": 18,
  "keep-on-fork": 19,
  "cold": 20,
  "page-out": 21,
  "populate-read": 22,
  "populate-write": MADV_POPULATE_WRITE,
  "dont-need-locked": 24,
  "collapse": 25,
};
