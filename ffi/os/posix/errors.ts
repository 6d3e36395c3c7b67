/**
 * The names of `errno`, of which Linux and macOS have the first 34 in common, but for one.
 *
 * @module
 */

/**
 * The names by their numbers, from 0 on, which is none. `eleventh` is what has number 11, and
 * `others` what is behind 34; a number that is not used has an empty name.
 */
export function errorNames(eleventh: string, others: string): readonly string[] {
  return (
    " EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD " +
    `${eleventh} ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ` +
    "ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE " + others
  ).split(" ");
}
