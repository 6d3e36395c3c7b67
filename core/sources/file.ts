/**
 * Memory of files: which file, which part of it, and what is closed again.
 *
 * @module
 */
import { type Host, host, runtimeFiles } from "../../ffi/host.ts";
import type { FileRequest, Files, FileUse, OpenFile } from "../../ffi/os/contract/files.ts";
import type { Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import type { FileFacts } from "../../ffi/runtime/files.ts";
import { layoutInfo, layoutOf, mapWithLayout } from "../placing/layout.ts";
import { own } from "../../ffi/own.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import { type Backing, closeFile } from "../lifetime/allocation.ts";
import type { Access, Source } from "../lifetime/mapping_info.ts";
import { adopt, type Mmap } from "../mmap.ts";
import { checkStrictHint, mapWithRoom, undoMap } from "../placing/placement.ts";
import { openSame } from "./same_file.ts";
import type { MmapSettings } from "../checks/settings.ts";
import { checkSupported } from "../checks/unsupported_settings.ts";
import { checkStack } from "../checks/call_stack.ts";
import { describe, propertyOf } from "../checks/arguments.ts";

/**
 * A file: its path, its `file:` URL, an open descriptor of it, or an object
 * with a descriptor, such as the `FileHandle` of `node:fs/promises`.
 */
export type FileSource = string | FileUrl | number | { readonly fd: number };

/** A `URL`, as far as it is used. */
export interface FileUrl {
  /** All of it: `file:///…`. */
  readonly href: string;
  /** `file:` */
  readonly protocol: string;
}

/** How often a file is opened anew whose path leads to another one meanwhile. */
const ATTEMPTS = 100;

/** One way to map a file. */
export interface FileKind {
  readonly use: FileUse;
  readonly access: Access & MapRequest["protection"];
  readonly source: Source;
}

/** What of named memory is not as with files. */
export interface NamedUse {
  /** A hash of its name. */
  readonly name: bigint;
  /** Whether it stays open as long as it is mapped. */
  readonly isKeptOpen: boolean;
  /** Gives it its name, once it is mapped; returns the error where that is refused. */
  readonly publish: (() => unknown) | undefined;
}

/** A file to map. */
export interface OpenedFile {
  readonly file: OpenFile;
  /** The library's own opening of it, which it has to close. */
  readonly ownFile: OpenFile | undefined;
  /** What messages call it, behind "the". */
  readonly name: string;
  readonly byteLength: number;
}

/** Maps a part of a file. */
export function mapFile(
  source: FileSource,
  { use, access, source: kind }: FileKind,
  settings: MmapSettings,
  request: MapRequest,
): Mmap {
  const system = host();
  const { allocationGranularity } = system.os;
  checkSupported(settings, "file");
  if (request.strict) checkStrictHint(request.hint, allocationGranularity);
  const path = pathOf(source);
  const opened = path === undefined
    ? openDescriptor(system, descriptorOf(source), use)
    : openPath(system, path, use);
  return mapOpened(system, opened, { access, source: kind }, settings, request);
}

/** Maps a part of what is open, and closes what is not kept. */
export function mapOpened(
  system: Host,
  opened: OpenedFile,
  { access, source }: Omit<FileKind, "use">,
  settings: MmapSettings,
  request: MapRequest,
  named?: NamedUse,
): Mmap {
  const { allocationGranularity, files } = system.os;
  const pageOffset = settings.offset % allocationGranularity;
  const backing: Backing = {
    file: opened.ownFile,
    name: named?.name,
    offset: settings.offset - pageOffset,
    guard: undefined,
  };
  let mmap: Mmap | undefined;
  try {
    if (named === undefined && files.hasHugePages?.(opened.file)) {
      throw new MmapError(
        `The ${opened.name} is of huge pages (hugetlbfs), which are not mapped as files: use huge()`,
        { code: "ENOTSUP" },
      );
    }
    const byteLength = lengthOf(opened, settings);
    const fileRequest: FileRequest = {
      ...request,
      kind: "file",
      protection: access,
      byteLength: BigInt(pageOffset + byteLength),
      file: opened.file,
      name: `the ${opened.name}`,
      isNamed: named !== undefined,
      offset: BigInt(backing.offset),
    };
    const layout = layoutOf(system.os, settings, fileRequest);
    const laidOut = layout && layoutInfo(layout);
    const exactByteLength = laidOut?.exactByteLength ?? fileRequest.byteLength;
    const map = () => {
      const address = layout === undefined
        ? mapWithRoom(system, fileRequest)
        : mapWithLayout(system, fileRequest, layout);
      const refusal = named?.publish?.();
      if (refusal === undefined) return address;
      throw undoMap(files as Mapper<MapRequest>, address, exactByteLength, refusal);
    };
    mmap = adopt({
      map,
      byteLength,
      exactByteLength,
      access,
      source,
      guardByteLength: 0,
      pageOffset,
      noReserve: false,
      isReserved: false,
      backing,
      layout: undefined,
      share: undefined,
      isGuarded: settings.truncationGuard,
      ...laidOut,
    });
  } finally {
    // What is stored to a shared file later calls flush, and resize.
    const isKept = source === "shared file" && named?.isKeptOpen !== false;
    if (mmap === undefined || !isKept) closeFile({ backing });
  }
  return mmap;
}

/** Opens a file by its path, after the runtime has: what it does not permit is not done. */
function openPath({ os: { files } }: Host, path: string, use: FileUse): OpenedFile {
  const name = `file ${JSON.stringify(path)}`;
  const gate = runtimeFiles();
  checkStack(); // what is opened is closed, or mapped
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seen = askRuntime(name, use, () => gate.open(path, use === "read-write"));
    try {
      checkFacts(seen, name);
      const file = openSame(files, gate.systemPaths(path), use, seen);
      if (typeof file === "number") return withLength(files, file, name, path);
      // What was there a moment ago has been renamed, or is another file now.
      if (file !== undefined && file.code !== "ENOENT") {
        throw systemError(`to open ${JSON.stringify(path)}`, file);
      }
    } finally {
      seen.close();
    }
  }
  throw new MmapError(
    `The ${name} is replaced by other ones all the time, so that the one that was checked cannot ` +
      "be mapped: try again",
    { code: "EAGAIN" },
  );
}

