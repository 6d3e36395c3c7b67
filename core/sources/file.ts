/**
 * Memory of files: mapping a part of an open file, and closing it.
 *
 * @module
 */
import { type Host, host } from "../../ffi/host.ts";
import type { FileRequest, Files, FileUse } from "../../ffi/os/contract/files.ts";
import type { Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import type { MmapSettings } from "../checks/settings.ts";
import { checkSupported } from "../checks/unsupported_settings.ts";
import { type Backing, closeFile } from "../lifetime/allocation.ts";
import type { Access, Source } from "../lifetime/mapping_info.ts";
import { plainPlan } from "../lifetime/mapping_plan.ts";
import { adopt, type Mmap } from "../mmap.ts";
import { allocateFile, extendFile } from "../placing/file_length.ts";
import { layoutInfo, layoutOf, mapWithLayout } from "../placing/layout.ts";
import { checkStrictHint, mapWithRoom, undoMap } from "../placing/placement.ts";
import { enginePlace, type EngineTarget, mapOver, undoMapOver } from "./into.ts";
import { type FileSource, type OpenedFile, openSource } from "./opening.ts";

/** One way to map a file. */
export interface FileKind {
  readonly use: FileUse;
  readonly access: Access & MapRequest["protection"];
  readonly source: Source;
}

/** The settings that only named memory has. */
export interface NamedUse {
  /** A hash of its name. */
  readonly name: bigint;
  /** Whether the memory stays open as long as it is mapped. */
  readonly isKeptOpen: boolean;
  /** Gives the mapped memory its name. Returns the error if the system refuses. */
  readonly publish: (() => unknown) | undefined;
}

/** Maps a part of a file. */
export function mapFile(
  source: FileSource,
  { use, access, source: kind }: FileKind,
  settings: MmapSettings,
  request: MapRequest,
  target: EngineTarget | undefined,
): Mmap {
  const system = host();
  const { allocationGranularity } = system.os;
  checkSupported(settings, "file", target !== undefined);
  if ((settings.create || settings.allocate) && use !== "read-write") {
    throw new RangeError("Only mapMut() changes a file: drop create() and allocate()");
  }
  if (request.strict) checkStrictHint(request.hint, allocationGranularity);
  const opened = openSource(system, source, use, settings);
  return mapOpened(system, opened, { access, source: kind }, settings, request, target);
}

/** Maps a part of an open file, and closes the file unless later calls need it. */
export function mapOpened(
  system: Host,
  opened: OpenedFile,
  { access, source }: Omit<FileKind, "use">,
  settings: MmapSettings,
  request: MapRequest,
  target: EngineTarget | undefined,
  named?: NamedUse,
): Mmap {
  const { allocationGranularity, files } = system.os;
  const pageOffset = settings.offset % allocationGranularity;
  const backing: Backing = {
    file: opened.ownFile,
    name: named?.name,
    offset: settings.offset - pageOffset,
    isAllocated: settings.allocate,
    guard: undefined,
  };
  let mmap: Mmap | undefined;
  try {
    if (opened.hasHugePages) {
      throw new MmapError(
        `The ${opened.name} is on hugetlbfs, which cannot be mapped as a file: use huge()`,
        { code: "ENOTSUP" },
      );
    }
    const byteLength = prepare(files, opened, settings);
    const fileRequest: FileRequest = {
      ...request,
      kind: "file",
      protection: access,
      byteLength: BigInt(pageOffset + byteLength),
      file: opened.file,
      isShared: source !== "private file",
      name: `the ${opened.name}`,
      isNamed: named !== undefined,
      offset: BigInt(backing.offset),
    };
    const place = target && enginePlace(system, target, pageOffset, byteLength);
    const layout = layoutOf(system.os, settings, fileRequest);
    const laidOut = layout && layoutInfo(layout);
    const exactByteLength = laidOut?.exactByteLength ?? fileRequest.byteLength;
    const map = () => {
      const address = place !== undefined
        ? mapOver(system, place, fileRequest, backing, settings.truncationGuard)
        : layout === undefined
        ? mapWithRoom(system, fileRequest)
        : mapWithLayout(system, fileRequest, layout);
      const refusal = named?.publish?.();
      if (refusal === undefined) return address;
      throw place === undefined
        ? undoMap(files as Mapper<MapRequest>, address, exactByteLength, refusal)
        : undoMapOver(place, { address, byteLength: exactByteLength }, backing, refusal);
    };
    mmap = adopt({
      ...plainPlan(map, byteLength, exactByteLength, access),
      source,
      pageOffset,
      noReserve: named !== undefined && settings.noReserve,
      backing,
      engine: place?.engine,
      isGuarded: settings.truncationGuard,
      ...laidOut,
    });
  } finally {
    // flush(), resize() and, on Windows, wait() need the descriptor of a shared file, and resize()
    // that of a file with a capacity.
    const isKept = settings.capacity !== 0 ||
      (source !== "private file" && named?.isKeptOpen !== false);
    if (mmap === undefined || !isKept) closeFile({ backing });
  }
  return mmap;
}

/** Makes a file long enough, and sets blocks aside, as the settings ask for. Returns the length to map. */
function prepare(files: Files, opened: OpenedFile, settings: MmapSettings): number {
  const { file, name } = opened;
  const { create, allocate, offset, len } = settings;
  const needed = offset + len;
  const byteLength = create ? Math.max(opened.byteLength, needed) : opened.byteLength;
  const length = lengthOf({ ...opened, byteLength }, settings);
  const failure = allocate
    ? allocateFile(files, file, offset, length)
    : create
    ? extendFile(files, file, needed, true)
    : undefined;
  if (failure === undefined) return length;
  throw systemError(
    allocate
      ? `to set ${length} bytes of the ${name} aside`
      : `to make the ${name} ${needed} bytes long`,
    failure,
  );
}

/** The number of bytes to map. Throws if the file has fewer. */
function lengthOf({ name, byteLength }: OpenedFile, { offset, len }: MmapSettings): number {
  const rest = byteLength - offset;
  if (rest > 0 && len <= rest) return len === 0 ? rest : len;
  const wanted = len === 0 ? "there is nothing" : `there are no ${len} bytes`;
  const advice = len === 0 ? "" : "; mapMut() with create() makes a file longer";
  throw new RangeError(
    `The ${name} is ${byteLength} bytes long: ${wanted} from offset ${offset}${advice}`,
  );
}
