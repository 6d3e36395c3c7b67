/**
 * macOS.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import { DARWIN_ADVICE } from "./advice.ts";
import type { Os } from "../contract/os.ts";
import { darwinCopying } from "./copying.ts";
import { darwinNamed } from "./named.ts";
import { darwinRepeat } from "./mirrors.ts";
import { darwinRegions } from "./regions.ts";
import { darwinStat, OWNER_FIELDS } from "./stat.ts";
import { darwinWaiting } from "./waiting.ts";
import { MAP_PRIVATE } from "../posix/calls.ts";
import { posix } from "../posix/os.ts";
import { errorNames } from "../posix/errors.ts";
import { posixOwner } from "../posix/owner.ts";

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
/** `RLIMIT_MEMLOCK` */
export const RLIMIT_MEMLOCK = 6;

/** The names of its errors, from `<sys/errno.h>`. */
export function darwinErrors(): readonly string[] {
  return errorNames(
    "EDEADLK",
    "EAGAIN EINPROGRESS EALREADY ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT " +
      "EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE " +
      "EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN " +
      "ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED ELOOP ENAMETOOLONG EHOSTDOWN " +
      "EHOSTUNREACH ENOTEMPTY EPROCLIM EUSERS EDQUOT ESTALE EREMOTE EBADRPC ERPCMISMATCH " +
      "EPROGUNAVAIL EPROGMISMATCH EPROCUNAVAIL ENOLCK ENOSYS EFTYPE EAUTH ENEEDAUTH EPWROFF " +
      "EDEVERR EOVERFLOW EBADEXEC EBADARCH ESHLIBVERS EBADMACHO ECANCELED EIDRM ENOMSG EILSEQ " +
      "ENOATTR EBADMSG EMULTIHOP ENODATA ENOLINK ENOSR ENOSTR EPROTO ETIME EOPNOTSUPP ENOPOLICY " +
      "ENOTRECOVERABLE EOWNERDEAD EQFULL",
  );
}

const OPENING = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/** Opens macOS's system library. The architecture is named as `process.arch` names it. */
export function darwin(native: Native, arch: string): Os {
  const codes = darwinErrors();
  return posix(native, {
    library: "/usr/lib/libSystem.B.dylib",
    errnoLocation: "__error",
    _SC_PAGESIZE,
    populates: false,
    reserves: false,
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
    lockLimits: { RLIMIT_MEMLOCK, codes: ["EAGAIN", "ENOMEM"], isExempt: undefined },
    threadLimits: { RLIMIT_NOFILE, used: undefined, threads: undefined }, // its limits of memory refuse nothing
    waiting: (native, kernel, shared) =>
      darwinWaiting(native, codes, MAP_PRIVATE | MAP_ANON, kernel, shared),
    guarding: undefined,
    codes,
  });
}
