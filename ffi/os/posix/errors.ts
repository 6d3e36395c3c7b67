/**
 * The names of `errno`. Linux and macOS have the first 34 in common, but for one.
 *
 * @module
 */

/**
 * Returns the names by their numbers. `eleventh` has number 11, and `others` follow 34; 0 and a
 * number that is not used have an empty name.
 */
export function errorNames(eleventh: string, others: string): readonly string[] {
  return (
    " EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD " +
    `${eleventh} ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ` +
    "ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE " + others
  ).split(" ");
}
