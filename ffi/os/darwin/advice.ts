/**
 * The advice of `madvise` on macOS:
 * {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/madvise.2.html}
 *
 * @module
 */
import type { Advice } from "../contract/residency.ts";

// Left out on purpose: MADV_CAN_REUSE only queries, and MADV_PAGEOUT is internal.
/** The numbers of `madvise`. */
export const DARWIN_ADVICE: Readonly<Partial<Record<Advice, number>>> = {
  "normal": 0,
  "random": 1,
  "sequential": 2,
  "will-need": 3,
  "dont-need": 4, // keeps the content
  "free": 5,
  "zero-wired-pages": 6,
  "free-reusable": 7,
  "free-reuse": 8,
};
