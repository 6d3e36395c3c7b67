/**
 * Memory that processes share by its name: opening, creating, and its owner.
 *
 * @module
 */
import { type Host, host, runtimeFiles } from "../../ffi/host.ts";
import {
  type AdvisedFailure,
  isFailure,
  type MapRequest,
  meaning,
} from "../../ffi/os/contract/memory.ts";
import type { OpenFile } from "../../ffi/os/contract/files.ts";
import type { Owner } from "../../ffi/os/contract/named.ts";
import { own } from "../../ffi/own.ts";
import { checkOptions, type Defaults, flag, oneOf } from "../checks/arguments.ts";
import { checkStack } from "../checks/call_stack.ts";
import { MmapError, systemError } from "../checks/errors.ts";
import type { MmapSettings } from "../checks/settings.ts";
import { checkSupported } from "../checks/unsupported_settings.ts";
import type { Mmap } from "../mmap.ts";
import { checkStrictHint } from "../placing/placement.ts";
import { mapOpened } from "./file.ts";
import type { EngineTarget } from "./into.ts";
import type { OpenedFile } from "./opening.ts";
import {
  checkedName,
  fileOf,
  FOLDER_ADVICE,
  hashOf,
  missingError,
  nameError,
  OPEN_ADVICE,
  quoted,
} from "./shared_name.ts";

/** Whether shared memory must exist, must not exist, or is created if it does not exist. */
export type SharedMode = "open" | "create" | "open-or-create";

/** Options of {@linkcode MmapOptions.mapShared}. */
export interface SharedOptions {
  /**
   * `"open"` maps existing memory, `"create"` creates it, and `"open-or-create"` creates it if it
   * does not exist. Default: `"open"`.
   */
  readonly mode?: SharedMode | undefined;
  /**
   * Whether to map memory that belongs to another user, or that other users may store to (`chmod
   * go+w`). The owner can change and remove the memory, and everyone who may store to it decides
   * what this program loads. Root needs the option too. It has no effect on Windows, where the
   * owner is unknown. Default: `false`.
   */
  readonly foreign?: boolean | undefined;
}

interface CheckedOptions {
  readonly mode: SharedMode;
  readonly foreign: boolean;
}

const DEFAULTS = { mode: "open", foreign: false } as const satisfies Defaults<SharedOptions>;
const MODES: readonly SharedMode[] = ["open", "create", "open-or-create"];
const KIND = { access: "read-write", source: "shared file" } as const;

/** `S_IWGRP | S_IWOTH`: {@link https://man7.org/linux/man-pages/man7/inode.7.html} */
const STORED_BY_OTHERS = 0o022;
/** The number of attempts while others create and remove the memory. */
const ATTEMPTS = 100;

/** Maps named memory: {@linkcode MmapOptions.mapShared}. */
export function mapShared(
  name: string,
  options: SharedOptions,
  settings: MmapSettings,
  request: MapRequest,
  target: EngineTarget | undefined,
): Mmap {
  const checkedOptions = sharedOptions(options);
  const { mode } = checkedOptions;
  const checked = checkedName(name);
  checkSupported(settings, "shared", target !== undefined);
  if (mode === "create" && settings.len === 0) throw new RangeError(`${NO_LENGTH}: set len()`);
  const system = host();
  if (settings.capacity !== 0 && system.os.named.grow === undefined) {
    throw new MmapError(
      "This system cannot make named memory longer: drop capacity()",
      { code: "ENOTSUP" },
    );
  }
  if (request.strict) checkStrictHint(request.hint, system.os.allocationGranularity);
  const path = fileOf(system, checked);
  if (path !== undefined) runtimeFiles().permit(path, ["read", "write"]);
  checkStack(); // a file or a mapping must not be lost midway
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const mmap = (mode === "create"
      ? undefined
      : openNamed(system, checked, checkedOptions, settings, request, target)) ??
      (mode === "open"
        ? undefined
        : createNamed(system, checked, mode, settings, request, target));
    if (mmap !== undefined) {
      return mmap;
    }
  }
  throw new MmapError(
    `Other processes keep creating and removing shared memory ${quoted(checked)}: try again`,
    { code: "EAGAIN" },
  );
}

const GONE = "the folder of shared memory does not exist, or another program removed the file in " +
  "it before it got this name";
const NO_LENGTH = "The length (len) of new shared memory must be greater than 0";

