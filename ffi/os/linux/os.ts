/**
 * Linux, with glibc or musl.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import { guardEntryAt, truncationGuard } from "./truncation_guard.ts";
import { LINUX_ADVICE, MADV_DONTNEED, MADV_POPULATE_WRITE } from "./advice.ts";
import type { Os } from "../contract/os.ts";
import { linuxCopying } from "./copying.ts";
import { linuxHasHugePages } from "./file_systems.ts";
import { linuxGrowth } from "./growth.ts";
import { linuxLocking, mayLock } from "./locking.ts";
import { linuxNamed, OPEN_FLAGS } from "./named.ts";
import { linuxNaming } from "./naming.ts";
import { linuxRegions } from "./regions.ts";
import { linuxRemap, linuxRepeat } from "./remap.ts";
import { linuxRoom } from "./room.ts";
import { linuxStat, OWNER_FIELDS } from "./stat.ts";
import { anyText, linuxParts } from "./text.ts";
import { linuxThreadLimits, linuxUsedMemory } from "./thread_room.ts";
import { linuxWaiting } from "./waiting.ts";
import type { Files } from "../contract/files.ts";
import { MAP_PRIVATE } from "../posix/calls.ts";
import { posix } from "../posix/os.ts";
import { errorNames } from "../posix/errors.ts";
import { posixOwner } from "../posix/owner.ts";
import type { TruncationGuard } from "../contract/truncation_guard.ts";

/** `MAP_ANONYMOUS`: {@link https://man7.org/linux/man-pages/man2/mmap.2.html} */
export const MAP_ANONYMOUS = 0x20;
/** `MAP_NORESERVE` */
export const MAP_NORESERVE = 0x4000;
/** `MAP_POPULATE` */
export const MAP_POPULATE = 0x8000;
/** `MAP_FIXED_NOREPLACE`: Linux 4.17; older kernels take the address for a mere hint. */
export const MAP_FIXED_NOREPLACE = 0x100000;
/** `MAP_STACK` */
export const MAP_STACK = 0x20000;
/** `MAP_HUGETLB` */
export const MAP_HUGETLB = 0x40000;
/** `MAP_HUGE_SHIFT`: from this bit on the flags hold the logarithm of the page's length. */
export const MAP_HUGE_SHIFT = 26;
/** `O_CLOEXEC`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
export const O_CLOEXEC = 0x80000;
/** `O_NONBLOCK` */
export const O_NONBLOCK = 0x800;
/** `O_NOCTTY` */
export const O_NOCTTY = 0x100;
/** `MS_SYNC`: {@link https://man7.org/linux/man-pages/man2/msync.2.html} */
export const MS_SYNC = 4;
/** `_SC_PAGESIZE`: {@link https://man7.org/linux/man-pages/man3/sysconf.3.html} */
export const _SC_PAGESIZE = 30;

/** `RLIMIT_NOFILE`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_NOFILE = 7;
/** `RLIMIT_MEMLOCK` */
export const RLIMIT_MEMLOCK = 8;

/** The names of its errors: {@link https://man7.org/linux/man-pages/man3/errno.3.html} */
export function linuxErrors(): readonly string[] {
  return errorNames(
    "EAGAIN",
    "EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP  ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT " +
      "EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT  EBFONT " +
      "ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO " +
      "EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN " +
      "ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE " +
      "EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT " +
      "EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS " +
      "EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH " +
      "EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM " +
      "EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD " +
      "ENOTRECOVERABLE ERFKILL EHWPOISON",
  );
}

const OPENING = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Private memory that can be stored to is populated with a copy of each page, and memory of a
// name when it is known how much of it there is already.
const populates: Files["populates"] = ({ protection, isNamed }) =>
  protection !== "copy-on-write" && !isNamed;

