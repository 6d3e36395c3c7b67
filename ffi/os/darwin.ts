/**
 * macOS.
 *
 * @module
 */
import type { Native } from "../symbols.ts";
import { DARWIN_ADVICE } from "./darwin_advice.ts";
import type { Os } from "./os.ts";
import { darwinCopying } from "./darwin_copying.ts";
import { darwinNamed } from "./darwin_named.ts";
import { darwinRepeat } from "./darwin_mirrors.ts";
import { darwinRegions } from "./darwin_regions.ts";
import { darwinStat, OWNER_FIELDS } from "./darwin_stat.ts";
import { darwinWaiting } from "./darwin_waiting.ts";
import { MAP_PRIVATE } from "./posix_calls.ts";
import { posix } from "./posix.ts";
import { posixOwner } from "./posix_owner.ts";

/** `MAP_ANON`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/mmap.2.html} */
export const MAP_ANON = 0x1000;
/** `MAP_NORESERVE` */
export const MAP_NORESERVE = 0x40;
/** `O_CLOEXEC`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/open.2.html} */
export const O_CLOEXEC = 0x1000000;
/** `O_NONBLOCK` */
export const O_NONBLOCK = 0x4;
/** `O_NOCTTY` */
export const O_NOCTTY = 0x20000;
/** `MS_SYNC`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/msync.2.html} */
export const MS_SYNC = 0x10;
/** `_SC_PAGESIZE` */
export const _SC_PAGESIZE = 29;

/** `RLIMIT_NOFILE`: {@link https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/getrlimit.2.html} */
export const RLIMIT_NOFILE = 8;

/** The errors of the calls, from `<sys/errno.h>`. */
export const CODES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  9: "EBADF",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  16: "EBUSY",
  17: "EEXIST",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  29: "ESPIPE",
  30: "EROFS",
  35: "EAGAIN",
  45: "ENOTSUP",
  60: "ETIMEDOUT",
  62: "ELOOP",
  63: "ENAMETOOLONG",
  78: "ENOSYS",
  84: "EOVERFLOW",
};

const OPENING = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/** Opens macOS's system library. The architecture is named as `process.arch` names it. */
export function darwin(native: Native, arch: string): Os {
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
    freeing: undefined,
    hugePages: undefined,
    naming: undefined,
    remapping: undefined,
    growth: undefined,
    room: undefined,
    files: {
      opening: OPENING,
      populates: () => false,
      flags: ({ protection }) => protection === "read-write" ? 0 : MAP_NORESERVE,
      freeing: undefined,
      MS_SYNC,
      stat: (native, library) => darwinStat(native, library, arch),
      descriptors: "/dev/fd",
      hasHugePages: undefined,
    },
    named: (native, shared) => {
      const stat = () => darwinStat(native, shared.library, arch);
      const ownerOf = posixOwner(native, shared, stat, OWNER_FIELDS);
      return darwinNamed(native, OPENING, O_CLOEXEC, ownerOf, shared);
    },
    kernelCopying: darwinCopying,
    regions: darwinRegions,
    repeat: darwinRepeat,
    advice: DARWIN_ADVICE,
    locking: undefined,
    threadLimits: { RLIMIT_NOFILE, used: undefined }, // its limits of memory refuse nothing
    waiting: (native, kernel, shared) =>
      darwinWaiting(native, CODES, MAP_PRIVATE | MAP_ANON, kernel, shared),
    guarding: undefined,
    codes: CODES,
  });
}
