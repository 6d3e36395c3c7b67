/**
 * The calls of Linux and macOS on files, named memory and pipes.
 *
 * @module
 */
import type { Calls } from "./calls.ts";
import { FILE_IDENTITY, type Kernel, OVERWRITTEN, Refusal } from "./kernel.ts";
import type { StandIns } from "./runtime.ts";
import { cString, Reading, textOf } from "./texts.ts";

/** A file of shared memory that has no name yet. */
const UNNAMED = "shared memory without a name";

/** The text of `/proc/self/smaps`: longer than what is told at a time. */
const SMAPS = "10000-11000 rw-p 00000000 00:00 0 \nSize: 4 kB\nRss: 4 kB\n" +
  "Swap: 0 kB\n".repeat(100) +
  "12000-13000 r--s 00000000 08:01 7                  /a file\nSize: 4 kB\nRss: 0 kB\n";

/** Tells whether a path is one of shared memory. */
function isShared(path: string): boolean {
  return path.startsWith("/dev/shm/") || path.startsWith("/var/folders/");
}

/** Writes the `struct stat` of the file. */
export function writeStatus(kernel: Kernel, status: Uint8Array): void {
  const { owner: { user, mode }, kind, fileByteLength, blockByteLength } = kernel;
  const fields = new DataView(status.buffer);
  fields.setUint32(0, FILE_IDENTITY.device, true); // st_dev
  fields.setBigUint64(8, FILE_IDENTITY.inode, true); // st_ino
  // of macOS, and of Linux on x64
  for (const [modeAt, userAt, sizeAt, blockAt] of [[4, 16, 96, 112], [24, 28, 48, 56]] as const) {
    fields.setUint16(modeAt, kind | mode, true); // st_mode
    fields.setUint32(userAt, user, true); // st_uid
    fields.setBigInt64(sizeAt, BigInt(fileByteLength), true); // st_size
    fields.setUint32(blockAt, blockByteLength, true); // st_blksize
  }
}

export function fileCalls({ kernel, setError, failing, status }: Calls): StandIns {
  const [ENOENT, EINTR, EEXIST, EINVAL] = [2, 4, 17, 22];
  const { names } = kernel;
  const readings = new Map<number, Reading>();

  const giveName = (path: Uint8Array) => {
    if (names.has(textOf(path))) throw new Refusal(EEXIST);
    names.add(textOf(path));
  };
  const textAt = (path: string): string | undefined =>
    /^\/proc\/\w+\/s?maps$/.test(path) ? SMAPS : kernel.texts[path];

  return {
    ...failing(-1, {
      open(path: Uint8Array, flags: number) {
        const O_TMPFILE = 0x40_0000;
        const name = textOf(path);
        const text = textAt(name);
        if ((flags & O_TMPFILE) !== 0) {
          if (kernel.unnamedError !== undefined) throw new Refusal(kernel.unnamedError);
          return kernel.opened(UNNAMED);
        }
        if (text !== undefined) {
          const file = kernel.opened(name);
          readings.set(file, new Reading(text));
          return file;
        }
        if (name.startsWith("/sys/")) throw new Refusal(ENOENT);
        if (isShared(name) && !names.has(name)) throw new Refusal(ENOENT);
        return kernel.opened(isShared(name) ? "shared memory" : "file");
      },
      mkostemp(template: Uint8Array) {
        template.set(cString("1234567890"), template.length - 11);
        names.add(textOf(template));
        return kernel.opened(UNNAMED);
      },
      unlink: (path: Uint8Array) => names.delete(textOf(path)) ? 0 : -1,
    }),
    ...failing(-1n, {
      write: (_file: number, _source: bigint, byteLength: bigint) => byteLength,
      read(file: number, target: Uint8Array, byteLength: bigint) {
        if (kernel.open.get(file) !== "pipe") return readings.get(file)?.read(target) ?? 0n;
        if (kernel.installedCode === undefined) throw new Refusal(EINVAL);
        target.set(kernel.installedCode);
        return byteLength;
      },
    }),
    ...failing(0n, {
      confstr(_name: number, target: Uint8Array) {
        const folder = cString("/var/folders/zz/T/");
        target.set(folder);
        return BigInt(folder.length);
      },
    }),
    ...status({
      "fstat": (_file: number, target: Uint8Array) => writeStatus(kernel, target),
      "fstat$INODE64": (_file: number, target: Uint8Array) => writeStatus(kernel, target),
      stat: (_path: Uint8Array, target: Uint8Array) => writeStatus(kernel, target),
      "stat$INODE64": (_path: Uint8Array, target: Uint8Array) => writeStatus(kernel, target),
      fstatfs(file: number, target: Uint8Array) {
        const TMPFS_MAGIC = 0x0102_1994n;
        const isInMemory = kernel.open.get(file) !== "file";
        const fields = new BigUint64Array(target.buffer);
        fields[0] = isInMemory ? TMPFS_MAGIC : kernel.fileSystem;
        [fields[1], fields[2], fields[4]] = [4096n, 2n ** 20n, 2n ** 19n]; // half is free
      },
      fchmod() {},
      fallocate(file: number, _mode: number, start: bigint, byteLength: bigint) {
        if (kernel.interrupts(Number(byteLength))) throw new Refusal(EINTR);
        const end = start + byteLength;
        if (end > (kernel.fileLimit ?? end)) throw new Error("SIGXFSZ");
        if (kernel.open.get(file) === UNNAMED) return;
        kernel.fileByteLength = Math.max(kernel.fileByteLength, Number(end));
      },
      link: (_from: Uint8Array, path: Uint8Array) => giveName(path),
      linkat(_from: number, file: Uint8Array, _to: number, path: Uint8Array) {
        if (textOf(file) === "" && !kernel.linksDescriptors) throw new Refusal(ENOENT);
        giveName(path);
      },
      ftruncate(file: number, byteLength: bigint) {
        if (byteLength > (kernel.fileLimit ?? byteLength)) throw new Error("SIGXFSZ");
        if (kernel.open.get(file) !== UNNAMED) kernel.fileByteLength = Number(byteLength);
      },
      pipe2(ends: Uint8Array) {
        const files = [kernel.opened("pipe"), kernel.opened("pipe")];
        new Int32Array(ends.buffer, ends.byteOffset, 2).set(files);
      },
    }),
    /** Closes the descriptor also where that fails. */
    close(file: number) {
      const error = kernel.called("close");
      setError(error ?? OVERWRITTEN);
      kernel.closed(file);
      return error === undefined ? 0 : -1;
    },
    getrlimit(resource: number, limits: Uint8Array) {
      const RLIMIT_FSIZE = 1;
      if (resource !== RLIMIT_FSIZE || kernel.fileLimit === undefined) return -1;
      new BigUint64Array(limits.buffer, limits.byteOffset, 2).fill(kernel.fileLimit);
      return 0;
    },
    poll: () => 0,
    getpid: () => 1234,
    geteuid: () => 1000,
  };
}
