/**
 * Simulated Linux and macOS.
 *
 * @module
 */
import type { Os } from "../../ffi/os/contract/os.ts";
import { type FakeRuntime, GROWTH, OVERWRITTEN } from "./fake_runtime.ts";
import {
  Account,
  FILE_IDENTITY,
  GRANULE,
  PAGE,
  Refusal,
  SimulatedRuntime,
  type SimulatedSystem,
} from "./simulated_account.ts";

const MAP_FAILED = 2n ** 64n - 1n;
const ERRNO_ADDRESS = 0x7f12_3456_789cn;
const EINVAL = 22;
const ENOENT = 2;
const ETIMEDOUT = 110;
/** The numbers of the system calls that have no function, and the name that a failure has. */
const SYSTEM_CALLS: ReadonlyMap<bigint, string> = new Map([
  [5n, "fstat"],
  [202n, "futex"],
  [186n, "gettid"],
  [325n, "mlock2"],
]);

/** What `/proc/self/smaps` is said to hold, as it comes. */
const SMAPS = [
  "10000-11000 rw-p 00000000 00:00 0 \nSize: 4 kB\nRss: 4 kB\n",
  "12000-13000 r--s 00000000 08:01 7                  /a file\nSize: 4 kB\nRss: 0 kB\n",
];

