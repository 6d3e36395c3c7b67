import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DARWIN_ADVICE } from "../../ffi/os/darwin/advice.ts";
import * as darwin from "../../ffi/os/darwin/calls.ts";
import { darwinErrors } from "../../ffi/os/darwin/errors.ts";
import { LINUX_ADVICE } from "../../ffi/os/linux/advice.ts";
import * as linux from "../../ffi/os/linux/calls.ts";
import { linuxErrors } from "../../ffi/os/linux/errors.ts";
import * as posix from "../../ffi/os/posix/calls.ts";
import * as windows from "../../ffi/os/windows/constants.ts";
import { run } from "../support/child_processes.ts";
import { test, unlessLinux } from "../support/harness.ts";

type Constants = Readonly<Record<string, bigint>>;

/** The numbers among what modules export. */
function constants(...modules: object[]): Constants {
  const exports: Record<string, unknown> = Object.assign({}, ...modules);
  return Object.fromEntries(
    Object.entries(exports).flatMap(([name, value]) =>
      typeof value === "number" || typeof value === "bigint"
        ? [[name, BigInt.asUintN(64, BigInt(value))]]
        : []
    ),
  );
}

/** The numbers of `madvise`, by the names that C has for them. */
function advice(numbers: Readonly<Record<string, number>>): object {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => {
      const parted = name.replace(
        /^populate-|^free-|^zero-wired-|-locked$/g,
        (part) => part.replaceAll("-", "_"),
      );
      return [`MADV_${parted.replaceAll("-", "").toUpperCase()}`, number];
    }),
  );
}

