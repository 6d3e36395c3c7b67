/**
 * Named memory on Linux: files in `/dev/shm`, like those of `shm_open`.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { OpenFile } from "../contract/files.ts";
import {
  type AdvisedFailure,
  type Failure,
  isFailure,
  meaning,
  refusal,
  UNSUPPORTED,
} from "../contract/memory.ts";
import type { NamedMemory } from "../contract/named.ts";
import { O_RDONLY, O_RDWR, POSIX } from "../posix/calls.ts";
import { type CLibrary, cString } from "../posix/library.ts";
import {
  makeTemporary,
  memoryStatus,
  MODE,
  type NewFile,
  prepare,
  removeName,
  setMode,
} from "../posix/named.ts";
import type { PosixStatus, StatusReader } from "../posix/status.ts";
import { posixTruncate } from "../posix/truncate.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  LINUX,
  O_CLOEXEC,
  O_PATH,
  processor,
  TMPFS_MAGIC,
} from "./calls.ts";
import { linuxMemory, refusedMemory } from "./control_groups.ts";
import { linuxFileGrowth } from "./file_growth.ts";
import { linuxFileSystems } from "./file_systems.ts";
import { anyText } from "./text.ts";

/** The folder in which the C library has named memory: {@link https://man7.org/linux/man-pages/man7/shm_overview.7.html} */
const FOLDER = "/dev/shm";
const NEEDED = `named memory needs a tmpfs there (mount -t tmpfs tmpfs ${FOLDER})`;
const HOW_TO_GET_SPACE =
  `remove names that are no longer used ("sysalloc shared"), or enlarge it ` +
  `(docker run --shm-size=SIZE, mount -o remount,size=SIZE ${FOLDER}); with noReserve(), stores ` +
  "are lost when it is full";
/** The longest memory that is set aside before its name is known to be free. */
const SHORT_BYTE_LENGTH = 65_536;
/**
 * The bytes that are set aside before the next look at how much is free, which takes 0.1 ms, if
 * {@linkcode AMPLE_BYTE_LENGTH} were left at the last look.
 */
const UNCHECKED_BYTE_LENGTH = 2 ** 22;
/** Room for the memory that the program itself and other threads get between two looks. */
const AMPLE_BYTE_LENGTH = 0x400_0000n; // 64 MiB
/**
 * The folder of links to open files. `linkat` needs such a link before Linux 6.10, where only root
 * may pass it a descriptor.
 */
const DESCRIPTORS = "/proc/self/fd";
/**
 * The errors of kernels, sandboxes (gVisor) and file systems that do not support files without a
 * name.
 */
const NO_UNNAMED: readonly string[] = ["ENOTSUP", "EISDIR", "EINVAL", "ENOSYS", "EPERM"];

/**
 * Opens the calls of named memory. A new file first has no name
 * ({@link https://man7.org/linux/man-pages/man2/open.2.html}, `O_TMPFILE`), and gets one when it
 * has its full length. So no other process finds a shorter file, and a process that ends before
 * leaves nothing. If the system lacks such files or `/proc`, the file first has a temporary name.
 */
