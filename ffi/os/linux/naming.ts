/**
 * Names of memory on Linux.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { cString } from "../posix/c_string.ts";
import type { Os } from "../contract/os.ts";

/** `PR_SET_VMA`: {@link https://man7.org/linux/man-pages/man2/PR_SET_VMA.2const.html} */
export const PR_SET_VMA = 0x53564d41;
/** `PR_SET_VMA_ANON_NAME` */
export const PR_SET_VMA_ANON_NAME = 0n;

const FUNCTIONS = {
  // int prctl(int op, ...), of which this operation has four more arguments of the
  // length of a pointer: on Linux, they are passed as those that have a name are
  prctl: { parameters: ["i32", "usize", "usize", "usize", "buffer"], result: "i32" },
} as const satisfies SymbolTable;

/** Opens the call that names memory. Kernels before 5.17, or made without names, refuse it: nothing is named. */
export function linuxNaming(native: Native): NonNullable<Os["name"]> {
  const { prctl } = native.open("libc.so.6", FUNCTIONS);
  return (address, byteLength, label) => {
    const name = cString(label);
    prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, byteLength, name);
  };
}
