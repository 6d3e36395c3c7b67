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
} from "../posix/named.ts";
import type { PosixStatus, StatusReader } from "../posix/status.ts";
import {
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
import { type FileSystem, linuxFileSystems } from "./file_systems.ts";
import { anyText } from "./text.ts";

/** The folder in which the C library has named memory: {@link https://man7.org/linux/man-pages/man7/shm_overview.7.html} */
const FOLDER = "/dev/shm";
const NEEDED = `named memory needs a tmpfs there (mount -t tmpfs tmpfs ${FOLDER})`;
const HOW_TO_GET_SPACE =
  `remove names that are no longer used ("sysalloc shared"), or enlarge it ` +
  `(docker run --shm-size=SIZE, mount -o remount,size=SIZE ${FOLDER}); with noReserve(), stores ` +
  "are lost when it is full";
/**
 * The folder of links to open files. `linkat` needs such a link, because only root may pass it a
 * descriptor.
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
export function linuxNamed(library: CLibrary, status: () => StatusReader): NamedMemory {
  const { open, openFile, failed, arch } = library;
  // Opened now: a failure to open one while memory is being made would leave it half made.
  const { close } = open(POSIX, "open", "close", "fchmod", "unlink");
  const { linkat } = open(LINUX, "fstatfs", "linkat");
  const growth = linuxFileGrowth(library);
  const { O_DIRECTORY, O_NOFOLLOW, O_TMPFILE } = processor(arch).flags;
  const fileSystemOf = lazily(() => linuxFileSystems(library));
  const shortageOf = linuxMemory(anyText(library));
  const pathOf = (name: string) => `${FOLDER}/${name}`;

  /** Changes a failure to say that the folder is missing, if it is. */
  const ofFolder = (failure: Failure): AdvisedFailure => {
    const isMissing = failure.code === "ENOENT" || failure.code === "ENOTDIR";
    return isMissing ? meaning(failure, "ENOTSUP", `there is no ${FOLDER}: ${NEEDED}`) : failure;
  };

  /** Refuses files that are not in memory, because stores would be written to a disk. */
  const inMemory = (file: OpenFile): FileSystem | AdvisedFailure => {
    const found = fileSystemOf()(file);
    return isFailure(found) || found.magic === TMPFS_MAGIC
      ? found
      : refusal("ENOTSUP", `${FOLDER} is not in memory: ${NEEDED}`);
  };

  /**
   * Refuses a length for which there is too little memory. The kernel would reserve as much as it
   * can, and kill processes, including other ones, if no memory is left.
   */
  const checkRoom = ({ free }: FileSystem, byteLength: bigint): AdvisedFailure | undefined => {
    if (free !== undefined && byteLength > free) {
      return refusal("ENOSPC", `${FOLDER} has only ${free} bytes free: ${HOW_TO_GET_SPACE}`);
    }
    const shortage = shortageOf(byteLength);
    return shortage && refusedMemory(shortage, "make less, use noReserve()");
  };

  const reserve = (
    fileSystem: FileSystem | AdvisedFailure,
    file: OpenFile,
    start: number,
    byteLength: number,
  ): AdvisedFailure | undefined => {
    if (isFailure(fileSystem)) return fileSystem as AdvisedFailure;
    const failure = checkRoom(fileSystem, BigInt(byteLength)) ??
      growth.allocate(file, start, byteLength);
    return failure?.syscall !== undefined && failure.code === "ENOSPC"
      ? { ...failure, advice: `${FOLDER} has no room for it: ${HOW_TO_GET_SPACE}` }
      : failure;
  };

  /** Makes a file without a name, which gets its name through its descriptor. */
  const makeUnnamed = (): NewFile | Failure => {
    const file = openFile(FOLDER, O_RDWR | O_TMPFILE, MODE);
    if (typeof file !== "number") return file;
    const link = `${DESCRIPTORS}/${file}`;
    const found = openFile(link, O_PATH | O_NOFOLLOW);
    if (typeof found !== "number") {
      close(file);
      return UNSUPPORTED; // without a temporary name
    }
    close(found);
    return {
      file,
      publish(path) {
        const from = cString(link);
        const result = linkat(AT_FDCWD, from, AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW);
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

  /** Opens named memory with `O_PATH`, which needs no right to load or store. */
  const look = (name: string) => openFile(pathOf(name), O_PATH | O_NOFOLLOW);

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
      const found = memoryStatus(status(), file);
      const failure = isFailure(found) ? found : asFailure(inMemory(file));
      if (failure === undefined) {
        const { byteLength } = found as PosixStatus;
        return { file, byteLength, owner: status().ownerOf(found as PosixStatus) };
      }
      close(file);
      return failure;
    },

    ownerOf(name) {
      const file = look(name);
      if (typeof file !== "number") return file;
      const { read, ownerOf } = status();
      const found = read(file);
      close(file);
      return isFailure(found) ? found : ownerOf(found);
    },

    create(name, byteLength, isReserved) {
      // Checked first, so that no memory is reserved for a name that exists.
      const taken = look(name);
      if (typeof taken === "number") {
        close(taken);
        return refusal("EEXIST");
      }
      const made = make();
      if (isFailure(made)) return ofFolder(made);
      let fileSystem: FileSystem | AdvisedFailure;
      return prepare(
        library,
        made,
        pathOf(name),
        byteLength,
        (file) => asFailure(fileSystem = inMemory(file)),
        (file) => isReserved ? reserve(fileSystem, file, 0, byteLength) : undefined,
      );
    },

    grow(file, byteLength, isReserved) {
      const found = status().read(file);
      if (isFailure(found)) return found;
      const before = found.byteLength;
      if (byteLength <= before) return undefined;
      return isReserved
        ? reserve(inMemory(file), file, before, byteLength - before)
        : growth.extend(file, byteLength);
    },

    remove: (name) => removeName(library, pathOf(name)),
  };
}

function asFailure<F extends Failure>(result: FileSystem | F): F | undefined {
  return isFailure(result) ? result as F : undefined;
}
