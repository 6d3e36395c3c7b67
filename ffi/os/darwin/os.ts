/**
 * macOS.
 *
 * @module
 */
import type { Native } from "../../symbols.ts";
import type { Os } from "../contract/os.ts";
import { MAP_PRIVATE } from "../posix/calls.ts";
import { posix } from "../posix/os.ts";
import { DARWIN_ADVICE } from "./advice.ts";
import {
  _SC_PAGESIZE,
  MAP_ANON,
  MAP_NORESERVE,
  MS_SYNC,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
} from "./calls.ts";
import { darwinCopying } from "./copying.ts";
import { darwinErrors } from "./errors.ts";
import { darwinRepeat } from "./mirrors.ts";
import { darwinNamed } from "./named.ts";
import { darwinRegions } from "./regions.ts";
import { darwinStat } from "./stat.ts";
import { darwinWaiting } from "./waiting.ts";

/** Opens macOS's system library. The architecture is named as `process.arch` names it. */
export function darwin(native: Native, arch: string): Os {
  return posix(native, arch, {
    file: "/usr/lib/libSystem.B.dylib",
    errnoLocation: "__error",
    codes: darwinErrors(),
    openFlags: O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
    _SC_PAGESIZE,
    populates: false,
    reserves: false,
    // No flag makes a hint strict: without MAP_FIXED, which would replace other memory, the system
    // may ignore the address. The core compares the address that it gets.
    flags: ({ noReserve }) => MAP_PRIVATE | MAP_ANON | (noReserve ? MAP_NORESERVE : 0),
    vacant: MAP_PRIVATE | MAP_ANON | MAP_NORESERVE,
    freeing: undefined, // MADV_DONTNEED frees nothing here
    files: {
      populates: () => false,
      flags: ({ isShared }) => isShared ? 0 : MAP_NORESERVE,
      freeing: undefined,
      MS_SYNC,
      descriptors: "/dev/fd",
      growth: undefined, // fcntl(F_PREALLOCATE) is variadic, and fills no holes
      hasHugePages: () => () => false,
    },
    stat: { open: darwinStat, mode: 4, user: 16, byteLength: 96, blockByteLength: 112 },
    threads: { RLIMIT_NOFILE, used: undefined, threads: undefined }, // macOS does not enforce limits of memory
    advice: DARWIN_ADVICE,
    lockLimits: { RLIMIT_MEMLOCK, codes: ["EAGAIN", "ENOMEM"], isExempt: undefined },
    locking: undefined,
    kernelCopying: darwinCopying,
    named: darwinNamed,
    regions: darwinRegions,
    repeat: darwinRepeat,
    waiting: darwinWaiting,
    huge: undefined,
    growsInto: undefined,
    guard: undefined,
    canGuard: undefined,
    guardAt: undefined,
    name: undefined,
    remap: undefined,
    room: undefined,
  });
}