function withLength(files: Files, file: OpenFile, name: string, path: string): OpenedFile {
  const byteLength = files.byteLength(file);
  if (typeof byteLength === "number") return { file, ownFile: file, name, byteLength };
  files.close(file);
  throw systemError(`to tell the length of ${JSON.stringify(path)}`, byteLength);
}

/** Finds the file of a descriptor, which stays the caller's. */
function openDescriptor({ os: { files } }: Host, descriptor: number, use: FileUse): OpenedFile {
  const name = `file of descriptor ${descriptor}`;
  const { describe } = runtimeFiles();
  if (describe === undefined || files.reopen === undefined) {
    throw new MmapError(
      "This runtime's descriptors are not those of the system: give the file's path",
      { code: "ENOTSUP" },
    );
  }
  const facts = askRuntime(name, use, () => describe(descriptor));
  checkFacts(facts, name);
  // Where that is refused, the mapping cannot be resized.
  const own = use === "read-write" ? files.reopen(descriptor, use) : undefined;
  return {
    file: descriptor,
    ownFile: typeof own === "number" ? own : undefined,
    name,
    byteLength: facts.byteLength,
  };
}

/** The path that a caller gives, where it is no descriptor. */
function pathOf(source: unknown): string | undefined {
  if (typeof source === "string") return source;
  if (typeof source !== "object" || source === null) return undefined;
  const href = propertyOf(source, "href");
  const protocol = propertyOf(source, "protocol");
  const isUrl = typeof href === "string" && typeof protocol === "string";
  return isUrl ? runtimeFiles().pathOf(href) : undefined;
}

/** The descriptor that a caller means. */
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

/** Words what is no file; `Deno.FsFile` and `Bun.file()` look as if they were one. */
function describeSource(source: unknown): string {
  return (propertyOf(source, "readSync") ?? propertyOf(source, "arrayBuffer")) !== undefined
    ? "an object without a descriptor: give its path"
    : describe(source);
}

/** Asks the runtime; what it reports of the system becomes an {@linkcode MmapError}. */
function askRuntime<T extends FileFacts>(name: string, use: FileUse, ask: () => T): T {
  try {
    return ask();
  } catch (cause) {
    const { name: kind, message } = cause as Error;
    // Deno tells some by the number alone.
    const number = /\(os error (\d+)\)/.exec(message)?.[1];
    const code: unknown = own(cause as object, "code") ??
      (number && host().os.waiting.failed("open", Number(number)).code);
    // Not permitted, or not a path: that is the runtime's own to say.
    if (typeof code !== "string" || code.startsWith("ERR_") || kind === "TypeError") throw cause;
    const what = use === "read-write" ? "read and written" : "read";
    throw new MmapError(`The ${name} cannot be ${what}: ${message}`, { code, cause });
  }
}

function checkFacts({ kind, byteLength }: FileFacts, name: string): void {
  if (kind === "file") {
    if (byteLength > 0) return;
    throw new MmapError(
      `The ${name} is empty (or, like those in /proc, does not tell its length): ` +
        "there is nothing to map",
      { code: "EINVAL" },
    );
  }
  throw kind === "directory"
    ? new MmapError(`The ${name} is a directory, which cannot be mapped`, { code: "EISDIR" })
    : new MmapError(
      `The ${name} cannot be mapped: it is a pipe, a socket or a device, and only files can be`,
      { code: "ENODEV" },
    );
}

/** How many bytes to map; throws where the file has not so many. */
function lengthOf({ name, byteLength }: OpenedFile, { offset, len }: MmapSettings): number {
  const rest = byteLength - offset;
  if (rest > 0 && len <= rest) return len === 0 ? rest : len;
  const wanted = len === 0 ? "there is nothing" : `there are no ${len} bytes`;
  throw new RangeError(`The ${name} is ${byteLength} bytes long: ${wanted} from offset ${offset}`);
}
