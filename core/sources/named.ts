/**
 * Memory that processes share by its name: which name, who makes it, and what
 * of it is mapped.
 *
 * @module
 */
import { type Host, host, runtimeFiles } from "../../ffi/host.ts";
import {
  type AdvisedFailure,
  type Failure,
  isFailure,
  type MapRequest,
  meaning,
} from "../../ffi/os/contract/memory.ts";
import type { Owner } from "../../ffi/os/contract/named.ts";
import { own } from "../../ffi/own.ts";
import { utf8 } from "../../ffi/web.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import { mapOpened } from "./file.ts";
import type { Mmap } from "../mmap.ts";
import { checkStrictHint } from "../placing/placement.ts";
import type { MmapSettings } from "../checks/settings.ts";
import { checkSupported } from "../checks/unsupported_settings.ts";
import { checkStack } from "../checks/call_stack.ts";
import { type All, checkOptions, describe, flag, oneOf } from "../checks/arguments.ts";

/** Whether shared memory must be there, must not, or can. */
export type SharedMode = "open" | "create" | "open-or-create";

/** How {@linkcode MmapOptions.mapShared} finds its memory. */
export interface SharedOptions {
  /**
   * `"open"` maps what is there, `"create"` makes it, `"open-or-create"` makes
   * it where it is not there. Default: `"open"`.
   */
  readonly mode?: SharedMode | undefined;
  /**
   * Whether memory is mapped, too, that belongs to another user, or that its mode lets
   * others store to (as `chmod go+w` does): the owner can change and remove it, and whoever
   * may store to it decides what this program loads. Root gets no other user's memory
   * without it, either. Windows tells nobody whose memory is, and has no use for it.
   * Default: `false`.
   */
  readonly foreign?: boolean | undefined;
}

interface CheckedOptions {
  readonly mode: SharedMode;
  readonly foreign: boolean;
}

const DEFAULTS: All<SharedOptions> = { mode: "open", foreign: false };
const MODES: readonly SharedMode[] = ["open", "create", "open-or-create"];
const KIND = { access: "read-write", source: "shared file" } as const;

/** What file systems, and their users, take for a name at most. */
const MAX_NAME_BYTE_LENGTH = 255;
/** `S_IWGRP | S_IWOTH`: {@link https://man7.org/linux/man-pages/man7/inode.7.html} */
const STORED_BY_OTHERS = 0o022;
/** How often memory is looked for, and made, that others remove and make meanwhile. */
const ATTEMPTS = 100;

type Advice = Readonly<Record<string, string>>;

const ADVICE: Advice = {
  EROFS: "the folder of shared memory is mounted read-only",
  ELOOP: "what has this name is a symbolic link, which is not followed",
  EISDIR: "what has this name is a directory",
  ENXIO: "what has this name is no memory, but a socket or a device",
  ESPIPE: "what has this name is no memory, but a pipe",
};
const OPEN_ADVICE: Advice = {
  EACCES: "it belongs to another user, who lets nobody else have it",
};
const FOLDER_ADVICE: Advice = {
  EACCES: "this user may not make or remove files in the folder of shared memory",
};
const REMOVE_ADVICE: Advice = {
  ...FOLDER_ADVICE,
  EPERM: "it belongs to another user, or the system forbids it",
};

/** Maps memory of a name: {@linkcode MmapOptions.mapShared}. */
export function mapShared(
  name: string,
  options: SharedOptions,
  settings: MmapSettings,
  request: MapRequest,
): Mmap {
  const checkedOptions = optionsOf(options);
  const { mode } = checkedOptions;
  const checked = checkedName(name);
  checkSupported(settings, "shared");
  if (mode === "create" && settings.len === 0) throw new RangeError(NO_LENGTH);
  const system = host();
  if (request.strict) checkStrictHint(request.hint, system.os.allocationGranularity);
  const path = pathOf(system, checked);
  if (path !== undefined) runtimeFiles().permit(path, ["read", "write"]);
  checkStack(); // what is open, or mapped and without a name yet, is not lost on the way
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const mmap =
      (mode === "create" ? undefined : open(system, checked, checkedOptions, settings, request)) ??
        (mode === "open" ? undefined : create(system, checked, mode, settings, request));
    if (mmap !== undefined) return mmap;
  }
  throw new MmapError(
    `Other processes make and remove shared memory ${words(checked)} all the time: try again`,
    { code: "EAGAIN" },
  );
}

