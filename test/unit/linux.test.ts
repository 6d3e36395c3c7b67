import { linux, linuxErrors } from "../../ffi/os/linux/os.ts";
import { testPosix } from "../support/posix_suite.ts";

testPosix({
  name: "linux",
  open: (native) => linux(native, "x64"),
  library: "libc.so.6",
  errnoLocation: "__errno_location",
  pageSizeName: 30,
  populates: true,
  // MAP_PRIVATE | MAP_ANONYMOUS is 0x22, MAP_NORESERVE 0x4000, MAP_POPULATE
  // 0x8000, MAP_FIXED_NOREPLACE 0x100000, in <asm-generic/mman-common.h>.
  flags: [
    [false, false, false, 0x22],
    [true, false, false, 0x8022],
    [false, true, false, 0x4022],
    [true, true, false, 0xc022],
    [false, false, true, 0x10_0022],
    [true, false, true, 0x10_8022],
    [false, true, true, 0x10_4022],
    [true, true, true, 0x10_c022],
  ],
  overwritingFlags: 0x4032, // MAP_FIXED is 0x10
  freeing: 4, // MADV_DONTNEED
  // <asm-generic/errno-base.h> and <asm-generic/errno.h>
  errors: {
    1: "EPERM",
    2: "ENOENT",
    3: "ESRCH",
    4: "EINTR",
    5: "EIO",
    6: "ENXIO",
    9: "EBADF",
    11: "EAGAIN",
    12: "ENOMEM",
    13: "EACCES",
    14: "EFAULT",
    16: "EBUSY",
    17: "EEXIST",
    18: "EXDEV",
    19: "ENODEV",
    20: "ENOTDIR",
    21: "EISDIR",
    22: "EINVAL",
    23: "ENFILE",
    24: "EMFILE",
    26: "ETXTBSY",
    27: "EFBIG",
    28: "ENOSPC",
    29: "ESPIPE",
    30: "EROFS",
    36: "ENAMETOOLONG",
    38: "ENOSYS",
    40: "ELOOP",
    75: "EOVERFLOW",
    95: "ENOTSUP",
    103: "ECONNABORTED",
    107: "ENOTCONN",
    110: "ETIMEDOUT",
    116: "ESTALE",
    122: "EDQUOT",
  },
  codes: linuxErrors(),
  unknownError: 41, // EPROTOTYPE on macOS
});
