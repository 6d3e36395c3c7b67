/**
 * Linux, with glibc or musl.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import type { Files } from "../contract/files.ts";
import type { Os } from "../contract/os.ts";
import { MAP_PRIVATE } from "../posix/calls.ts";
import { posix } from "../posix/os.ts";
import { LINUX_ADVICE } from "./advice.ts";
import {
  _SC_PAGESIZE,
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_FIXED_NOREPLACE,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_STACK,
  MS_SYNC,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  processor,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
} from "./calls.ts";
import { linuxCopying } from "./copying.ts";
import { linuxErrors } from "./errors.ts";
import { linuxFileGrowth } from "./file_growth.ts";
import { linuxHasHugePages } from "./file_systems.ts";
import { linuxGrowth } from "./growth.ts";
import { guardEntryAt } from "./guard_table.ts";
import { linuxHuge } from "./huge.ts";
import { linuxLocking, mayLock } from "./locking.ts";
import { linuxNamed } from "./named.ts";
import { linuxNaming } from "./naming.ts";
import { linuxRegions } from "./regions.ts";
import { linuxRemap, linuxRepeat } from "./remap.ts";
import { linuxRoom } from "./room.ts";
import { linuxStat } from "./stat.ts";
import { anyText } from "./text.ts";
import { linuxThreadLimits, linuxUsedMemory } from "./thread_room.ts";
import { canGuard, truncationGuard } from "./truncation_guard.ts";
import { linuxWaiting } from "./waiting.ts";

// MAP_POPULATE would copy each page of a writable private mapping. Named memory is populated later,
// when its length is known.
const populates: Files["populates"] = ({ protection, isNamed }) =>
  protection !== "copy-on-write" && !isNamed;

/** Opens Linux's C library. The architecture is named as `process.arch` names it. */
export function linux(native: Native, arch: string): Os {
  return posix(native, arch, {
    file: "libc.so.6", // musl answers to this name too
    errnoLocation: "__errno_location",
    codes: linuxErrors(),
    openFlags: O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
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
    files: {
      populates,
      // The kernel counts only pages of a private mapping that were stored to.
      flags: (request) =>
        (request.isShared ? 0 : MAP_NORESERVE) |
        (request.populate && populates(request) ? MAP_POPULATE : 0) |
        (request.strict ? MAP_FIXED_NOREPLACE : 0),
      freeing: MADV_DONTNEED,
      MS_SYNC,
      descriptors: "/proc/self/fd",
      growth: linuxFileGrowth,
      hasHugePages: linuxHasHugePages,
    },
    stat: { open: linuxStat, ...processor(arch).stat },
    threads: { RLIMIT_NOFILE, used: linuxUsedMemory, threads: linuxThreadLimits },
    advice: LINUX_ADVICE,
    lockLimits: {
      RLIMIT_MEMLOCK,
      codes: ["ENOMEM", "EPERM"], // EAGAIN means a lack of memory
      isExempt: (library) => mayLock(anyText(library)),
    },
    locking: linuxLocking,
    kernelCopying: linuxCopying,
    named: linuxNamed,
    regions: linuxRegions,
    repeat: linuxRepeat,
    waiting: linuxWaiting,
    huge: linuxHuge,
    growsInto: linuxGrowth,
    guard: truncationGuard,
    canGuard,
    guardAt: guardEntryAt,
    name: linuxNaming,
    remap: linuxRemap,
    room: linuxRoom,
  });
}