/**
 * Removes the name of shared memory. Who has it mapped keeps it, and goes on
 * sharing it; the memory is gone when nobody has. The name can be given to other
 * memory at once.
 *
 * Linux: removes the file of that name in `/dev/shm`, as
 * [`shm_unlink`](https://man7.org/linux/man-pages/man3/shm_unlink.3.html) does. macOS:
 * removes the file `sysalloc-<name>` in the user's temporary folder. Windows: does
 * nothing, and never throws for a name that is not there; a name is gone there when
 * nobody has its memory mapped or open any more.
 *
 * @param name The name: see {@linkcode MmapOptions.mapShared}.
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is no name of shared memory.
 * @throws {MmapError} `ENOENT` if there is none of that name; `EACCES` or `EPERM` if it
 * belongs to another user.
 * @throws {Error} As {@linkcode MmapOptions.mapAnon} does; in Deno `NotCapable` without
 * `--allow-write` for the file, and in Node.js with `--permission` `ERR_ACCESS_DENIED` without
 * `--allow-fs-write`.
 *
 * @example The last one to know of it
 * ```ts
 * import { MmapOptions, removeShared } from "@sysalloc/sysalloc";
 *
 * const name = `scratch-${crypto.randomUUID()}`;
 * using mmap = new MmapOptions({ len: 4096 }).mapShared(name, { mode: "create" });
 * removeShared(name); // nobody else can open it from here on
 * mmap.bytes[0] = 42;
 * ```
 */
export function removeShared(name: string): void {
  const checked = checkedName(name);
  const system = host();
  const path = pathOf(system, checked);
  if (path !== undefined) runtimeFiles().permit(path, ["write"]);
  const failure = system.os.named.remove?.(checked);
  if (failure === undefined) return;
  if (failure.code === "ENOENT") {
    throw missing(checked, "it was removed before, or never made", failure);
  }
  throw refusedWith(`to remove shared memory ${words(checked)}`, failure, REMOVE_ADVICE);
}

/** Where a file or folder is missing that memory is made with. */
const GONE = "the folder of shared memory is not there, or something has removed the file in it " +
  "that was to get this name";
const NO_LENGTH = "The length (len) of shared memory that is made must be greater than 0";

/** Opens and maps what is there; `undefined` where it is not and can be made. */
function open(
  system: Host,
  name: string,
  { mode, foreign }: CheckedOptions,
  settings: MmapSettings,
  request: MapRequest,
): Mmap | undefined {
  const { named, files } = system.os;
  const found = named.open(name);
  if (isFailure(found)) {
    if (found.code !== "ENOENT") throw notOpened(system, name, found);
    if (mode === "open") throw missing(name, 'make it, or use the mode "open-or-create"', found);
    return undefined;
  }
  const { file, byteLength, owner } = found;
  const refusal = owner === undefined || foreign ? undefined : refusedOwner(name, owner);
  if (refusal !== undefined) {
    files.close(file);
    throw refusal;
  }
  if (byteLength === 0) {
    files.close(file);
    throw new MmapError(
      `The shared memory ${words(name)} has no length yet: who makes it is not done, so try ` +
        "again; where that process is gone, remove the memory by removeShared()",
      { code: "EAGAIN" },
    );
  }
  const opened = { file, own: file, name: `shared memory ${words(name)}`, byteLength };
  return mapOpened(system, opened, KIND, settings, request, {
    name: hashOf(name),
    isKeptOpen: named.isKeptOpen,
    publish: undefined,
  });
}

/** The error where memory is another user's, or others may store to it. */
function refusedOwner(name: string, { user, self, mode }: Owner): MmapError | undefined {
  const isOwn = user === self;
  if (isOwn && (mode & STORED_BY_OTHERS) === 0) return undefined;
  return new MmapError(
    `The shared memory ${words(name)} ` +
      (isOwn
        ? `can be stored to by other users (its mode is ${octal(mode)})`
        : `belongs to user ${user}, and this process runs as user ${self}`) +
      ": if what they store is to be trusted, map it with { foreign: true }",
    { code: "EACCES" },
  );
}

