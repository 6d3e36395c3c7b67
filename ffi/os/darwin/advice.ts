/**
 * The advice of macOS's `madvise`.
 *
 * @module
 */
import type { Advice } from "../contract/residency.ts";

/** `MADV_NORMAL`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/madvise.2.html} */
export const MADV_NORMAL = 0;
/** `MADV_RANDOM` */
export const MADV_RANDOM = 1;
/** `MADV_SEQUENTIAL` */
export const MADV_SEQUENTIAL = 2;
/** `MADV_WILLNEED` */
export const MADV_WILLNEED = 3;
/** `MADV_DONTNEED`: it keeps the content. */
export const MADV_DONTNEED = 4;
/** `MADV_FREE` */
export const MADV_FREE = 5;
/** `MADV_ZERO_WIRED_PAGES` */
export const MADV_ZERO_WIRED_PAGES = 6;
/** `MADV_FREE_REUSABLE` */
export const MADV_FREE_REUSABLE = 7;
/** `MADV_FREE_REUSE` */
export const MADV_FREE_REUSE = 8;

// Left out: MADV_CAN_REUSE asks, and MADV_PAGEOUT is internal.
/** The numbers of `madvise`. */
export const DARWIN_ADVICE: Readonly<Partial<Record<Advice, number>>> = {
  "normal": MADV_NORMAL,
  "random": MADV_RANDOM,
  "sequential": MADV_SEQUENTIAL,
  "will-need": MADV_WILLNEED,
  "dont-need": MADV_DONTNEED,
  "free": MADV_FREE,
  "free-reusable": MADV_FREE_REUSABLE,
  "free-reuse": MADV_FREE_REUSE,
  "zero-wired-pages": MADV_ZERO_WIRED_PAGES,
};