export function linuxNamed(library: CLibrary, statuses: () => StatusReader): NamedMemory {
  const { open, openFile, failed, arch } = library;
  // Opened now: a failure to open one while memory is being made would leave it half made.
  const { close } = open(POSIX, "open", "close", "fchmod", "unlink");
  const { linkat } = open(LINUX, "fstatfs", "linkat");
  const growth = linuxFileGrowth(library);
  const truncate = lazily(() => posixTruncate(library));
  const { O_DIRECTORY, O_NOFOLLOW, O_TMPFILE } = processor(arch).flags;
  const fileSystemOf = lazily(() => linuxFileSystems(library));
  const shortageOf = linuxMemory(anyText(library));
  const pathOf = (name: string) => `${FOLDER}/${name}`;
  const empty = cString("");
  /** The device of the folder, once it is known to be in memory. */
  let memoryDevice: number | undefined;
  /** Whether an open file was found in {@linkcode DESCRIPTORS}. */
  let hasLinks = false;
  let uncheckedByteLength = 0;

  /** Changes a failure to say that the folder is missing, if it is. */
  const ofFolder = (failure: Failure): AdvisedFailure => {
    const isMissing = failure.code === "ENOENT" || failure.code === "ENOTDIR";
    return isMissing ? meaning(failure, "ENOTSUP", `there is no ${FOLDER}: ${NEEDED}`) : failure;
  };

  /** Reads the status of memory. Refuses files on a disk, to which stores would be written. */
  const statusOf = (file: OpenFile): PosixStatus | AdvisedFailure => {
    const status = memoryStatus(statuses(), file);
    if (isFailure(status) || status.device === memoryDevice) return status;
    const found = fileSystemOf()(file);
    if (isFailure(found)) return found;
    if (found.magic !== TMPFS_MAGIC) {
      return refusal("ENOTSUP", `${FOLDER} is not in memory: ${NEEDED}`);
    }
    memoryDevice = status.device;
    return status;
  };

  /**
   * Refuses a length for which there is too little memory. The kernel would reserve as much as it
   * can, and kill processes, including other ones, if no memory is left.
   */
  const checkRoom = (file: OpenFile, byteLength: number): AdvisedFailure | undefined => {
    uncheckedByteLength += byteLength;
    if (uncheckedByteLength < UNCHECKED_BYTE_LENGTH) return undefined;
    const found = fileSystemOf()(file);
    if (isFailure(found)) return found;
    const { free } = found;
    if (free !== undefined && BigInt(byteLength) > free) {
      return refusal("ENOSPC", `${FOLDER} has only ${free} bytes free: ${HOW_TO_GET_SPACE}`);
    }
    const length = BigInt(byteLength);
    if (shortageOf(length + AMPLE_BYTE_LENGTH) === undefined) {
      uncheckedByteLength = 0;
      return undefined;
    }
    const shortage = shortageOf(length);
    return shortage && refusedMemory(shortage, "make less, use noReserve()");
  };

  /** Sets memory aside, and makes the file that long. */
  const reserve = (
    file: OpenFile,
    start: number,
    byteLength: number,
  ): AdvisedFailure | undefined => {
    const failure = checkRoom(file, byteLength) ?? growth.allocate(file, start, byteLength);
    return failure?.syscall !== undefined && failure.code === "ENOSPC"
      ? { ...failure, advice: `${FOLDER} has no room for it: ${HOW_TO_GET_SPACE}` }
      : failure;
  };

  /** Opens a path with `O_PATH`, which needs no right to load or store. */
  const look = (path: string) => openFile(path, O_PATH | O_NOFOLLOW);

  const exists = (path: string): boolean => {
    const file = look(path);
    if (typeof file !== "number") return false;
    close(file);
    return true;
  };

  /** Makes a file without a name, which gets its name through its descriptor. */
  const makeUnnamed = (): NewFile | Failure => {
    const file = openFile(FOLDER, O_RDWR | O_TMPFILE, MODE);
    if (typeof file !== "number") return file;
    const link = `${DESCRIPTORS}/${file}`;
    hasLinks ||= exists(link);
    if (!hasLinks) {
      close(file);
      return UNSUPPORTED; // without a temporary name
    }
    return {
      file,
      publish(path) {
        const to = cString(path);
        if (linkat(file, empty, AT_FDCWD, to, AT_EMPTY_PATH) === 0) return undefined;
        const failure = failed("linkat");
        if (failure.code === "EEXIST") return failure;
        const result = linkat(AT_FDCWD, cString(link), AT_FDCWD, to, AT_SYMLINK_FOLLOW);
        return result === 0 ? undefined : failed("linkat");
      },
      discard: undefined,
    };
  };
  const make = (): NewFile | Failure => {
    const made = makeUnnamed();
    return isFailure(made) && NO_UNNAMED.includes(made.code)
      ? makeTemporary(library, `${FOLDER}/`, O_CLOEXEC)
      : made;
  };

  return {
    isKeptOpen: false,

    pathOf,

    open(name) {
      const file = openFile(pathOf(name), O_RDWR | O_NOFOLLOW);
      if (typeof file !== "number") {
        if (file.code !== "ENOENT") return file;
        const folder = openFile(FOLDER, O_RDONLY | O_DIRECTORY);
        if (typeof folder !== "number") return ofFolder(folder);
        close(folder);
        return file;
      }
      const found = statusOf(file);
      if (!isFailure(found)) {
        return { file, byteLength: found.byteLength, owner: statuses().ownerOf(found) };
      }
      close(file);
      return found;
    },

    ownerOf(name) {
      const file = look(pathOf(name));
      if (typeof file !== "number") return file;
      const { read, ownerOf } = statuses();
      const found = read(file);
      close(file);
      return isFailure(found) ? found : ownerOf(found);
    },

    create(name, byteLength, isReserved) {
      const path = pathOf(name);
      // Much memory is not set aside for a name that exists. Publishing also finds that name.
      const isMuch = isReserved && byteLength > SHORT_BYTE_LENGTH;
      if (isMuch && exists(path)) return refusal("EEXIST");
      const made = make();
      if (isFailure(made)) return ofFolder(made);
      const result = prepare(library, made, path, (file) => {
        const found = statusOf(file);
        if (isFailure(found)) return found;
        return (found.mode === MODE ? undefined : setMode(library, file)) ??
          (isReserved ? reserve(file, 0, byteLength) : truncate()(file, byteLength));
      });
      return isFailure(result) && !isMuch && exists(path) ? refusal("EEXIST") : result;
    },

    grow(file, byteLength, isReserved) {
      const found = statuses().read(file);
      if (isFailure(found)) return found;
      const before = found.byteLength;
      if (byteLength <= before) return undefined;
      return isReserved
        ? reserve(file, before, byteLength - before)
        : growth.extend(file, byteLength);
    },

    remove: (name) => removeName(library, pathOf(name)),
  };
}
