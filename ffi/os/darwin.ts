/**
 * macOS.
 *
 * @module
 */
import type { Native } from "../symbols.ts";
import { DARWIN_ADVICE } from "./darwin_advice.ts";
import type { Os } from "./os.ts";
import { MAP_PRIVATE, posix } from "./posix.ts";

/** `MAP_ANON`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/mmap.2.html} */
export const MAP_ANON = 0x1000;
/** `MAP_NORESERVE` */
export const MAP_NORESERVE = 0x40;
/** `_SC_PAGESIZE` */
export const _SC_PAGESIZE = 29;

/** The errors of `mmap` and `munmap`, from `<sys/errno.h>`. */
export const CODES: Readonly<Record<number, string>> = {
  1: "EPERM",
  9: "EBADF",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  17: "EEXIST",
  19: "ENODEV",
  22: "EINVAL",
  23: "ENFILE",
  35: "EAGAIN",
  45: "ENOTSUP",
  78: "ENOSYS",
  84: "EOVERFLOW",
};

/** Opens macOS's system library. */
export function darwin(native: Native): Os {
  return posix(native, {
    library: "/usr/lib/libSystem.B.dylib",
    errnoLocation: "__error",
    _SC_PAGESIZE,
    populates: false,
    // There is no flag for a strict hint: without MAP_FIXED, which would
    // overwrite, the address is a wish, and the core compares what came of it.
    flags: ({ noReserve }) => MAP_PRIVATE | MAP_ANON | (noReserve ? MAP_NORESERVE : 0),
    // Its MADV_DONTNEED frees nothing.
    vacant: MAP_PRIVATE | MAP_ANON | MAP_NORESERVE,
    advice: DARWIN_ADVICE,
    codes: CODES,
  });
}
