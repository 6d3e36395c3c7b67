/**
 * The POSIX names of the errors of Windows' calls for memory, files and objects.
 *
 * @module
 */

/** The numbers of each: {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes} */
const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  EACCES: [5, 65, 82, 225, 577, 740, 1260, 1655, 1920],
  EBADF: [6],
  EBUSY: [32, 33, 108, 148, 170, 212, 303, 1224],
  ECANCELED: [995, 1223],
  ECONNABORTED: [1236],
  ECONNREFUSED: [1225],
  ECONNRESET: [64],
  EDQUOT: [1295],
  EEXIST: [80, 183],
  EFAULT: [299, 998],
  EFBIG: [223, 665],
  EHOSTUNREACH: [53, 1232],
  EINVAL: [13, 24, 87, 122, 131, 487, 1004, 1006, 1132],
  EIO: [23, 25, 27, 29, 30, 31, 59, 110, 483, 999, 1117, 1392, 1393],
  ELOOP: [1921],
  EMFILE: [4],
  ENAMETOOLONG: [111, 206],
  ENETUNREACH: [1231],
  ENOENT: [2, 3, 15, 67, 123, 161],
  ENOEXEC: [193],
  ENOMEM: [8, 14, 1130, 1450, 1451, 1452, 1453, 1454, 1455, 1816],
  ENOSPC: [39, 112],
  ENOSYS: [120],
  ENOTCONN: [2250],
  ENOTDIR: [267],
  ENOTSUP: [1, 50],
  ENXIO: [20, 21, 55, 1112, 1167],
  EOVERFLOW: [298, 534],
  EPERM: [1300, 1314],
  EPIPE: [109],
  EROFS: [19],
  ESPIPE: [132],
  ETIMEDOUT: [121, 258, 1460],
  EXDEV: [17],
};

/** Returns the names by their numbers. */
export function windowsErrors(): Readonly<Record<number, string>> {
  return Object.fromEntries(
    Object.entries(NUMBERS).flatMap((entry) => entry[1].map((number) => [number, entry[0]])),
  );
}
