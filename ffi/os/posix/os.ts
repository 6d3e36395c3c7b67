/**
 * Virtual memory on Linux and macOS. A table describes the differences between them.
 *
 * @module
 */
import { lazily, withLazy } from "../../lazily.ts";
import type { Native } from "../../symbols.ts";
import type { MapRequest } from "../contract/memory.ts";
import type { NamedMemory } from "../contract/named.ts";
import type { HugePages, Os, Remap, Room } from "../contract/os.ts";
import type { Regions } from "../contract/regions.ts";
import type { GuardEntry, TruncationGuard } from "../contract/truncation_guard.ts";
import type { Waiting } from "../contract/waiting.ts";
import { type KernelCopying, posixCopying } from "./copying.ts";
import { type FilesFacts, posixFiles } from "./files.ts";
import { type CLibrary, type CLibraryFacts, openCLibrary } from "./library.ts";
import { type MemoryFacts, type PosixMemory, posixMemory } from "./memory.ts";
import { posixMirrors, type Repeat } from "./mirrors.ts";
import { posixResidency, type ResidencyFacts } from "./residency.ts";
import { posixSearching } from "./searching.ts";
import { posixStatus, type StatFacts, type StatusReader } from "./status.ts";
import { posixThreadRoom, type ThreadFacts } from "./thread_room.ts";

/** The differences between Linux and macOS. A part is `undefined` if the system lacks it. */
export interface Posix extends CLibraryFacts, MemoryFacts, ResidencyFacts {
  /** See {@linkcode Os.populates}. */
  readonly populates: boolean;
  /** See {@linkcode Os.reserves}. */
  readonly reserves: boolean;
  readonly files: FilesFacts;
  readonly stat: StatFacts;
  readonly threads: ThreadFacts;

  // The functions that open the parts of the system.
  readonly kernelCopying: (library: CLibrary) => KernelCopying;
  readonly named: (library: CLibrary, status: () => StatusReader) => NamedMemory;
  readonly regions: (library: CLibrary) => Regions;
  readonly repeat: (library: CLibrary) => Repeat;
  readonly waiting: (library: CLibrary, kernel: () => KernelCopying) => Waiting;
  readonly huge: ((library: CLibrary, memory: PosixMemory) => HugePages) | undefined;
  readonly growsInto: ((library: CLibrary) => NonNullable<Os["growsInto"]>) | undefined;
  readonly guard: ((library: CLibrary) => TruncationGuard | undefined) | undefined;
  readonly canGuard: ((library: CLibrary) => boolean) | undefined;
  readonly guardAt: ((library: CLibrary, address: bigint) => GuardEntry) | undefined;
  readonly name: ((library: CLibrary) => NonNullable<Os["name"]>) | undefined;
  readonly remap: ((library: CLibrary) => Remap) | undefined;
  readonly room: ((library: CLibrary) => Room) | undefined;
}

/** Opens a system. */
export function posix(native: Native, arch: string, system: Posix): Os {
  const library = openCLibrary(native, arch, system);
  const { pageSize } = library;
  const memory = posixMemory(library, system);
  const kernelCopying = lazily(() => system.kernelCopying(library));
  const status = lazily(() => posixStatus(library, system.stat));
  let wasInstalled = false;
  const guard = lazily(() => {
    wasInstalled = true;
    return system.guard!(library);
  });
  const canGuard = lazily(() => system.canGuard!(library));
  const room = lazily(() => system.room?.(library));

  return withLazy({
    pageSize,
    allocationGranularity: pageSize,
    populates: system.populates,
    reserves: system.reserves,
    unmapsNeighbours: true,
    maxHeldByteLength: 2 ** 40, // of the 2^47 bytes of addresses on most processors

    map: (request: MapRequest) => memory.map(request, 0),
    unmap: memory.unmap,
    vacate: memory.vacate,
    discard: memory.discard,
    protect: memory.protect,
    decommit: (address: bigint, byteLength: bigint) => memory.replace(address, byteLength, "none"),

    guard: system.guard && guard,
    canGuard: system.canGuard && (() => wasInstalled ? guard()?.isInPlace === true : canGuard()),
    guardAt: system.guardAt && ((address: bigint) => system.guardAt!(library, address)),
  }, {
    copying: () => posixCopying(library, kernelCopying()),
    files: () => posixFiles(library, system.files, memory, status),
    growsInto: () => system.growsInto?.(library),
    huge: () => system.huge?.(library, memory),
    mirrors: () => posixMirrors(library, memory, system.repeat(library)),
    name: () => system.name?.(library),
    named: () => system.named(library, status),
    regions: () => system.regions(library),
    remap: () => system.remap?.(library),
    residency: () => posixResidency(library, system),
    room,
    searching: () => posixSearching(library),
    threadShortage: () => posixThreadRoom(library, system.threads, room()),
    waiting: () => system.waiting(library, kernelCopying),
  });
}
