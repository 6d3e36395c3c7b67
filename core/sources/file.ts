/**
 * Memory of files: opening the file, mapping a part of it, and closing it.
 *
 * @module
 */
import { type Host, host, runtimeFiles } from "../../ffi/host.ts";
import type { FileRequest, Files, FileUse, OpenFile } from "../../ffi/os/contract/files.ts";
import type { Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import { own } from "../../ffi/own.ts";
import type { FileFacts } from "../../ffi/runtime/files.ts";
import { describe, propertyOf } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
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
import { openSame } from "./same_file.ts";

/**
 * A file: a path, a `file:` URL, an open file descriptor, or an object with a descriptor, such as a
 * `FileHandle` of `node:fs/promises`.
 */
export type FileSource = string | FileUrl | number | { readonly fd: number };

/** The properties of a `URL` that the library uses. */
export interface FileUrl {
  /** The whole URL: `file:///…`. */
  readonly href: string;
  /** The protocol: `file:`. */
  readonly protocol: string;
}

/** The number of attempts while others replace the file at a path. */
const ATTEMPTS = 100;

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

/** A file to map. */
export interface OpenedFile {
  readonly file: OpenFile;
  /** The descriptor that the library has opened and must close. */
  readonly ownFile: OpenFile | undefined;
  /** The name in messages, after "the". */
  readonly name: string;
  readonly byteLength: number;
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
  const path = pathOf(source);
  const opened = path === undefined
    ? openDescriptor(
      system,
      descriptorOf(source),
      use,
      settings,
    )
    : openPath(system, path, use, settings.create);
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
    if (named === undefined && files.hasHugePages?.(opened.file)) {
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

/** Opens a file by its path. The runtime opens it first, which checks its permissions. */
function openPath(
  { os: { files } }: Host,
  path: string,
  use: FileUse,
  creates: boolean,
): OpenedFile {
  const name = `file ${JSON.stringify(path)}`;
  const gate = runtimeFiles();
  checkStack(); // an open file must not be lost
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seen = askRuntime(name, use, () => gate.open(path, use === "read-write", creates));
    try {
      checkFacts(seen, name, creates);
      const file = openSame(files, gate.systemPaths(path), use, seen);
      if (typeof file === "number") return withLength(files, file, name, path);
      // Another file is at the path now, or none: try again.
      if (file !== undefined && file.code !== "ENOENT") {
        throw systemError(`to open ${JSON.stringify(path)}`, file);
      }
    } finally {
      seen.close();
    }
  }
  throw new MmapError(
    `Other programs keep replacing the ${name}, so the file that was checked cannot be ` +
      "mapped: try again",
    { code: "EAGAIN" },
  );
}

function withLength(files: Files, file: OpenFile, name: string, path: string): OpenedFile {
  const byteLength = files.byteLength(file);
  if (typeof byteLength === "number") return { file, ownFile: file, name, byteLength };
  files.close(file);
  throw systemError(`to get the length of ${JSON.stringify(path)}`, byteLength);
}

/** Describes the file of a descriptor. The caller keeps the descriptor and closes it. */
function openDescriptor(
  { os: { files } }: Host,
  descriptor: number,
  use: FileUse,
  { capacity, create }: MmapSettings,
): OpenedFile {
  const name = `file of descriptor ${descriptor}`;
  const { describe } = runtimeFiles();
  if (describe === undefined || files.reopen === undefined) {
    throw new MmapError(
      "The descriptors of this runtime are not those of the system: pass the path of the file",
      { code: "ENOTSUP" },
    );
  }
  const facts = askRuntime(name, use, () => describe(descriptor));
  checkFacts(facts, name, create);
  const isKept = use === "read-write" || capacity !== 0;
  // If the system refuses, the mapping cannot grow.
  const own = isKept ? files.reopen(descriptor, use) : undefined;
  return {
    file: descriptor,
    ownFile: typeof own === "number" ? own : undefined,
    name,
    byteLength: facts.byteLength,
  };
}

/** The path of a source; `undefined` for a descriptor. */
function pathOf(source: unknown): string | undefined {
  if (typeof source === "string") return source;
  if (typeof source !== "object" || source === null) return undefined;
  const href = propertyOf(source, "href");
  const protocol = propertyOf(source, "protocol");
  const isUrl = typeof href === "string" && typeof protocol === "string";
  return isUrl ? runtimeFiles().pathOf(href) : undefined;
}

/** The descriptor of a source. */
function descriptorOf(source: unknown): number {
  const descriptor = typeof source === "object" ? propertyOf(source, "fd") : source;
  if (typeof descriptor === "number" && Number.isInteger(descriptor)) {
    if (descriptor >= 0 && descriptor <= 0x7fff_ffff) return descriptor;
    throw new RangeError(`A file descriptor must be from 0 to 2^31 - 1, got ${descriptor}`);
  }
  throw new TypeError(
    "The file must be a path, a file: URL, a file descriptor or an object with a numeric fd, " +
      `got ${describeSource(source)}`,
  );
}

/** Describes an unsupported source for a message, such as a `Deno.FsFile` or `Bun.file()`. */
function describeSource(source: unknown): string {
  return (propertyOf(source, "readSync") ?? propertyOf(source, "arrayBuffer")) !== undefined
    ? "an object without a descriptor: pass its path"
    : describe(source);
}

/** Calls the runtime, and converts errors of the system to {@linkcode MmapError}. */
function askRuntime<T extends FileFacts>(name: string, use: FileUse, ask: () => T): T {
  try {
    return ask();
  } catch (cause) {
    const { name: kind, message } = cause as Error;
    // Some errors of Deno have no code, only the number of the error in the message.
    const number = /\(os error (\d+)\)/.exec(message)?.[1];
    const code: unknown = own(cause as object, "code") ??
      (number && host().os.waiting.failed("open", Number(number)).code);
    // A missing permission, or an invalid path, is the runtime's own error.
    if (typeof code !== "string" || code.startsWith("ERR_") || kind === "TypeError") throw cause;
    const uses = use === "read-write" ? "read and written" : "read";
    throw new MmapError(`The ${name} cannot be ${uses}: ${message}`, { code, cause });
  }
}

function checkFacts({ kind, byteLength }: FileFacts, name: string, mayBeEmpty: boolean): void {
  if (kind === "file") {
    if (byteLength > 0 || mayBeEmpty) return;
    throw new MmapError(
      `The ${name} is empty, or does not report its length (as in /proc): there is nothing to map`,
      { code: "EINVAL" },
    );
  }
  throw kind === "directory"
    ? new MmapError(`The ${name} is a directory, and only files can be mapped`, { code: "EISDIR" })
    : new MmapError(
      `The ${name} is a pipe, a socket or a device, and only files can be mapped`,
      { code: "ENODEV" },
    );
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
  throw new RangeError(`The ${name} is ${byteLength} bytes long: ${wanted} from offset ${offset}`);
}
