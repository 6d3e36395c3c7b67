/**
 * Where a process of Linux grows by itself: below the stack of its main thread, and
 * above the heap of `brk`. What is mapped there makes the next growth a crash: the
 * kernel sends SIGSEGV where the stack cannot grow up to its limit.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Os } from "../contract/os.ts";

/** `AT_EXECFN`: {@link https://man7.org/linux/man-pages/man3/getauxval.3.html} */
export const AT_EXECFN = 31;
/** `RLIMIT_STACK`: {@link https://man7.org/linux/man-pages/man2/getrlimit.2.html} */
export const RLIMIT_STACK = 3;
/** `RLIM_INFINITY` */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

const FUNCTIONS = {
  // unsigned long getauxval(unsigned long type)
  getauxval: { parameters: ["usize"], result: "usize" },
  // int getrlimit(int resource, struct rlimit *rlim): { rlim_t rlim_cur, rlim_max; }
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // void *sbrk(intptr_t increment)
  sbrk: { parameters: ["i64"], result: "usize" },
} as const satisfies SymbolTable;

/** Pages that the kernel keeps free below a stack: {@link https://docs.kernel.org/admin-guide/kernel-parameters.html} (`stack_guard_gap`). */
const GUARD_GAP_PAGES = 256;
/** The room of what has no limit: what the kernel itself keeps free at least, below a stack. */
const UNLIMITED_BYTE_LENGTH = 128n << 20n;

/** Opens what tells whether a range is one that the process itself grows into. */
export function linuxGrowth(native: Native, pageSize: number): NonNullable<Os["growsInto"]> {
  const c = native.open("libc.so.6", FUNCTIONS);
  // The name of the program is the last thing on the stack, but for 8 bytes.
  const stackEnd = (c.getauxval(BigInt(AT_EXECFN)) / BigInt(pageSize) + 1n) * BigInt(pageSize);
  const gap = BigInt(GUARD_GAP_PAGES * pageSize);
  const limits = new BigUint64Array(2);
  const limitBytes = new Uint8Array(limits.buffer);

  /** A limit can change while the process runs, and the heap moves. */
  const stackRoom = () => {
    const isKnown = c.getrlimit(RLIMIT_STACK, limitBytes) === 0 && limits[0] !== RLIM_INFINITY;
    const room = (isKnown ? limits[0]! : UNLIMITED_BYTE_LENGTH) + gap;
    return room < stackEnd ? stackEnd - room : 0n;
  };

  return (address, byteLength) => {
    const end = address + byteLength;
    if (address < stackEnd && end > stackRoom()) return true;
    const heapEnd = c.sbrk(0n);
    return address < heapEnd + UNLIMITED_BYTE_LENGTH && end > heapEnd;
  };
}