/** Opens Linux's C library. The architecture is named as `process.arch` names it. */
export function linux(native: Native, arch: string): Os {
  const codes = linuxErrors();
  return posix(native, {
    library: "libc.so.6", // musl answers to this name too
    errnoLocation: "__errno_location",
    _SC_PAGESIZE,
    populates: true,
    reserves: true,
    flags: ({ populate, noReserve, strict, stack = false }) =>
      MAP_PRIVATE | MAP_ANONYMOUS |
      (populate ? MAP_POPULATE : 0) |
      (noReserve ? MAP_NORESERVE : 0) |
      (stack ? MAP_STACK : 0) |
      (strict ? MAP_FIXED_NOREPLACE : 0),
    vacant: MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
    freeing: MADV_DONTNEED, // refused for locked memory
    hugePages: {
      flags: (pageByteLength) => MAP_HUGETLB | Math.log2(pageByteLength) << MAP_HUGE_SHIFT,
      populating: MADV_POPULATE_WRITE,
      advice: {
        ENOMEM: "too few huge pages are free: the administrator sets them aside by sysctl " +
          "vm.nr_hugepages=<count>, those of each length in /sys/kernel/mm/hugepages",
        EINVAL: "the kernel has no huge pages of this length: those that it has are in " +
          "/sys/kernel/mm/hugepages",
      },
      limited:
        "the control group may have no more huge pages (hugetlb.<length>.max, or limit_in_bytes): " +
        "raise its limit, or map less",
    },
    naming: linuxNaming,
    growth: linuxGrowth,
    room: (native, shared) => linuxRoom(native, OPENING, shared),
    remapping: linuxRemap,
    files: {
      opening: OPENING,
      populates,
      // What is stored to a private mapping counts, not what could be.
      flags: (request) =>
        (request.protection === "read-write" ? 0 : MAP_NORESERVE) |
        (request.populate && populates(request) ? MAP_POPULATE : 0) |
        (request.strict ? MAP_FIXED_NOREPLACE : 0),
      freeing: MADV_DONTNEED,
      MS_SYNC,
      stat: (native, library) => linuxStat(native, library, arch),
      descriptors: "/proc/self/fd",
      hasHugePages: linuxHasHugePages,
    },
    named: (native, shared, pageSize) => {
      const layout = arch === "arm64" ? "arm64" : "x64";
      const stat = () => linuxStat(native, shared.library, arch);
      const ownerOf = posixOwner(native, shared, stat, OWNER_FIELDS[layout]);
      const flags = OPEN_FLAGS[layout];
      return linuxNamed(native, OPENING, O_CLOEXEC, flags, ownerOf, shared, pageSize);
    },
    kernelCopying: linuxCopying,
    regions: (native, shared) => linuxRegions(native, O_CLOEXEC, shared),
    repeat: linuxRepeat,
    advice: LINUX_ADVICE,
    lockLimits: {
      RLIMIT_MEMLOCK,
      codes: ["ENOMEM", "EPERM"], // EAGAIN is for want of memory
      isExempt: (native, failed) =>
        mayLock(anyText(linuxParts(native, OPENING, { library: "libc.so.6", failed }))),
    },
    locking: (native, failed, calls) =>
      linuxLocking(native, { library: "libc.so.6", arch }, failed, calls),
    threadLimits: {
      RLIMIT_NOFILE,
      used: (native, shared, pageSize) => linuxUsedMemory(native, O_CLOEXEC, shared, pageSize),
      threads: (native, shared) => linuxThreadLimits(native, O_CLOEXEC, shared),
    },
    waiting: (native, _kernel, shared) =>
      linuxWaiting(native, arch, codes, MAP_PRIVATE | MAP_ANONYMOUS, shared),
    guarding: (native, memory, pageSize) => {
      let guard: readonly [TruncationGuard | undefined] | undefined;
      return {
        guard: () => (guard ??= [truncationGuard(native, memory, arch, pageSize)])[0],
        guardAt: (address) => guardEntryAt(native, address),
      };
    },
    codes,
  });
}
