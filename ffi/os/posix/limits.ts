/**
 * The limits of a process on Linux and macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";

const FUNCTIONS = {
  // int getrlimit(int resource, struct rlimit *rlim): { rlim_t rlim_cur, rlim_max; }
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies SymbolTable;

/** `RLIM_INFINITY` of macOS; that of Linux is twice as much and one more. */
const UNLIMITED = (1n << 63n) - 1n;

/**
 * Opens `getrlimit`, which tells the limit that holds now; `undefined` where there is none, or
 * where it is not told. {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html}
 */
export function posixLimits(
  native: Native,
  library: string,
): (resource: number) => bigint | undefined {
  const { getrlimit } = native.open(library, FUNCTIONS);
  const limits = new BigUint64Array(2);
  const bytes = new Uint8Array(limits.buffer);
  return (resource) => {
    const isTold = getrlimit(resource, bytes) === 0 && limits[0]! < UNLIMITED;
    return isTold ? limits[0]! : undefined;
  };
}
