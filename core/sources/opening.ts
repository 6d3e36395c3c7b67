/**
 * Opening the file to map: by its path or by a descriptor, as the runtime permits it.
 *
 * @module
 */
import { type Host, host, runtimeFiles } from "../../ffi/host.ts";
import type { Files, FileStatus, FileUse, OpenFile } from "../../ffi/os/contract/files.ts";
import { isFailure } from "../../ffi/os/contract/memory.ts";
import { own } from "../../ffi/own.ts";
import type { FileFacts } from "../../ffi/runtime/files.ts";
import { describe, propertyOf } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import type { MmapSettings } from "../checks/settings.ts";
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

const WITHOUT_WRITING = "map() needs only permission to read";
/** The advice for a file that cannot be opened for writing. */
const WRITE_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: "create() with a len() makes a new file",
  EACCES: WITHOUT_WRITING,
  EROFS: WITHOUT_WRITING,
};
/** The advice for a file that cannot be made. */
const CREATE_ADVICE: Readonly<Record<string, string>> = { ENOENT: "make its folder first" };

/** A file to map. */
export interface OpenedFile {
  readonly file: OpenFile;
  /** The descriptor that the library has opened and must close. */
  readonly ownFile: OpenFile | undefined;
  /** The name in messages, after "the". */
  readonly name: string;
  readonly byteLength: number;
  readonly hasHugePages: boolean;
}

/** Opens the file of a source. */
export function openSource(
  system: Host,
  source: FileSource,
  use: FileUse,
  settings: MmapSettings,
): OpenedFile {
  const path = pathOf(source);
  return path === undefined
    ? openDescriptor(system, descriptorOf(source), use, settings)
    : openPath(system, path, use, settings.create);
}

/** Opens a file by its path. */
function openPath(
  { os: { files } }: Host,
  path: string,
  use: FileUse,
  creates: boolean,
): OpenedFile {
  const name = `file ${JSON.stringify(path)}`;
  checkStack(); // an open file must not be lost
  return (runtimeFiles().permitsAll()
    ? openDirectly(files, path, name, use, creates)
    : undefined) ??
    openPermitted(files, path, name, use, creates);
}

/**
 * Opens a file by the system alone. Returns `undefined` if that fails, or if there is nothing to
 * map: then the runtime, which knows more kinds of files, is asked.
 */
function openDirectly(
  files: Files,
  path: string,
  name: string,
  use: FileUse,
  mayBeEmpty: boolean,
): OpenedFile | undefined {
  if (path.includes("\0")) return undefined; // C would open what is before it
  if (files.isFile?.(path) !== true) return undefined;
  const file = files.open(path, use);
  if (typeof file !== "number") return undefined;
  const status = files.status(file);
  if (!isFailure(status) && status.isFile && (status.byteLength > 0 || mayBeEmpty)) {
    return opened(file, name, status);
  }
  files.close(file);
  return undefined;
}

/** Opens a file after the runtime has opened it, which checks its permissions. */
function openPermitted(
  files: Files,
  path: string,
  name: string,
  use: FileUse,
  creates: boolean,
): OpenedFile {
  const gate = runtimeFiles();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seen = askRuntime(
      name,
      use,
      creates,
      () => gate.open(path, use === "read-write", creates),
    );
    try {
      checkFacts(seen, name, creates);
      const found = openSame(files, gate.systemPaths(path), use, seen);
      if (found !== undefined && !isFailure(found)) {
        return opened(found.file, name, found.status);
      }
      // Another file is at the path now, or none: try again.
      if (found !== undefined && found.code !== "ENOENT") {
        throw systemError(`to open ${JSON.stringify(path)}`, found);
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

function opened(file: OpenFile, name: string, status: FileStatus): OpenedFile {
  const { byteLength, hasHugePages } = status;
  return { file, ownFile: file, name, byteLength, hasHugePages };
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
  const facts = askRuntime(name, use, create, () => describe(descriptor));
  checkFacts(facts, name, create);
  const status = files.status(descriptor);
  const isKept = use === "read-write" || capacity !== 0;
  // If the system refuses, the mapping cannot grow.
  const own = isKept ? files.reopen(descriptor, use) : undefined;
  return {
    file: descriptor,
    ownFile: typeof own === "number" ? own : undefined,
    name,
    byteLength: facts.byteLength,
    hasHugePages: !isFailure(status) && status.hasHugePages,
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

/** Describes a source that is no file: a promise, a `Deno.FsFile`, `Bun.file()`, …. */
function describeSource(source: unknown): string {
  if (propertyOf(source, "then") !== undefined) return "a promise: await it";
  return (propertyOf(source, "readSync") ?? propertyOf(source, "arrayBuffer")) !== undefined
    ? "an object without a descriptor: pass its path"
    : describe(source);
}

/** Calls the runtime, and converts errors of the system to {@linkcode MmapError}. */
function askRuntime<T extends FileFacts>(
  name: string,
  use: FileUse,
  creates: boolean,
  ask: () => T,
): T {
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
    const advice = use === "read-write"
      ? own(creates ? CREATE_ADVICE : WRITE_ADVICE, code)
      : undefined;
    const problem = `The ${name} cannot be ${uses}: ${message}`;
    throw new MmapError(advice === undefined ? problem : `${problem}; ${advice}`, { code, cause });
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