/** Opens such a system. */
export function simulatedPosix(open: (runtime: FakeRuntime) => Os): SimulatedSystem {
  const account = new Account();
  const errno = new Int32Array([OVERWRITTEN]);
  const owned = (address: bigint, byteLength: bigint) => (account.own(address, byteLength), 0);
  let handler = 0n;
  const unread: string[] = [];
  /** What is left to read of files of the kernel's. */
  const untold = new Map<number, string>();
  let time = 0n;
  let sleepers = 0;

  /** Moves pages, or takes more, or (`keeps`) leaves the range as if it had never been stored to. */
  const move = (
    from: bigint,
    byteLength: bigint,
    to: bigint,
    newByteLength: bigint,
    keeps: boolean,
  ) => {
    const [state] = account.states(from, byteLength);
    if (!keeps) account.unmap(from, byteLength);
    return account.map(to, newByteLength, state!, to !== 0n);
  };

  const extend = (from: bigint, byteLength: bigint, newByteLength: bigint) => {
    const ENOMEM = 12;
    const [state] = account.states(from, byteLength);
    const behind = account.map(from + byteLength, newByteLength - byteLength, state!);
    if (behind === from + byteLength) return from;
    account.unmap(behind, newByteLength - byteLength);
    throw new Refusal(ENOMEM);
  };

  const identify = (_file: number, status: Uint8Array) => {
    const fields = new DataView(status.buffer);
    fields.setUint32(0, FILE_IDENTITY.device, true); // st_dev
    fields.setBigUint64(8, FILE_IDENTITY.inode, true); // st_ino
    const { user, mode } = account.owner;
    const S_IFREG = 0o100_000;
    for (const [at, userAt] of [[4, 16], [24, 28]] as const) { // of macOS, and of Linux on x64
      fields.setUint16(at, S_IFREG | mode, true); // st_mode
      fields.setUint32(userAt, user, true); // st_uid
    }
    return 0;
  };

  /** Gives a name, unless it is taken. */
  const named = (path: string) => {
    const EEXIST = 17;
    if (account.names.has(path)) throw new Refusal(EEXIST);
    account.names.add(path);
    return 0;
  };

  const standIns = {
    ...account.failable((error) => errno[0] = error || OVERWRITTEN, {
      mmap: [
        MAP_FAILED,
        (
          address: bigint,
          byteLength: bigint,
          protection: number,
          flags: number,
          file: number,
          offset: bigint,
        ) => {
          const [MAP_SHARED, MAP_FIXED, MAP_HUGETLB] = [0x1, 0x10, 0x40000];
          const isFixed = (flags & MAP_FIXED) !== 0;
          if (isFixed) account.own(address, byteLength);
          const what = file === -1 ? "anonymous" : `file at ${offset}`;
          const kind = ((flags & MAP_SHARED) !== 0 ? "shared " : "") +
            ((flags & MAP_HUGETLB) !== 0 ? "huge " : "");
          return account.map(address, byteLength, `${kind}${what} ${protection}`, isFixed);
        },
      ],
      munmap: [-1, (address: bigint, byteLength: bigint) => {
        account.unmap(address, byteLength);
        return 0;
      }],
      mremap: [
        MAP_FAILED,
        (
          address: bigint,
          byteLength: bigint,
          newByteLength: bigint,
          flags: number,
          target: bigint,
        ) => {
          const [MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP] = [1, 2, 4];
          if ((flags & MREMAP_MAYMOVE) === 0) return extend(address, byteLength, newByteLength);
          const to = (flags & MREMAP_FIXED) === 0 ? 0n : target;
          if (to !== 0n) account.own(to, newByteLength);
          if (byteLength === 0n) return move(address, newByteLength, to, newByteLength, true);
          const keeps = (flags & MREMAP_DONTUNMAP) !== 0;
          return move(address, byteLength, to, newByteLength, keeps);
        },
      ],
      mprotect: [-1, (address: bigint, byteLength: bigint, protection: number) => {
        account.change(address, byteLength, (state) => state.replace(/\d+$/, String(protection)));
        return 0;
      }],
      madvise: [-1, (address: bigint, byteLength: bigint, advice: number) => {
        const MADV_DONTNEED = 4;
        account.own(address, byteLength);
        if (advice === MADV_DONTNEED && account.isLocked(address, byteLength)) {
          throw new Refusal(EINVAL);
        }
        return 0;
      }],
      mlock: [-1, (address: bigint, byteLength: bigint) => {
        account.lock(address, byteLength, true);
        return 0;
      }],
      munlock: [-1, (address: bigint, byteLength: bigint) => {
        account.lock(address, byteLength, false);
        return 0;
      }],
      os_sync_wait_on_address_with_timeout: [-1, () => 0],
      mincore: [-1, owned],
      msync: [-1, owned],
      prctl: [
        -1,
        (_operation: number, _kind: bigint, address: bigint, byteLength: bigint) =>
          owned(address, byteLength),
      ],
      open: [-1, (path: Uint8Array, flags: number) => {
        const name = textOf(path);
        const [O_TMPFILE, ENOENT] = [0x40_0000, 2];
        if (/^\/proc\/\w+\/s?maps$/.test(name)) {
          unread.splice(0, unread.length, ...SMAPS);
          return account.opened("maps");
        }
        if ((flags & O_TMPFILE) !== 0) {
          if (account.unnamedError !== undefined) throw new Refusal(account.unnamedError);
          return account.opened(UNNAMED);
        }
        if (name in account.texts) {
          const file = account.opened(name);
          untold.set(file, account.texts[name]!);
          return file;
        }
        if (name.startsWith("/sys/")) throw new Refusal(ENOENT);
        if (isShared(name) && !account.names.has(name)) throw new Refusal(ENOENT);
        return account.opened(isShared(name) ? "shared memory" : "file");
      }],
      fstatfs: [-1, (file: number, status: Uint8Array) => {
        // Other files are of no file system that is told from others.
        const TMPFS_MAGIC = 0x0102_1994n;
        const isInMemory = account.open.get(file) !== "file";
        const fields = new BigUint64Array(status.buffer);
        fields[0] = isInMemory ? TMPFS_MAGIC : 0n;
        [fields[1], fields[2], fields[4]] = [4096n, 2n ** 20n, account.freeBlocks];
        return 0;
      }],
      fstat: [-1, identify],
      fchmod: [-1, () => 0],
      fallocate: [-1, (_file: number, _mode: number, _start: bigint, byteLength: bigint) => {
        const EINTR = 4;
        if (account.interrupts(Number(byteLength))) throw new Refusal(EINTR);
        return 0;
      }],
      linkat: [-1, (_from: number, _file: Uint8Array, _to: number, path: Uint8Array) => {
        return named(textOf(path));
      }],
      confstr: [0n, (_name: number, target: Uint8Array) => {
        const folder = bytesOf("/var/folders/zz/T/");
        target.set(folder);
        return BigInt(folder.length);
      }],
      mkostemp: [-1, (template: Uint8Array) => {
        template.set(bytesOf("1234567890"), template.length - 11);
        account.names.add(textOf(template));
        return account.opened(UNNAMED);
      }],
      unlink: [-1, (path: Uint8Array) => account.names.delete(textOf(path)) ? 0 : -1],
      link: [-1, (_from: Uint8Array, path: Uint8Array) => named(textOf(path))],
      lseek: [
        -1n,
        (_file: number, _offset: bigint, whence: number) =>
          whence === 2 ? BigInt(account.fileByteLength) : 0n,
      ],
      ftruncate: [-1, (file: number, byteLength: bigint) => {
        if (byteLength > (account.fileLimit ?? byteLength)) throw new Error("SIGXFSZ");
        if (account.open.get(file) !== UNNAMED) account.fileByteLength = Number(byteLength);
        return 0;
      }],
      process_vm_readv: [-1n, () => account.copies.shift() ?? 1n],
      process_vm_writev: [-1n, () => account.copies.shift() ?? 1n],
      // What the guard of Linux calls.
      sigaction: [-1, (_signal: number, action: bigint, old: Uint8Array) => {
        old.fill(0);
        new DataView(old.buffer, old.byteOffset).setBigUint64(0, handler, true);
        if (action !== 0n) handler = HANDLER;
        return 0;
      }],
      pipe2: [-1, (ends: Uint8Array) => {
        const files = [account.opened("pipe"), account.opened("pipe")];
        new Int32Array(ends.buffer, ends.byteOffset, 2).set(files);
        return 0;
      }],
      write: [-1n, (_end: number, _source: bigint, byteLength: bigint) => byteLength],
      read: [-1n, (end: number, target: Uint8Array, byteLength: bigint) => {
        if (account.open.get(end) === "maps") {
          const part = new TextEncoder().encode(unread.shift() ?? "");
          target.set(part);
          return BigInt(part.length);
        }
        const text = untold.get(end);
        if (text !== undefined) { // the kernel tells a part at a time
          const part = text.slice(0, 1000);
          untold.set(end, text.slice(part.length));
          target.set(new TextEncoder().encode(part));
          return BigInt(part.length);
        }
        if (account.open.get(end) !== "pipe") return 0n;
        if (account.installedCode === undefined) throw new Refusal(EINVAL);
        target.set(account.installedCode);
        return byteLength;
      }],
    }),
    syscall(number: bigint, first: bigint, second: bigint | Uint8Array) {
      const name = SYSTEM_CALLS.get(number)!;
      if (name === "gettid") return 1235;
      const FUTEX_WAIT = 0n;
      const error = account.called(name) ?? (second === FUTEX_WAIT ? ETIMEDOUT : 0);
      errno[0] = error || OVERWRITTEN;
      if (typeof second === "object" && error === 0) return identify(Number(first), second);
      if (name === "mlock2" && error === 0) {
        account.lock(first, second as bigint, true);
        return 0;
      }
      return error === 0 ? 1 : -1;
    },
    // Each look at the clock takes ten milliseconds.
    clock_gettime(_clock: number, address: bigint) {
      time += 10_000_000n;
      new BigInt64Array(runtime.viewed.get(address)!, 0, 2).set([0n, time]);
      return 0;
    },
    clock_gettime_nsec_np: () => time += 10_000_000n,
    pthread_self: () => 0x9000n,
    os_sync_wake_by_address_any() {
      // Every other time there is somebody.
      const error = account.called("os_sync_wake_by_address_any") ??
        (sleepers++ % 2 === 0 ? 0 : ENOENT);
      errno[0] = error || OVERWRITTEN;
      return error === 0 ? 0 : -1;
    },
    // A descriptor is closed even where that fails.
    close(file: number) {
      errno[0] = account.called("close") ?? OVERWRITTEN;
      account.closed(file);
      return errno[0] === OVERWRITTEN ? 0 : -1;
    },
    mach_vm_read_overwrite: () => account.called("mach_vm_read_overwrite") ?? 0,
    mach_vm_write: () => account.called("mach_vm_write") ?? 0,
    mach_vm_remap(
      _task: number,
      target: Uint8Array,
      byteLength: bigint,
      _mask: bigint,
      _flags: number,
      _source: number,
      address: bigint,
    ) {
      const error = account.called("mach_vm_remap") ?? 0;
      const to = new DataView(target.buffer).getBigUint64(0, true);
      account.own(to, byteLength);
      if (error === 0) move(address, byteLength, to, byteLength, true);
      return error;
    },
    mach_vm_region(
      _task: number,
      place: Uint8Array,
      size: Uint8Array,
      flavor: number,
      info: Uint8Array,
    ) {
      const error = account.called("mach_vm_region");
      if (error !== undefined) return error;
      const at = new DataView(place.buffer);
      const address = account.pageFrom(at.getBigUint64(0, true));
      if (address === undefined) return 1; // KERN_INVALID_ADDRESS
      at.setBigUint64(0, address, true);
      new DataView(size.buffer).setBigUint64(0, PAGE, true);
      const [state] = account.states(address, PAGE);
      const fields = new DataView(info.buffer);
      fields.setInt32(0, Number(/\d+$/.exec(state!)![0]), true); // protection
      const isShared = state!.startsWith("shared ");
      // inheritance, or pages_resident
      fields.setUint32(8, flavor === 9 ? (isShared ? 0 : 1) : 1, true);
      return 0;
    },
    proc_regionfilename(_pid: number, address: bigint, path: Uint8Array) {
      const isRefused = account.called("proc_regionfilename") !== undefined;
      if (isRefused || !account.states(address, PAGE)[0]!.includes("file")) return 0;
      return new TextEncoder().encodeInto("/a file", path).written;
    },
    task_self_trap: () => 259,
    getpid: () => 1234,
    geteuid: () => 1000,
    poll: () => 0,
    memmove: () => 0n,
    bcopy: () => {},
    sigprocmask: () => 0,
    memcpy(target: bigint, source: Uint8Array) {
      account.installedCode = source.slice();
      return target;
    },
    ...GROWTH,
    getrlimit(resource: number, limits: Uint8Array) {
      const RLIMIT_FSIZE = 1;
      if (resource !== RLIMIT_FSIZE || account.fileLimit === undefined) return -1;
      new BigUint64Array(limits.buffer, limits.byteOffset, 2).fill(account.fileLimit);
      return 0;
    },
    sysconf: () => PAGE,
    __errno_location: () => ERRNO_ADDRESS,
    __error: () => ERRNO_ADDRESS,
  };
  const runtime = new SimulatedRuntime(standIns, new Map([[ERRNO_ADDRESS, errno.buffer]]));
  const os = open(runtime);
  const { guard, guardAt } = os;
  if (guard !== undefined && guardAt !== undefined) {
    Object.assign(os, {
      guard() {
        const opened = guard.call(os);
        return opened && account.watch(opened);
      },
      guardAt: (address: bigint) => account.watchEntry(guardAt.call(os, address)),
    });
  }
  return { os, runtime, account };
}

/** Where the handler is said to be that is installed. */
const HANDLER = 2n ** 59n + GRANULE;

/** A file of shared memory, before it has its name. */
const UNNAMED = "shared memory without a name";

/** Whether a path is one of shared memory. */
function isShared(path: string): boolean {
  return path.startsWith("/dev/shm/") || path.startsWith("/var/folders/");
}

function textOf(path: Uint8Array): string {
  return new TextDecoder().decode(path.subarray(0, -1));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
