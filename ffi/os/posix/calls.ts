/**
 * The constants of `mmap`, and what the parts of a POSIX system share.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { Failure } from "../contract/memory.ts";

/** `PROT_NONE`: {@link https://man7.org/linux/man-pages/man2/mmap.2.html} */
export const PROT_NONE = 0x0;
/** `PROT_READ` */
export const PROT_READ = 0x1;
/** `PROT_WRITE` */
export const PROT_WRITE = 0x2;
/** `PROT_EXEC` */
export const PROT_EXEC = 0x4;
/** `MAP_PRIVATE` */
export const MAP_PRIVATE = 0x2;
/** `MAP_FIXED` */
export const MAP_FIXED = 0x10;
/** `MAP_FAILED`, `(void *) -1` */
export const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

const MEMORY = {
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: {
    parameters: ["usize", "usize", "i32", "i32", "i32", "i64"],
    result: "usize",
  },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  // int mprotect(void *addr, size_t len, int prot)
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int madvise(void *addr, size_t length, int advice)
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
} as const satisfies SymbolTable;

/** The calls of memory that files, copying and the guard need too. */
export interface MemoryCalls {
  mmap(
    address: bigint,
    byteLength: bigint,
    protection: number,
    flags: number,
    file: number,
    offset: bigint,
  ): bigint;
  munmap(address: bigint, byteLength: bigint): number;
  mprotect(address: bigint, byteLength: bigint, protection: number): number;
  madvise(address: bigint, byteLength: bigint, advice: number): number;
}

/** Opens them, once for all: each function takes Deno 0.2 ms. */
export function openMemory(native: Native, library: string): MemoryCalls {
  return native.open(library, MEMORY);
}

/** What all that calls the C library shares. */
export interface PosixShared {
  /** The C library's name. */
  readonly library: string;
  /** Makes the failure of the call that has just failed. */
  readonly failed: (syscall: string) => Failure;
}
