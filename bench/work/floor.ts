/**
 * The system calls of mapping by the runtime's FFI alone, and a buffer that is detached: what
 * is above that is sysalloc's own.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";

const runtime = currentRuntime();
const c = runtime.open("libc.so.6", {
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["usize", "usize"], result: "i32" },
});

/** `PROT_READ | PROT_WRITE` */
const READ_WRITE = 3;
/** `MAP_PRIVATE | MAP_ANONYMOUS` */
const ANONYMOUS = 0x22;

/** Maps memory, uses a view of it if that is asked for, and unmaps it. */
export function mapByFfi(byteLength: number, use?: (bytes: Uint8Array) => number): number {
  const length = BigInt(byteLength);
  const address = c.mmap(0n, length, READ_WRITE, ANONYMOUS, -1, 0n);
  let checksum = 1;
  if (use !== undefined) {
    const buffer = runtime.view(address, byteLength);
    checksum = use(new Uint8Array(buffer));
    buffer.transfer(0);
  }
  if (c.munmap(address, length) !== 0) throw new Error("munmap() failed");
  return checksum;
}
