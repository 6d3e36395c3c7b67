/**
 * Linux, with glibc or musl.
 *
 * @module
 */
import type { Native } from "../symbols.ts";
import { LINUX_ADVICE, MADV_DONTNEED } from "./linux_advice.ts";
import type { Os } from "./os.ts";
import { MAP_PRIVATE, posix } from "./posix.ts";

/** `MAP_ANONYMOUS`: {@link https://man7.org/linux/man-pages/man2/mmap.2.html} */
export const MAP_ANONYMOUS = 0x20;
/** `MAP_NORESERVE` */
export const MAP_NORESERVE = 0x4000;
/** `MAP_POPULATE` */
export const MAP_POPULATE = 0x8000;
/** `MAP_FIXED_NOREPLACE`: Linux 4.17; older kernels take the address for a mere hint. */
export const MAP_FIXED_NOREPLACE = 0x100000;
/** `_SC_PAGESIZE`: {@link https://man7.org/linux/man-pages/man3/sysconf.3.html} */
export const _SC_PAGESIZE = 30;

/** The errors of the calls: {@link https://man7.org/linux/man-pages/man3/errno.3.html} */
export const CODES: Readonly<Record<number, string>> = {
  1: "EPERM",
  5: "EIO",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  16: "EBUSY",
  17: "EEXIST",
  19: "ENODEV",
  22: "EINVAL",
  23: "ENFILE",
  38: "ENOSYS",
  75: "EOVERFLOW",
  95: "ENOTSUP",
};

/** Opens Linux's C library. */
export function linux(native: Native): Os {
  return posix(native, {
    library: "libc.so.6", // musl answers to this name too
    errnoLocation: "__errno_location",
    _SC_PAGESIZE,
    populates: true,
    flags: ({ populate, noReserve, strict }) =>
      MAP_PRIVATE | MAP_ANONYMOUS |
      (populate ? MAP_POPULATE : 0) |
      (noReserve ? MAP_NORESERVE : 0) |
      (strict ? MAP_FIXED_NOREPLACE : 0),
    vacant: MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
    freeing: MADV_DONTNEED, // refused for locked memory
    advice: LINUX_ADVICE,
    codes: CODES,
  });
}
