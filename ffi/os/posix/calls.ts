/**
 * The C functions of POSIX that the library calls, and the constants that Linux and macOS have in
 * common.
 *
 * @module
 */

/** The functions, as both systems declare them. */
export const POSIX = {
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  // int mprotect(void *addr, size_t len, int prot)
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int madvise(void *addr, size_t length, int advice)
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int msync(void *addr, size_t length, int flags)
  msync: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int mlock(const void *addr, size_t len)
  mlock: { parameters: ["usize", "usize"], result: "i32" },
  // int munlock(const void *addr, size_t len)
  munlock: { parameters: ["usize", "usize"], result: "i32" },
  // int mincore(void *addr, size_t length, unsigned char *vec)
  mincore: { parameters: ["usize", "usize", "buffer"], result: "i32" },

  // int open(const char *path, int flags, ... /* mode_t mode */): the mode is read only if a file
  // is created. The library creates files with it only on Linux, where a variadic argument is
  // passed like any other.
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int ftruncate(int fd, off_t length)
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  // int fchmod(int fd, mode_t mode)
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int mkostemp(char *template, int flags)
  mkostemp: { parameters: ["buffer", "i32"], result: "i32" },
  // int link(const char *oldpath, const char *newpath)
  link: { parameters: ["buffer", "buffer"], result: "i32" },
  // int unlink(const char *path)
  unlink: { parameters: ["buffer"], result: "i32" },
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout)
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },

  // void *memmove(void *dest, const void *src, size_t n): returns dest
  memmove: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  // void bcopy(const void *src, void *dest, size_t n): memmove() with its arguments swapped
  bcopy: { parameters: ["buffer", "usize", "usize"], result: "void" },

  // void *memchr(const void *s, int c, size_t n)
  memchr: { parameters: ["usize", "i32", "usize"], result: "usize" },
  // void *memmem(const void *haystack, size_t haystacklen, const void *needle, size_t needlelen)
  memmem: { parameters: ["usize", "usize", "buffer", "usize"], result: "usize" },

  // pid_t getpid(void)
  getpid: { parameters: [], result: "i32" },
  // uid_t geteuid(void)
  geteuid: { parameters: [], result: "u32" },
  // int getrlimit(int resource, struct rlimit *rlim): { rlim_t rlim_cur, rlim_max; }
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // long sysconf(int name)
  sysconf: { parameters: ["i32"], result: "i64" },
  // int *__errno_location(void) on Linux: each thread has one address
  __errno_location: { parameters: [], result: "usize" },
  // int *__error(void): the same on macOS
  __error: { parameters: [], result: "usize" },
} as const;

/** `PROT_NONE`: {@link https://man7.org/linux/man-pages/man2/mmap.2.html} */
export const PROT_NONE = 0x0;
/** `PROT_READ` */
export const PROT_READ = 0x1;
/** `PROT_WRITE` */
export const PROT_WRITE = 0x2;
/** `PROT_EXEC` */
export const PROT_EXEC = 0x4;
/** `MAP_SHARED` */
export const MAP_SHARED = 0x1;
/** `MAP_PRIVATE` */
export const MAP_PRIVATE = 0x2;
/** `MAP_FIXED` */
export const MAP_FIXED = 0x10;
/** `MAP_FAILED`, `(void *) -1` */
export const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
/** `MS_ASYNC`: {@link https://man7.org/linux/man-pages/man2/msync.2.html} */
export const MS_ASYNC = 0x1;
/** `O_RDONLY`: {@link https://man7.org/linux/man-pages/man2/open.2.html} */
export const O_RDONLY = 0;
/** `O_RDWR` */
export const O_RDWR = 2;
/** `POLLNVAL`: {@link https://man7.org/linux/man-pages/man2/poll.2.html} */
export const POLLNVAL = 0x20;
/** `RLIMIT_FSIZE`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_FSIZE = 1;
