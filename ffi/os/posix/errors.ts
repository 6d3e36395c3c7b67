/**
 * The names of `errno`. Of the first 34 numbers, only number 11 differs between Linux and macOS.
 *
 * @module
 */

/**
 * Returns the names by their numbers. `eleventh` is the name of number 11, and `others` are those
 * from 35 on. Zero and unused numbers have an empty name.
 */
export function errorNames(eleventh: string, others: string): readonly string[] {
  return (
    " EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD " +
    `${eleventh} ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ` +
    "ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE " + others
  ).split(" ");
}
