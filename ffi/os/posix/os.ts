/**
 * What Linux and macOS share: `mmap`, `munmap`, `sysconf` and `errno`.
 *
 * @module
 */
import { own } from "../../own.ts";
import type { Native, SymbolTable } from "../../symbols.ts";
import { lazily } from "../../lazily.ts";
import {
  MAP_FAILED,
  MAP_FIXED,
  type MemoryCalls,
  openMemory,
  type PosixShared,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "./calls.ts";
import {
  type Failure,
  failure,
  type MapRequest,
  meaning,
  type Protection,
} from "../contract/memory.ts";
import type { HugePages, Os, Remap, Room } from "../contract/os.ts";
import { type CopyingShared, type KernelCopying, posixCopying } from "./copying.ts";
import type { NamedMemory } from "../contract/named.ts";
import { type PosixFiles, posixFiles } from "./files.ts";
import { posixMirrors, type Repeat } from "./mirrors.ts";
import { type PosixResidency, posixResidency } from "./residency.ts";
import { posixThreadRoom, type ThreadLimits } from "./thread_room.ts";
import type { Regions } from "../contract/regions.ts";
import type { Waiting } from "../contract/waiting.ts";

const FUNCTIONS = {
  // long sysconf(int name)
  sysconf: { parameters: ["i32"], result: "i64" },
} as const satisfies SymbolTable;

const PROTECTIONS: Readonly<Record<Protection, number>> = {
  "none": PROT_NONE,
  "read": PROT_READ,
  "read-write": PROT_READ | PROT_WRITE,
  "copy-on-write": PROT_READ | PROT_WRITE, // of a private mapping
  "read-execute": PROT_READ | PROT_EXEC,
};

/** In what one POSIX system differs from another. */
export interface Posix extends PosixResidency {
  /** The C library's function that returns the address of the thread's `errno`. */
  readonly errnoLocation: string;
  /** `_SC_PAGESIZE` */
  readonly _SC_PAGESIZE: number;
  /** Whether its `mmap` can populate. */
  readonly populates: boolean;
  /** Whether it sets memory aside for what it maps without `MAP_NORESERVE`. */
  readonly reserves: boolean;
  /** The flags of `mmap` for a request. */
  readonly flags: (request: MapRequest) => number;
  /** The flags of `mmap` for memory that is to be nothing yet. */
  readonly vacant: number;
  /** The advice of `madvise` that frees private memory at once, where there is one. */
  readonly freeing: number | undefined;
  /** Huge pages, where there are any: the flags of `mmap` for a length in bytes. */
  readonly hugePages: {
    readonly flags: (pageByteLength: number) => number;
    /** The advice of `madvise` that backs every page with memory, or fails. */
    readonly populating: number;
    /** Why there can be none. */
    readonly advice: Readonly<Record<string, string>>;
    /** Why one that is set aside can still not be had, which the kernel answers by `EFAULT`. */
    readonly limited: string;
  } | undefined;
  /** Opens the call that names memory, where there is one. */
  readonly naming: ((native: Native) => NonNullable<Os["name"]>) | undefined;
  /** Opens the call that moves memory, where there is one. */
  readonly remapping:
    | ((native: Native, failed: (syscall: string) => Failure) => Remap)
    | undefined;
  /** Opens what tells where the process itself grows, where it does. */
  readonly growth:
    | ((native: Native, pageSize: number) => NonNullable<Os["growsInto"]>)
    | undefined;
  /** Opens what tells how much can be mapped still, where that is limited. */
  readonly room: ((native: Native, shared: PosixShared) => Room) | undefined;
  /** What files need. */
  readonly files: PosixFiles;
  /** Opens the calls of named memory. */
  readonly named: (native: Native, shared: PosixShared, pageSize: number) => NamedMemory;
  /** Opens the calls by which the kernel copies. */
  readonly kernelCopying: (native: Native, shared: CopyingShared) => KernelCopying;
  /** Opens what tells of mappings. */
  readonly regions: (native: Native, shared: PosixShared, pageSize: number) => Regions;
  /** Opens what maps memory once more. */
  readonly repeat: (native: Native, shared: PosixShared) => Repeat;
  /** What of another thread is limited. */
  readonly threadLimits: ThreadLimits;
  /** Opens the calls that wait. */
  readonly waiting: (native: Native, kernel: () => KernelCopying, shared: CopyingShared) => Waiting;
  /** Guards memory of files from truncation, where the system lets a program do that. */
  readonly guarding:
    | ((
      native: Native,
      memory: MemoryCalls,
      pageSize: number,
    ) => { readonly [Name in "guard" | "guardAt"]: NonNullable<Os[Name]> })
    | undefined;
  /** The names of its `errno` values. */
  readonly codes: Readonly<Record<number, string>>;
}

/** Opens the C library of a POSIX system. */
export function posix(native: Native, system: Posix): Os {
  const { flags, vacant, freeing, codes } = system;
  const memory = openMemory(native, system.library);
  const { mmap, munmap, mprotect, madvise } = memory;
  const { sysconf, [system.errnoLocation]: errnoLocation } = native.open<SymbolTable>(
    system.library,
    {
      ...FUNCTIONS,
      // int *__errno_location(void), constant for the thread
      [system.errnoLocation]: { parameters: [], result: "usize" },
    },
  );
  const errno = new Int32Array(native.view(errnoLocation!() as bigint, 4));
  const failed = (syscall: string) => failure(syscall, errno[0]!, codes);
  const pageSize = Number(sysconf!(system._SC_PAGESIZE));

  // Over the library's own range: MAP_FIXED overwrites nobody else's.
  const mapOver = (address: bigint, byteLength: bigint, protection: number) => {
    const mapped = mmap(address, byteLength, protection, vacant | MAP_FIXED, -1, 0n);
    return mapped === MAP_FAILED ? failed("mmap") : undefined;
  };
  const mapVacant = (address: bigint, byteLength: bigint) =>
    mapOver(address, byteLength, PROT_READ | PROT_WRITE);
  const discard = (address: bigint, byteLength: bigint) => {
    if (freeing !== undefined && madvise(address, byteLength, freeing) === 0) return undefined;
    return mapVacant(address, byteLength);
  };

  const unmap = (address: bigint, byteLength: bigint) =>
    munmap(address, byteLength) === 0 ? undefined : failed("munmap");
  const protect = (address: bigint, byteLength: bigint, protection: Protection) => {
    const result = mprotect(address, byteLength, PROTECTIONS[protection]);
    return result === 0 ? undefined : failed("mprotect");
  };
  const shared = { library: system.library, memory, failed };
  const files = lazily(() =>
    posixFiles(native, system.files, {
      ...shared,
      protections: PROTECTIONS,
      mapVacant,
      unmap,
      protect,
    })
  );
  const kernelCopying = lazily(() => system.kernelCopying(native, shared));
  const copying = lazily(() => posixCopying(native, kernelCopying(), system.library));
  const waiting = lazily(() => system.waiting(native, kernelCopying, shared));
  const regions = lazily(() => system.regions(native, shared, pageSize));
  const named = lazily(() => system.named(native, shared, pageSize));
  const residency = lazily(() => posixResidency(native, system, pageSize, failed));
  const map = (request: MapRequest, more: number) => {
    const { hint, byteLength, protection } = request;
    const address = mmap(hint, byteLength, PROTECTIONS[protection], flags(request) | more, -1, 0n);
    return address === MAP_FAILED ? failed("mmap") : address;
  };
  const { hugePages } = system;
  const huge: HugePages | undefined = hugePages && {
    pageByteLength: pageSize * pageSize / 8, // what one page of the page tables points to
    mapper(pageByteLength) {
      const pages = (byteLength: bigint) => roundUp(byteLength, BigInt(pageByteLength));
      return {
        map(request) {
          const address = map(request, hugePages.flags(pageByteLength));
          if (typeof address !== "bigint") {
            return { ...address, advice: own(hugePages.advice, address.code) };
          }
          // A store to one that is set aside and still not to be had (a control
          // group's limit) would end the process. Older kernels cannot be asked.
          const { byteLength } = request;
          if (madvise(address, byteLength, hugePages.populating) === 0) return address;
          const refusal = failed("madvise");
          if (refusal.code === "EINVAL") return address;
          munmap(address, byteLength);
          return refusal.code === "EFAULT"
            ? meaning(refusal, "ENOMEM", hugePages.limited)
            : refusal;
        },
        unmap,
        // Freed, the pages could be gone when they are wanted again, and a store
        // end the process: plain memory takes their place.
        vacate: (address, byteLength) => mapVacant(address, pages(byteLength)),
        discard: () => ({ syscall: "madvise", osError: 0, code: "ENOTSUP" }),
        protect: (address, byteLength, to) => protect(address, pages(byteLength), to),
      };
    },
  };
  const guarding = system.guarding?.(native, memory, pageSize);
  const remap = lazily(() => system.remapping!(native, failed));
  const name = lazily(() => ({ of: system.naming!(native) }));
  const room = lazily(() => system.room!(native, shared));
  const growth = lazily(() => ({ into: system.growth!(native, pageSize) }));

  const threadRoom = lazily(() =>
    posixThreadRoom(native, system.threadLimits, {
      ...shared,
      pageSize,
      room: system.room && room(),
    })
  );
  const mirrors = lazily(() =>
    posixMirrors(system.repeat(native, shared), { ...shared, flags, mapVacant, unmap, protect })
  );

  return {
    pageSize,
    allocationGranularity: pageSize,
    populates: system.populates,
    reserves: system.reserves,

    map: (request) => map(request, 0),
    unmap,

    huge,
    get remap() {
      return system.remapping && remap();
    },
    get room() {
      return system.room && room();
    },
    growsInto: system.growth && ((address, byteLength) => growth().into(address, byteLength)),
    name: system.naming &&
      ((address, byteLength, label) => name().of(address, byteLength, label)),

    guard: guarding?.guard,
    guardAt: guarding?.guardAt,

    unmapsNeighbours: true,

    vacate: (address, byteLength, isOnePiece = false) =>
      // Mapping anew can be refused at the limit of mappings.
      isOnePiece || mapVacant(address, byteLength) !== undefined
        ? discard(address, byteLength)
        : undefined,
    discard,

    protect,

    decommit(address, byteLength) {
      return mapOver(address, byteLength, PROT_NONE);
    },

    maxHeldByteLength: 2 ** 40, // of 2^47 bytes of addresses

    get files() {
      return files();
    },

    get named() {
      return named();
    },

    get mirrors() {
      return mirrors();
    },

    get regions() {
      return regions();
    },

    get copying() {
      return copying();
    },

    get residency() {
      return residency();
    },

    threadShortage: (needs, threads) => threadRoom()(needs, threads),

    get waiting() {
      return waiting();
    },
  };
}

function roundUp(value: bigint, unit: bigint): bigint {
  return (value + unit - 1n) / unit * unit;
}
