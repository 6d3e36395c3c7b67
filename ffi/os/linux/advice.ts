/**
 * The advice of Linux's `madvise`.
 *
 * @module
 */
import type { Advice } from "../contract/residency.ts";

/** `MADV_NORMAL`: {@link https://man7.org/linux/man-pages/man2/madvise.2.html} */
export const MADV_NORMAL = 0;
/** `MADV_RANDOM` */
export const MADV_RANDOM = 1;
/** `MADV_SEQUENTIAL` */
export const MADV_SEQUENTIAL = 2;
/** `MADV_WILLNEED` */
export const MADV_WILLNEED = 3;
/** `MADV_DONTNEED` */
export const MADV_DONTNEED = 4;
/** `MADV_FREE` */
export const MADV_FREE = 8;
/** `MADV_REMOVE` */
export const MADV_REMOVE = 9;
/** `MADV_DONTFORK` */
export const MADV_DONTFORK = 10;
/** `MADV_DOFORK` */
export const MADV_DOFORK = 11;
/** `MADV_MERGEABLE` */
export const MADV_MERGEABLE = 12;
/** `MADV_UNMERGEABLE` */
export const MADV_UNMERGEABLE = 13;
/** `MADV_HUGEPAGE` */
export const MADV_HUGEPAGE = 14;
/** `MADV_NOHUGEPAGE` */
export const MADV_NOHUGEPAGE = 15;
/** `MADV_DONTDUMP` */
export const MADV_DONTDUMP = 16;
/** `MADV_DODUMP` */
export const MADV_DODUMP = 17;
/** `MADV_WIPEONFORK` */
export const MADV_WIPEONFORK = 18;
/** `MADV_KEEPONFORK` */
export const MADV_KEEPONFORK = 19;
/** `MADV_COLD` */
export const MADV_COLD = 20;
/** `MADV_PAGEOUT` */
export const MADV_PAGEOUT = 21;
/** `MADV_POPULATE_READ` */
export const MADV_POPULATE_READ = 22;
/** `MADV_POPULATE_WRITE` */
export const MADV_POPULATE_WRITE = 23;
/** `MADV_DONTNEED_LOCKED` */
export const MADV_DONTNEED_LOCKED = 24;
/** `MADV_COLLAPSE` */
export const MADV_COLLAPSE = 25;

// Left out on purpose: MADV_GUARD_INSTALL changes access, MADV_HWPOISON and
// MADV_SOFT_OFFLINE take memory from the machine.
/** The numbers of `madvise`. */
export const LINUX_ADVICE: Readonly<Partial<Record<Advice, number>>> = {
  "normal": MADV_NORMAL,
  "random": MADV_RANDOM,
  "sequential": MADV_SEQUENTIAL,
  "will-need": MADV_WILLNEED,
  "dont-need": MADV_DONTNEED,
  "dont-need-locked": MADV_DONTNEED_LOCKED,
  "free": MADV_FREE,
  "remove": MADV_REMOVE,
  "cold": MADV_COLD,
  "page-out": MADV_PAGEOUT,
  "huge-page": MADV_HUGEPAGE,
  "no-huge-page": MADV_NOHUGEPAGE,
  "collapse": MADV_COLLAPSE,
  "mergeable": MADV_MERGEABLE,
  "unmergeable": MADV_UNMERGEABLE,
  "dont-dump": MADV_DONTDUMP,
  "do-dump": MADV_DODUMP,
  "dont-fork": MADV_DONTFORK,
  "do-fork": MADV_DOFORK,
  "wipe-on-fork": MADV_WIPEONFORK,
  "keep-on-fork": MADV_KEEPONFORK,
  "populate-read": MADV_POPULATE_READ,
  "populate-write": MADV_POPULATE_WRITE,
};
