/**
 * The addresses that a process on Linux grows into by itself: below the stack of its main thread,
 * and above the heap of `brk`. A mapping there would crash the process later: the kernel sends
 * `SIGSEGV` if the stack cannot grow, even below its limit.
 *
 * @module
 */
import { roundUp } from "../../bigints.ts";
import type { Os } from "../contract/os.ts";
import { type CLibrary, limitReader } from "../posix/library.ts";
import { AT_EXECFN, LINUX, RLIMIT_STACK } from "./calls.ts";

/** Pages that the kernel keeps free below a stack: {@link https://docs.kernel.org/admin-guide/kernel-parameters.html} (`stack_guard_gap`). */
const GUARD_GAP_PAGES = 256;
/**
 * The room that is left for a stack or heap without a limit, as much as the kernel keeps free below
 * a stack.
 */
const UNLIMITED_BYTE_LENGTH = 128n << 20n;

/** Opens {@linkcode Os.growsInto}. */
export function linuxGrowth(library: CLibrary): NonNullable<Os["growsInto"]> {
  const { getauxval, sbrk } = library.open(LINUX, "getauxval", "sbrk");
  const limitOf = limitReader(library);
  const pageSize = BigInt(library.pageSize);
  // The stack ends with the name of the program and 8 more bytes.
  const stackEnd = roundUp(getauxval(BigInt(AT_EXECFN)) + 1n, pageSize);
  const gap = BigInt(GUARD_GAP_PAGES) * pageSize;

  /**
   * The lowest address that the stack may grow to. It is not cached, because the limit can change
   * while the process runs.
   */
  const stackStart = () => {
    const room = (limitOf(RLIMIT_STACK) ?? UNLIMITED_BYTE_LENGTH) + gap;
    return room < stackEnd ? stackEnd - room : 0n;
  };

  return (address, byteLength) => {
    const end = address + byteLength;
    if (address < stackEnd && end > stackStart()) return true;
    const heapEnd = sbrk(0n);
    return address < heapEnd + UNLIMITED_BYTE_LENGTH && end > heapEnd;
  };
}
