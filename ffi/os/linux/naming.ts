/**
 * Names of memory on Linux.
 *
 * @module
 */
import type { Os } from "../contract/os.ts";
import { type CLibrary, cString } from "../posix/library.ts";
import { LINUX, PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "./calls.ts";

/**
 * Opens the call that names memory. Kernels before 5.17, or built without this feature, refuse the
 * call, and the memory has no name.
 */
export function linuxNaming({ open }: CLibrary): NonNullable<Os["name"]> {
  const { prctl } = open(LINUX, "prctl");
  return (address, byteLength, label) => {
    prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, byteLength, cString(label));
  };
}
