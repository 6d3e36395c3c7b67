import { darwin, darwinErrors } from "../../ffi/os/darwin/os.ts";
import { testPosix } from "../support/posix_suite.ts";

testPosix({
  name: "darwin",
  open: (native) => darwin(native, "arm64"),
  library: "/usr/lib/libSystem.B.dylib",
  errnoLocation: "__error",
  pageSizeName: 29,
  populates: false,
  // MAP_PRIVATE | MAP_ANON is 0x1002, MAP_NORESERVE 0x40. Neither populate nor
  // strict has a flag: 0x8000 is MAP_32BIT, 0x10 (MAP_FIXED) overwrites.
  // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/mman.h
  flags: [
    [false, false, false, 0x1002],
    [true, false, false, 0x1002],
    [false, true, false, 0x1042],
    [true, true, false, 0x1042],
    [false, false, true, 0x1002],
    [true, false, true, 0x1002],
    [false, true, true, 0x1042],
    [true, true, true, 0x1042],
  ],
  overwritingFlags: 0x1052,
  // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/errno.h
  errors: {
    1: "EPERM",
    2: "ENOENT",
    4: "EINTR",
    5: "EIO",
    6: "ENXIO",
    9: "EBADF",
    11: "EDEADLK",
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
    35: "EAGAIN",
    45: "ENOTSUP",
    60: "ETIMEDOUT",
    57: "ENOTCONN",
    62: "ELOOP",
    63: "ENAMETOOLONG",
    78: "ENOSYS",
    69: "EDQUOT",
    70: "ESTALE",
    84: "EOVERFLOW",
  },
  codes: darwinErrors(),
  unknownError: 110, // ETIMEDOUT on Linux
});