/** The error where it cannot be opened, which tells whose it is. */
function notOpened({ os: { named } }: Host, name: string, failure: AdvisedFailure): MmapError {
  const asked = `to open shared memory ${words(name)}`;
  const owner = failure.code === "EACCES" ? named.ownerOf?.(name) : undefined;
  if (owner === undefined || isFailure(owner)) return refusedWith(asked, failure, OPEN_ADVICE);
  const { user, self, mode } = owner;
  const advice = user === self
    ? `its mode ${
      octal(mode)
    } does not let this user, whose it is, load and store: change it (chmod u+rw)`
    : `it belongs to user ${user}, and its mode ${
      octal(mode)
    } does not let user ${self}, as whom ` +
      "this process runs, load and store: run as that user, or have that user change the mode";
  return systemError(asked, { ...failure, advice });
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** Makes and maps it; `undefined` where it is there and can be opened. */
function create(
  system: Host,
  name: string,
  mode: SharedMode,
  settings: MmapSettings,
  request: MapRequest,
): Mmap | undefined {
  const { named } = system.os;
  const { len: byteLength, noReserve } = settings;
  if (byteLength === 0) {
    throw new RangeError(`${NO_LENGTH}, and ${words(name)} is not there to be opened`);
  }
  const refusal = (failure: AdvisedFailure) =>
    refusedWith(
      `to make shared memory ${words(name)} of ${byteLength} bytes`,
      // That is no name without memory.
      failure.code === "ENOENT" ? meaning(failure, "ENOTSUP", GONE) : failure,
      FOLDER_ADVICE,
    );
  let isTaken = false;
  const made = named.create(name, byteLength, !noReserve);
  if (isFailure(made)) {
    if (made.code !== "EEXIST" || own(made, "advice") !== undefined) throw refusal(made);
    isTaken = true;
  } else {
    const { file, discard } = made;
    const publish = () => {
      const failure = made.publish?.();
      isTaken = failure?.code === "EEXIST";
      return failure && refusal(failure);
    };
    const opened = { file, own: file, name: `shared memory ${words(name)}`, byteLength };
    const use = {
      name: hashOf(name),
      isKeptOpen: named.isKeptOpen,
      publish: made.publish && publish,
    };
    let isDone = false;
    try {
      const mmap = mapOpened(system, opened, KIND, settings, request, use);
      isDone = true;
      return mmap;
    } catch (error) {
      // Where unmapping was refused too, that is the error.
      if (!isTaken || !(error instanceof MmapError) || error.code !== "EEXIST") throw error;
    } finally {
      if (!isDone) discard?.();
    }
  }
  if (mode === "open-or-create") return undefined;
  throw new MmapError(
    `There is shared memory ${words(name)} already: open it, or remove it by removeShared()`,
    { code: "EEXIST" },
  );
}

function pathOf({ os: { named } }: Host, name: string): string | undefined {
  const path = named.pathOf?.(name);
  if (typeof path !== "object") return path;
  throw systemError(`to tell where shared memory ${words(name)} is`, path);
}

function missing(name: string, advice: string, { syscall, osError }: Failure): MmapError {
  return new MmapError(`There is no shared memory ${words(name)}: ${advice}`, {
    code: "ENOENT",
    syscall,
    osError,
  });
}

function refusedWith(asked: string, failure: AdvisedFailure, more: Advice): MmapError {
  const { code } = failure;
  const advice = own<AdvisedFailure, "advice">(failure, "advice") ?? own(more, code);
  return systemError(asked, failure, undefined, advice ?? own(ADVICE, code));
}

function words(name: string): string {
  return JSON.stringify(name);
}

/** FNV-1a, of 64 bits: {@link https://datatracker.ietf.org/doc/draft-eastlake-fnv/} */
function hashOf(name: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of utf8(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return hash;
}

function optionsOf(options: SharedOptions): CheckedOptions {
  const { mode = "open", foreign = false } = checkOptions(options, DEFAULTS);
  oneOf(MODES, mode, "The mode");
  return { mode, foreign: flag(foreign, "The option foreign") };
}

/** A name that every system can have. The slash that C programs start it with is not a part of it. */
function checkedName(value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`The name must be a string, got ${describe(value)}`);
  }
  const name = value.replace(/^\//, "");
  const flaw = flawOf(name);
  if (flaw === undefined) return name;
  throw new RangeError(`The name of shared memory ${flaw}, got ${describe(value)}`);
}

function flawOf(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return 'must not be empty, "." or ".."';
  if (/[\\/\0]/.test(name)) {
    return "must have no slash but one at its start, no backslash and no NUL";
  }
  if (/\p{Surrogate}/u.test(name)) return "must be well-formed Unicode, without lone surrogates";
  const { length } = utf8(name);
  if (length <= MAX_NAME_BYTE_LENGTH) return undefined;
  return `must be at most ${MAX_NAME_BYTE_LENGTH} bytes long in UTF-8, and is ${length}`;
}
