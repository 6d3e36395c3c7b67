import { assert, assertEquals } from "@std/assert";
import { darwinErrors } from "../../ffi/os/darwin/errors.ts";
import { linuxErrors } from "../../ffi/os/linux/errors.ts";
import { test } from "../support/harness.ts";
import { fail, type Outcomes, request, simulated } from "../support/simulated/mod.ts";

const ADDRESS = 0x7f00_0000_0000n;

/** Errors that have one number everywhere. */
const COMMON = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  9: "EBADF",
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
};

const SYSTEMS = [
  {
    name: "linux",
    // <asm-generic/errno-base.h> and <asm-generic/errno.h>
    errors: {
      ...COMMON,
      3: "ESRCH",
      11: "EAGAIN",
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
    unknown: 41, // EPROTOTYPE on macOS
  },
  {
    name: "darwin",
    // https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/errno.h
    errors: {
      ...COMMON,
      11: "EDEADLK",
      35: "EAGAIN",
      45: "ENOTSUP",
      57: "ENOTCONN",
      60: "ETIMEDOUT",
      62: "ELOOP",
      63: "ENAMETOOLONG",
      69: "EDQUOT",
      70: "ESTALE",
      78: "ENOSYS",
      84: "EOVERFLOW",
    },
    codes: darwinErrors(),
    unknown: 110, // ETIMEDOUT on Linux
  },
] as const;

for (const { name, errors, codes, unknown } of SYSTEMS) {
  const open = (outcomes: Outcomes) => simulated(name, { places: [], outcomes }).os;

  for (const [number, code] of Object.entries(errors)) {
    const osError = Number(number);
    test(`${name}() names the error ${code} when errno is ${osError}`, () => {
      const os = open({ mmap: [osError, ADDRESS], munmap: [osError] });
      assertEquals(os.map(request()), { syscall: "mmap", osError, code });
      os.map(request());
      assertEquals(os.unmap(ADDRESS, 4096n), { syscall: "munmap", osError, code });
    });
  }

  test(`${name}() has one name for each error`, () => {
    const named = codes.filter((code) => code !== "");
    assertEquals(new Set(named).size, named.length);
    assert(named.every((code) => /^E[0-9A-Z]+$/.test(code)));
  });

  test(`${name}() names an error UNKNOWN when it has no name for it`, () => {
    for (const osError of [0, unknown, 9999]) {
      const system = simulated(name);
      fail(system, 0, osError);
      const failure = { syscall: "mmap", osError, code: "UNKNOWN" };
      assertEquals(system.os.map(request()), failure);
    }
  });

  test(`${name}().map() keeps each failure's error when later calls change errno`, () => {
    const os = open({ mmap: [12, 22, ADDRESS] });
    const failures = [os.map(request()), os.map(request())];
    os.map(request());
    os.unmap(ADDRESS, 4096n);
    assertEquals(failures, [
      { syscall: "mmap", osError: 12, code: "ENOMEM" },
      { syscall: "mmap", osError: 22, code: "EINVAL" },
    ]);
  });
}