/** Opens and maps existing memory; `undefined` if it does not exist and may be created. */
function openNamed(
  system: Host,
  name: string,
  { mode, foreign }: CheckedOptions,
  settings: MmapSettings,
  request: MapRequest,
  target: EngineTarget | undefined,
): Mmap | undefined {
  const { named, files } = system.os;
  const found = named.open(name);
  if (isFailure(found)) {
    if (found.code !== "ENOENT") throw openError(system, name, found);
    if (mode === "open") {
      throw missingError(name, 'create it, or use the mode "open-or-create"', found);
    }
    return undefined;
  }
  const { file, byteLength, owner } = found;
  const refusal = owner === undefined || foreign ? undefined : ownerError(name, owner);
  if (refusal !== undefined) {
    files.close(file);
    throw refusal;
  }
  if (byteLength === 0) {
    files.close(file);
    throw new MmapError(
      `The shared memory ${quoted(name)} has no length yet, because another program is creating ` +
        "it: try again, or call removeShared() if that program has ended",
      { code: "EAGAIN" },
    );
  }
  if (settings.len > byteLength) {
    files.close(file);
    throw new RangeError(
      `The shared memory ${quoted(name)} is ${byteLength} bytes long, and len() is ` +
        `${settings.len}: drop len(), or make the memory again after removeShared()`,
    );
  }
  const opened = openedMemory(file, name, byteLength);
  return mapOpened(system, opened, KIND, settings, request, target, {
    name: hashOf(name),
    isKeptOpen: named.isKeptOpen,
    publish: undefined,
  });
}

function openedMemory(file: OpenFile, name: string, byteLength: number): OpenedFile {
  const described = `shared memory ${quoted(name)}`;
  return { file, ownFile: file, name: described, byteLength, hasHugePages: false };
}

/** The error for memory that another user owns or may store to. */
function ownerError(name: string, { user, self, mode }: Owner): MmapError | undefined {
  const isOwn = user === self;
  if (isOwn && (mode & STORED_BY_OTHERS) === 0) return undefined;
  return new MmapError(
    `The shared memory ${quoted(name)} ` +
      (isOwn
        ? `can be stored to by other users (its mode is ${octal(mode)})`
        : `belongs to user ${user}, and this process runs as user ${self}`) +
      ": if you trust them, map it with { foreign: true }",
    { code: "EACCES" },
  );
}

/** The error for memory that cannot be opened. The message names its owner. */
function openError({ os: { named } }: Host, name: string, failure: AdvisedFailure): MmapError {
  const asked = `to open shared memory ${quoted(name)}`;
  const owner = failure.code === "EACCES" ? named.ownerOf?.(name) : undefined;
  if (owner === undefined || isFailure(owner)) return nameError(asked, failure, OPEN_ADVICE);
  const { user, self, mode } = owner;
  const advice = user === self
    ? `its mode is ${octal(mode)}, which lets not even its owner read and write: use chmod u+rw`
    : `it belongs to user ${user}, and its mode, ${octal(mode)}, does not let user ${self} read ` +
      "and write: run as its owner, or ask the owner to change the mode";
  return systemError(asked, { ...failure, advice });
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** Creates and maps memory; `undefined` if it exists and may be opened. */
function createNamed(
  system: Host,
  name: string,
  mode: SharedMode,
  settings: MmapSettings,
  request: MapRequest,
  target: EngineTarget | undefined,
): Mmap | undefined {
  const { named } = system.os;
  const { len: byteLength, noReserve } = settings;
  if (byteLength === 0) {
    throw new RangeError(
      `${NO_LENGTH}, and there is no shared memory ${quoted(name)} to open: set len()`,
    );
  }
  const refusal = (failure: AdvisedFailure) =>
    nameError(
      `to create shared memory ${quoted(name)} of ${byteLength} bytes`,
      // The folder is missing, not the memory.
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
    const opened = openedMemory(file, name, byteLength);
    const use = {
      name: hashOf(name),
      isKeptOpen: named.isKeptOpen,
      publish: made.publish && publish,
    };
    let isDone = false;
    try {
      const mmap = mapOpened(system, opened, KIND, settings, request, target, use);
      isDone = true;
      return mmap;
    } catch (error) {
      // If unmapping was refused too, that is the error.
      if (!isTaken || !(error instanceof MmapError) || error.code !== "EEXIST") throw error;
    } finally {
      if (!isDone) discard?.();
    }
  }
  if (mode === "open-or-create") return undefined;
  throw new MmapError(
    `There is shared memory ${quoted(name)} already: open it, or remove it by removeShared()`,
    { code: "EEXIST" },
  );
}

function sharedOptions(options: SharedOptions): CheckedOptions {
  const { mode, foreign } = checkOptions(options, DEFAULTS);
  oneOf(MODES, mode, "The mode");
  return { mode, foreign: flag(foreign, "The option foreign") };
}