/** Evaluates C expressions by Linux's own headers, each as 64 unsigned bits. */
function evaluate(expressions: readonly string[]): Constants {
  const directory = mkdtempSync(join(tmpdir(), "sysalloc-"));
  try {
    const source = join(directory, "constants.c");
    const program = join(directory, "constants");
    writeFileSync(
      source,
      `#define _GNU_SOURCE
      #include <errno.h>
      #include <fcntl.h>
      #include <linux/capability.h>
      #include <linux/futex.h>
      #include <linux/magic.h>
      #include <sys/auxv.h>
      #include <sys/resource.h>
      #include <sys/vfs.h>
      #include <poll.h>
      #include <signal.h>
      #include <stdlib.h>
      #include <fcntl.h>
      #include <linux/magic.h>
      #include <sys/vfs.h>
      #include <stddef.h>
      #include <stdio.h>
      #include <string.h>
      #include <strings.h>
      #include <sys/mman.h>
      #include <sys/prctl.h>
      #include <asm/mman.h>
      #include <sys/types.h>
      #include <sys/syscall.h>
      #include <sys/uio.h>
      #include <sys/stat.h>
      #include <time.h>
      #include <unistd.h>
      int main(void) {
      ${
        expressions.map((expression) =>
          `printf("%s\\t%llu\\n", ${
            JSON.stringify(expression)
          }, (unsigned long long)(${expression}));`
        ).join("\n")
      }
      }`,
    );
    printed("gcc", ["-std=c11", "-o", program, source]);
    const lines = printed(program, []).trimEnd().split("\n");
    return Object.fromEntries(
      lines.map((line) => {
        const [expression, value] = line.split("\t");
        return [expression, BigInt(value ?? "")];
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs a program, which must succeed; returns what it prints. */
function printed(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = run(command, args);
  assertStrictEquals(status, 0, stderr);
  return stdout;
}

const skip = unlessLinux("the headers are those of Linux") ??
  (run("gcc", ["--version"]).status === 0 ? undefined : "gcc is not installed");

test("linux's constants are those of its headers", () => {
  const expected = constants(
    posix,
    linux,
    linux.processor(process.arch).flags,
    advice(LINUX_ADVICE),
  );
  for (const name of ["MAP_FIXED_NOREPLACE", "MAP_FAILED", "MADV_COLLAPSE"]) {
    assert(name in expected);
  }
  assertEquals(evaluate(Object.keys(expected)), expected);
}, { skip });

test("linux's numbers of system calls are those of its headers", () => {
  const { futex_waitv: _, ...numbers } = linux.processor(process.arch).calls; // since 5.16
  const expected = Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => [`SYS_${name}`, number]),
  );
  assertEquals(evaluate(Object.keys(expected)), expected);
}, { skip });

test("linux's error numbers are those of its headers, and all of them", () => {
  const expected = Object.fromEntries(
    linuxErrors().flatMap((name, number) => name === "" ? [] : [[name, BigInt(number)]]),
  );
  assert("ENOMEM" in expected);
  assertEquals(evaluate(Object.keys(expected)), expected);
  const directory = mkdtempSync(join(tmpdir(), "sysalloc-"));
  try {
    const source = join(directory, "errno.c");
    writeFileSync(source, "#include <errno.h>\n");
    const macros = printed("gcc", ["-dM", "-E", source]);
    const defined = [...macros.matchAll(/^#define E[0-9A-Z]+ (\d+)$/gm)].map(([, number]) =>
      number
    );
    assert(defined.length > 100);
    const named = Object.values(expected).map(String);
    assertEquals(defined.filter((number) => !named.includes(number!)), []);
  } finally {
    rmSync(directory, { recursive: true });
  }
}, { skip });

test("darwin's error numbers are those of Apple's headers, and all of them", () => {
  // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/errno.h
  const header = `EPERM 1 ENOENT 2 ESRCH 3 EINTR 4 EIO 5 ENXIO 6 E2BIG 7 ENOEXEC 8 EBADF 9 ECHILD 10
    EDEADLK 11 ENOMEM 12 EACCES 13 EFAULT 14 ENOTBLK 15 EBUSY 16 EEXIST 17 EXDEV 18 ENODEV 19
    ENOTDIR 20 EISDIR 21 EINVAL 22 ENFILE 23 EMFILE 24 ENOTTY 25 ETXTBSY 26 EFBIG 27 ENOSPC 28
    ESPIPE 29 EROFS 30 EMLINK 31 EPIPE 32 EDOM 33 ERANGE 34 EAGAIN 35 EINPROGRESS 36 EALREADY 37
    ENOTSOCK 38 EDESTADDRREQ 39 EMSGSIZE 40 EPROTOTYPE 41 ENOPROTOOPT 42 EPROTONOSUPPORT 43
    ESOCKTNOSUPPORT 44 ENOTSUP 45 EPFNOSUPPORT 46 EAFNOSUPPORT 47 EADDRINUSE 48 EADDRNOTAVAIL 49
    ENETDOWN 50 ENETUNREACH 51 ENETRESET 52 ECONNABORTED 53 ECONNRESET 54 ENOBUFS 55 EISCONN 56
    ENOTCONN 57 ESHUTDOWN 58 ETOOMANYREFS 59 ETIMEDOUT 60 ECONNREFUSED 61 ELOOP 62 ENAMETOOLONG 63
    EHOSTDOWN 64 EHOSTUNREACH 65 ENOTEMPTY 66 EPROCLIM 67 EUSERS 68 EDQUOT 69 ESTALE 70 EREMOTE 71
    EBADRPC 72 ERPCMISMATCH 73 EPROGUNAVAIL 74 EPROGMISMATCH 75 EPROCUNAVAIL 76 ENOLCK 77 ENOSYS 78
    EFTYPE 79 EAUTH 80 ENEEDAUTH 81 EPWROFF 82 EDEVERR 83 EOVERFLOW 84 EBADEXEC 85 EBADARCH 86
    ESHLIBVERS 87 EBADMACHO 88 ECANCELED 89 EIDRM 90 ENOMSG 91 EILSEQ 92 ENOATTR 93 EBADMSG 94
    EMULTIHOP 95 ENODATA 96 ENOLINK 97 ENOSR 98 ENOSTR 99 EPROTO 100 ETIME 101 EOPNOTSUPP 102
    ENOPOLICY 103 ENOTRECOVERABLE 104 EOWNERDEAD 105 EQFULL 106`;
  assertEquals(
    darwinErrors().flatMap((name, number) => name === "" ? [] : [name, String(number)]),
    header.split(/\s+/),
  );
});

test("linux's functions are declared by its headers as the tables have them", () => {
  const status = linux.processor(process.arch).stat;
  const expected = {
    "sizeof(int)": 4n,
    "sizeof(long)": 8n,
    "sizeof(size_t)": 8n,
    "sizeof(off_t)": 8n,
    "sizeof(void *)": 8n,
    "sizeof(errno)": 4n,
    "(off_t)-1 < 0": 1n,
    "(size_t)-1 > 0": 1n,
    "_Generic(mmap, void *(*)(void *, size_t, int, int, int, off_t): 1, default: 0)": 1n,
    "_Generic(mremap, void *(*)(void *, size_t, size_t, int, ...): 1, default: 0)": 1n,
    "_Generic(munmap, int (*)(void *, size_t): 1, default: 0)": 1n,
    "_Generic(madvise, int (*)(void *, size_t, int): 1, default: 0)": 1n,
    "_Generic(sigprocmask, int (*)(int, const sigset_t *, sigset_t *): 1, default: 0)": 1n,
    "sizeof(sigset_t)": 128n,
    "_Generic(mlock, int (*)(const void *, size_t): 1, default: 0)": 1n,
    "_Generic(munlock, int (*)(const void *, size_t): 1, default: 0)": 1n,
    "_Generic(mincore, int (*)(void *, size_t, unsigned char *): 1, default: 0)": 1n,
    "_Generic(mprotect, int (*)(void *, size_t, int): 1, default: 0)": 1n,
    "_Generic(sysconf, long (*)(int): 1, default: 0)": 1n,
    "_Generic(getauxval, unsigned long (*)(unsigned long): 1, default: 0)": 1n,
    "_Generic(sbrk, void *(*)(intptr_t): 1, default: 0)": 1n,
    "sizeof(struct rlimit)": 16n,
    "offsetof(struct rlimit, rlim_cur)": 0n,
    "sizeof(rlim_t)": 8n,
    "_Generic(syscall, long (*)(long, ...): 1, default: 0)": 1n,
    "_Generic(clock_gettime, int (*)(clockid_t, struct timespec *): 1, default: 0)": 1n,
    "sizeof(clockid_t)": 4n,
    "sizeof(struct timespec)": 16n,
    "sizeof(struct futex_waitv)": 24n,
    "offsetof(struct futex_waitv, uaddr)": 8n,
    "offsetof(struct futex_waitv, flags)": 16n,
    "FUTEX_32": 2n, // FUTEX2_SIZE_U32, by its older name
    "_Generic(open, int (*)(const char *, int, ...): 1, default: 0)": 1n,
    "_Generic(read, ssize_t (*)(int, void *, size_t): 1, default: 0)": 1n,
    "_Generic(close, int (*)(int): 1, default: 0)": 1n,
    "_Generic(ftruncate, int (*)(int, off_t): 1, default: 0)": 1n,
    "_Generic(msync, int (*)(void *, size_t, int): 1, default: 0)": 1n,
    "_Generic(getpid, pid_t (*)(void): 1, default: 0)": 1n,
    "_Generic((pid_t)1, int: 1, default: 0)": 1n,
    "_Generic((ssize_t)1, long: 1, default: 0)": 1n,
    "_Generic(process_vm_readv, ssize_t (*)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long, unsigned long): 1, default: 0)":
      1n,
    "_Generic(process_vm_writev, ssize_t (*)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long, unsigned long): 1, default: 0)":
      1n,
    "_Generic(fstatfs, int (*)(int, struct statfs *): 1, default: 0)": 1n,
    "_Generic(fallocate, int (*)(int, int, off_t, off_t): 1, default: 0)": 1n,
    "_Generic(linkat, int (*)(int, const char *, int, const char *, int): 1, default: 0)": 1n,
    "_Generic(poll, int (*)(struct pollfd *, nfds_t, int): 1, default: 0)": 1n,
    "sizeof(nfds_t)": 8n,
    "sizeof(struct pollfd)": 8n,
    "offsetof(struct pollfd, events)": 4n,
    "offsetof(struct pollfd, revents)": 6n,
    "sizeof(mode_t)": 4n,
    "sizeof(uid_t)": 4n,
    "_Generic(geteuid, uid_t (*)(void): 1, default: 0)": 1n,
    "_Generic(fchmod, int (*)(int, mode_t): 1, default: 0)": 1n,
    "_Generic(mkostemp, int (*)(char *, int): 1, default: 0)": 1n,
    "_Generic(link, int (*)(const char *, const char *): 1, default: 0)": 1n,
    "_Generic(unlink, int (*)(const char *): 1, default: 0)": 1n,
    "offsetof(struct stat, st_mode)": BigInt(status.mode),
    "offsetof(struct stat, st_uid)": BigInt(status.user),
    "offsetof(struct stat, st_size)": BigInt(status.byteLength),
    "offsetof(struct stat, st_blksize)": BigInt(status.blockByteLength),
    "sizeof(struct statfs) <= 256": 1n,
    "offsetof(struct statfs, f_type)": 0n,
    "offsetof(struct statfs, f_bsize)": 8n,
    "offsetof(struct statfs, f_blocks)": 16n,
    "offsetof(struct statfs, f_bavail)": 32n,
    "sizeof(((struct statfs *)0)->f_type)": 8n,
    "sizeof(struct stat) <= 256": 1n,
    "offsetof(struct stat, st_dev)": 0n,
    "offsetof(struct stat, st_ino)": 8n,
    "sizeof(((struct stat *)0)->st_dev)": 8n,
    "sizeof(((struct stat *)0)->st_ino)": 8n,
    "sizeof(((struct stat *)0)->st_size)": 8n,
    "sizeof(struct iovec)": 16n,
    "offsetof(struct iovec, iov_len)": 8n,
    "_Generic(memmove, void *(*)(void *, const void *, size_t): 1, default: 0)": 1n,
    "_Generic(bcopy, void (*)(const void *, void *, size_t): 1, default: 0)": 1n,
    "_Generic(__errno_location, int *(*)(void): 1, default: 0)": 1n,
  };
  assertEquals(evaluate(Object.keys(expected)), expected);
}, { skip });

test("darwin's constants are those of Apple's headers", () => {
  assertEquals(constants(posix, darwin, advice(DARWIN_ADVICE)), {
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/mman.h
    PROT_NONE: 0x00n,
    PROT_READ: 0x01n,
    PROT_WRITE: 0x02n,
    PROT_EXEC: 0x04n,
    MAP_SHARED: 0x0001n,
    MAP_PRIVATE: 0x0002n,
    MAP_FIXED: 0x0010n,
    MAP_NORESERVE: 0x0040n,
    MAP_ANON: 0x1000n,
    MADV_NORMAL: 0n,
    MADV_RANDOM: 1n,
    MADV_SEQUENTIAL: 2n,
    MADV_WILLNEED: 3n,
    MADV_DONTNEED: 4n,
    MADV_FREE: 5n,
    MADV_ZERO_WIRED_PAGES: 6n,
    MADV_FREE_REUSABLE: 7n,
    MADV_FREE_REUSE: 8n,
    MAP_FAILED: BigInt.asUintN(64, -1n), // ((void *)-1)
    MS_ASYNC: 0x0001n,
    MS_SYNC: 0x0010n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/fcntl.h
    O_RDONLY: 0x0000n,
    O_RDWR: 0x0002n,
    O_NONBLOCK: 0x0000_0004n,
    O_NOCTTY: 0x0002_0000n,
    O_CLOEXEC: 0x0100_0000n,
    O_NOFOLLOW: 0x0000_0100n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/resource.h
    RLIMIT_FSIZE: 1n,
    RLIMIT_NOFILE: 8n,
    RLIMIT_MEMLOCK: 6n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/poll.h
    POLLNVAL: 0x20n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/syslimits.h
    PATH_MAX: 1024n,
    // https://github.com/apple-oss-distributions/Libc/blob/main/include/unistd.h
    _CS_DARWIN_USER_TEMP_DIR: 65537n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/vm_statistics.h
    VM_FLAGS_OVERWRITE: 0x4000n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/vm_inherit.h
    VM_INHERIT_SHARE: 0n,
    // https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/vm_region.h
    VM_REGION_BASIC_INFO_64: 9n,
    VM_REGION_BASIC_INFO_COUNT_64: 9n, // 36 bytes, packed to 4
    VM_REGION_EXTENDED_INFO: 13n,
    VM_REGION_EXTENDED_INFO_COUNT: 9n, // 36 bytes
    // https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/kern_return.h
    KERN_INVALID_ADDRESS: 1n,
    // https://github.com/apple-oss-distributions/Libc/blob/main/include/unistd.h
    _SC_PAGESIZE: 29n,
    // https://github.com/apple-oss-distributions/libplatform/blob/main/include/os/os_sync_wait_on_address.h
    OS_SYNC_WAIT_ON_ADDRESS_SHARED: 1n,
    // https://github.com/apple-oss-distributions/libplatform/blob/main/include/os/clock.h
    OS_CLOCK_MACH_ABSOLUTE_TIME: 32n,
    // https://github.com/apple-oss-distributions/Libc/blob/main/gen/clock_gettime.c
    CLOCK_UPTIME_RAW: 8n,
  });
});

test("windows's constants are those of Microsoft's documentation", () => {
  assertEquals(constants(windows), {
    // https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc
    MEM_COMMIT: 0x0000_1000n,
    MEM_LARGE_PAGES: 0x2000_0000n,
    MEM_RESERVE: 0x0000_2000n,
    // https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree
    MEM_DECOMMIT: 0x0000_4000n,
    MEM_RELEASE: 0x0000_8000n,
    MEM_COALESCE_PLACEHOLDERS: 0x0000_0001n,
    MEM_PRESERVE_PLACEHOLDER: 0x0000_0002n,
    // https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc2
    MEM_RESERVE_PLACEHOLDER: 0x0004_0000n,
    // https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile3
    MEM_REPLACE_PLACEHOLDER: 0x0000_4000n,
    // https://learn.microsoft.com/windows/win32/memory/memory-protection-constants
    PAGE_NOACCESS: 0x01n,
    PAGE_READONLY: 0x02n,
    PAGE_READWRITE: 0x04n,
    PAGE_WRITECOPY: 0x08n,
    PAGE_EXECUTE: 0x10n,
    PAGE_EXECUTE_READ: 0x20n,
    PAGE_EXECUTE_READWRITE: 0x40n,
    PAGE_EXECUTE_WRITECOPY: 0x80n,
    PAGE_GUARD: 0x100n,
    // https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information
    MEM_FREE: 0x1_0000n,
    MEM_PRIVATE: 0x2_0000n,
    MEM_MAPPED: 0x4_0000n,
    // https://learn.microsoft.com/windows/win32/debug/system-error-codes
    ERROR_ALREADY_EXISTS: 183n,
    ERROR_FILE_NOT_FOUND: 2n,
    ERROR_INVALID_PARAMETER: 87n,
    ERROR_NOT_LOCKED: 158n,
    ERROR_WORKING_SET_QUOTA: 1453n,
    // https://learn.microsoft.com/windows/win32/secauthz/access-mask-format
    GENERIC_READ: 1n << 31n,
    GENERIC_WRITE: 1n << 30n,
    GENERIC_EXECUTE: 1n << 29n,
    // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
    FILE_SHARE_READ: 0x0000_0001n,
    FILE_SHARE_WRITE: 0x0000_0002n,
    FILE_SHARE_DELETE: 0x0000_0004n,
    OPEN_EXISTING: 3n,
    FILE_ATTRIBUTE_NORMAL: 0x80n,
    INVALID_HANDLE_VALUE: BigInt.asUintN(64, -1n), // ((HANDLE)(LONG_PTR)-1)
    // https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getcurrentprocess
    CURRENT_PROCESS: BigInt.asUintN(64, -1n), // (HANDLE)-1
    // https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle
    DUPLICATE_SAME_ACCESS: 0x2n,
    // https://learn.microsoft.com/windows/win32/memory/file-mapping-security-and-access-rights:
    // SECTION_QUERY, SECTION_MAP_WRITE, SECTION_MAP_READ, SECTION_MAP_EXECUTE_EXPLICIT
    FILE_MAP_COPY: 0x01n,
    FILE_MAP_WRITE: 0x02n,
    FILE_MAP_READ: 0x04n,
    FILE_MAP_EXECUTE: 0x20n,
    // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfilepointerex
    FILE_BEGIN: 0n,
    // https://learn.microsoft.com/windows/win32/sync/synchronization-object-security-and-access-rights
    SEMAPHORE_MODIFY_STATE: 0x0002n,
    SYNCHRONIZE: 0x0010_0000n,
    // https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject
    WAIT_OBJECT_0: 0n,
    WAIT_ABANDONED: 0x80n,
    WAIT_TIMEOUT: 0x102n,
    // https://learn.microsoft.com/windows/win32/secauthz/access-rights-for-access-token-objects
    TOKEN_ADJUST_PRIVILEGES: 0x0020n,
    // https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-token_privileges
    SE_PRIVILEGE_ENABLED: 0x0000_0002n,
  });
});
