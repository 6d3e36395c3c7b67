/**
 * The C functions that only Linux has, and its constants.
 *
 * @module
 */

/**
 * The functions. Variadic arguments are declared like named ones, because Linux passes both in the
 * same way.
 */
export const LINUX = {
  // void *mremap(void *old_address, size_t old_size, size_t new_size, int flags, ...
  //   /* void *new_address */)
  mremap: { parameters: ["usize", "usize", "usize", "i32", "usize"], result: "usize" },
  // int prctl(int op, ...): PR_SET_VMA has four more arguments, each as long as a pointer
  prctl: { parameters: ["i32", "usize", "usize", "usize", "buffer"], result: "i32" },
  // void *sbrk(intptr_t increment)
  sbrk: { parameters: ["i64"], result: "usize" },
  // unsigned long getauxval(unsigned long type)
  getauxval: { parameters: ["usize"], result: "usize" },

  // int fstatfs(int fd, struct statfs *buf)
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  // int fallocate(int fd, int mode, off_t offset, off_t len)
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  // int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  // int pipe2(int pipefd[2], int flags)
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "usize", "usize"], result: "i64" },

  // void *memcpy(void *dest, const void *src, size_t n)
  memcpy: { parameters: ["usize", "buffer", "usize"], result: "usize" },
  // ssize_t process_vm_readv(pid_t pid, const struct iovec *local_iov, unsigned long liovcnt,
  //   const struct iovec *remote_iov, unsigned long riovcnt, unsigned long flags)
  process_vm_readv: {
    parameters: ["i32", "usize", "usize", "usize", "usize", "usize"],
    result: "i64",
  },
  // ssize_t process_vm_writev(…), the same
  process_vm_writev: {
    parameters: ["i32", "usize", "usize", "usize", "usize", "usize"],
    result: "i64",
  },

  // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
  sigaction: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  // int sigprocmask(int how, const sigset_t *set, sigset_t *oldset): on Linux, for this thread
  // only. pthread_sigmask() is not in the libc of glibc before 2.32.
  sigprocmask: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int clock_gettime(clockid_t clockid, struct timespec *tp)
  clock_gettime: { parameters: ["i32", "usize"], result: "i32" },
  // long syscall(long number, ...): all results used here fit in an int. Pass all seven parameters
  // to every call: syscall() reads the last one from above its stack frame, where koffi 3.0 may
  // have no memory.
  syscall: {
    parameters: ["usize", "usize", "usize", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
} as const;

/**
 * `read` and `write` for a pipe from a buffer to an address. In {@linkcode LINUX} they are declared
 * for a pipe from an address to a buffer.
 */
export const TO_ADDRESS = {
  read: { parameters: ["i32", "usize", "usize"], result: "i64" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
} as const;

/** A system call that fills a buffer. */
export const SYSCALL_INTO_BUFFER = {
  syscall: {
    parameters: ["usize", "usize", "buffer", "usize", "usize", "usize", "usize"],
    result: "i32",
  },
} as const;

/** A system call that takes a path and fills a buffer. */
export const SYSCALL_OF_PATH = {
  syscall: {
    parameters: ["usize", "usize", "buffer", "buffer", "usize", "usize", "usize"],
    result: "i32",
  },
} as const;

/** The facts of a processor. */
export interface Processor {
  /**
   * The numbers of system calls without a function in every C library: `fstat` and `newfstatat`,
   * as `stat` and `fstatat`, are in glibc from 2.33 on, `mlock2` from 2.27 on and not in musl.
   */
  readonly calls: Readonly<
    Record<
      "fstat" | "futex" | "futex_waitv" | "gettid" | "mlock2" | "newfstatat" | "tgkill",
      bigint
    >
  >;
  /** Flags of `open`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
  readonly flags: Readonly<Record<"O_DIRECTORY" | "O_NOFOLLOW" | "O_TMPFILE", number>>;
  /** `offsetof(struct stat, …)` of `st_mode`, `st_uid`, `st_size` and `st_blksize`. */
  readonly stat: Readonly<Record<"mode" | "user" | "byteLength" | "blockByteLength", number>>;
}

const PROCESSORS: Readonly<Record<"x64" | "arm64", Processor>> = {
  x64: {
    calls: {
      fstat: 5n,
      futex: 202n,
      futex_waitv: 449n,
      gettid: 186n,
      mlock2: 325n,
      newfstatat: 262n,
      tgkill: 234n,
    },
    flags: { O_DIRECTORY: 0o200_000, O_NOFOLLOW: 0o400_000, O_TMPFILE: 0o20_200_000 },
    stat: { mode: 24, user: 28, byteLength: 48, blockByteLength: 56 },
  },
  arm64: {
    calls: {
      fstat: 80n,
      futex: 98n,
      futex_waitv: 449n,
      gettid: 178n,
      mlock2: 284n,
      newfstatat: 79n,
      tgkill: 131n,
    },
    flags: { O_DIRECTORY: 0o40_000, O_NOFOLLOW: 0o100_000, O_TMPFILE: 0o20_040_000 },
    stat: { mode: 16, user: 24, byteLength: 48, blockByteLength: 56 },
  },
};

/** Returns the facts of a processor, by its name in `process.arch`. */
export function processor(arch: string): Processor {
  return arch === "arm64" ? PROCESSORS.arm64 : PROCESSORS.x64;
}

/** `_SC_PAGESIZE`: {@link https://man7.org/linux/man-pages/man3/sysconf.3.html} */
export const _SC_PAGESIZE = 30;
/** `AT_EXECFN`: {@link https://man7.org/linux/man-pages/man3/getauxval.3.html} */
export const AT_EXECFN = 31;

/** `MAP_ANONYMOUS`: {@link https://man7.org/linux/man-pages/man2/mmap.2.html} */
export const MAP_ANONYMOUS = 0x20;
/** `MAP_NORESERVE` */
export const MAP_NORESERVE = 0x4000;
/** `MAP_POPULATE` */
export const MAP_POPULATE = 0x8000;
/** `MAP_FIXED_NOREPLACE`: Linux 4.17; older kernels take the address as a hint. */
export const MAP_FIXED_NOREPLACE = 0x100000;
/** `MAP_STACK` */
export const MAP_STACK = 0x20000;
/** `MAP_HUGETLB` */
export const MAP_HUGETLB = 0x40000;
/** `MAP_HUGE_SHIFT`: the lowest bit of the binary logarithm of the page length in the flags. */
export const MAP_HUGE_SHIFT = 26;
/** `MREMAP_MAYMOVE`: {@link https://man7.org/linux/man-pages/man2/mremap.2.html} */
export const MREMAP_MAYMOVE = 1;
/** `MREMAP_FIXED` */
export const MREMAP_FIXED = 2;
/** `MREMAP_DONTUNMAP`: Linux 5.7 */
export const MREMAP_DONTUNMAP = 4;
/** `MS_SYNC`: {@link https://man7.org/linux/man-pages/man2/msync.2.html} */
export const MS_SYNC = 4;
/** `MADV_DONTNEED`: {@link https://man7.org/linux/man-pages/man2/madvise.2.html} */
export const MADV_DONTNEED = 4;
/** `MADV_POPULATE_WRITE`: Linux 5.14 */
export const MADV_POPULATE_WRITE = 23;
/** `MLOCK_ONFAULT`: {@link https://man7.org/linux/man-pages/man2/mlock.2.html} */
export const MLOCK_ONFAULT = 1n;
/** `PR_SET_VMA`: {@link https://man7.org/linux/man-pages/man2/PR_SET_VMA.2const.html} */
export const PR_SET_VMA = 0x53564d41;
/** `PR_SET_VMA_ANON_NAME` */
export const PR_SET_VMA_ANON_NAME = 0n;

/** `O_CLOEXEC`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
export const O_CLOEXEC = 0x80000;
/** `O_NONBLOCK` */
export const O_NONBLOCK = 0x800;
/** `O_NOCTTY` */
export const O_NOCTTY = 0x100;
/** `O_PATH` */
export const O_PATH = 0o10_000_000;
/** `AT_FDCWD` */
export const AT_FDCWD = -100;
/** `AT_EMPTY_PATH` */
export const AT_EMPTY_PATH = 0x1000;
/** `AT_SYMLINK_FOLLOW`: {@link https://man7.org/linux/man-pages/man2/link.2.html} */
export const AT_SYMLINK_FOLLOW = 0x400;
/** `HUGETLBFS_MAGIC`: {@link https://man7.org/linux/man-pages/man2/statfs.2.html} */
export const HUGETLBFS_MAGIC = 0x958458f6n;
/** `TMPFS_MAGIC` */
export const TMPFS_MAGIC = 0x01021994n;

/** `RLIMIT_DATA`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_DATA = 2;
/** `RLIMIT_STACK` */
export const RLIMIT_STACK = 3;
/** `RLIMIT_NPROC` */
export const RLIMIT_NPROC = 6;
/** `RLIMIT_NOFILE` */
export const RLIMIT_NOFILE = 7;
/** `RLIMIT_MEMLOCK` */
export const RLIMIT_MEMLOCK = 8;
/** `RLIMIT_AS` */
export const RLIMIT_AS = 9;
/** `CAP_IPC_LOCK`: {@link https://man7.org/linux/man-pages/man7/capabilities.7.html} */
export const CAP_IPC_LOCK = 14n;
/** `CAP_SYS_ADMIN` */
export const CAP_SYS_ADMIN = 21n;
/** `CAP_SYS_RESOURCE` */
export const CAP_SYS_RESOURCE = 24n;

/** `EINTR`: {@link https://man7.org/linux/man-pages/man3/errno.3.html} */
export const EINTR = 4;
/** `EAGAIN` */
export const EAGAIN = 11;
/** `ETIMEDOUT` */
export const ETIMEDOUT = 110;

/** `CLOCK_MONOTONIC`: {@link https://man7.org/linux/man-pages/man2/clock_gettime.2.html} */
export const CLOCK_MONOTONIC = 1;
/** `FUTEX_WAIT`, for memory that processes share: {@link https://man7.org/linux/man-pages/man2/futex.2.html} */
export const FUTEX_WAIT = 0n;
/** `FUTEX_WAKE` */
export const FUTEX_WAKE = 1n;
/** `FUTEX_CMP_REQUEUE` */
export const FUTEX_CMP_REQUEUE = 4n;
/** `SIGBUS`, on x86-64 and AArch64: {@link https://man7.org/linux/man-pages/man7/signal.7.html} */
export const SIGBUS = 7;
/** `SIG_UNBLOCK`: {@link https://man7.org/linux/man-pages/man2/sigprocmask.2.html} */
export const SIG_UNBLOCK = 1;
/** `SA_SIGINFO`: {@link https://man7.org/linux/man-pages/man2/sigaction.2.html} */
export const SA_SIGINFO = 0x4;
/** `SA_ONSTACK` */
export const SA_ONSTACK = 0x0800_0000;
/** `SA_RESTART` */
export const SA_RESTART = 0x1000_0000;
