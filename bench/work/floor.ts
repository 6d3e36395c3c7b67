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
  // int mprotect(void *addr, size_t len, int prot)
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
});

/** `PROT_READ` */
const READ = 1;
/** `PROT_READ | PROT_WRITE` */
const READ_WRITE = 3;
/** `MAP_PRIVATE | MAP_ANONYMOUS` */
const ANONYMOUS = 0x22;
/** `MAP_NORESERVE` */
const NO_RESERVE = 0x4000;

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

/** Maps memory whose access changes by page. Each view is detached by the next change. */
export function mapForChanges(byteLength: number) {
  const length = BigInt(byteLength);
  const address = c.mmap(0n, length, READ_WRITE, ANONYMOUS | NO_RESERVE, -1, 0n);
  let last: ArrayBuffer | undefined;
  return {
    protect(isWritable: boolean, byteOffset: number, byteLength: number): void {
      last?.transfer(0);
      const access = isWritable ? READ_WRITE : READ;
      const failed = c.mprotect(address + BigInt(byteOffset), BigInt(byteLength), access);
      if (failed !== 0) throw new Error("mprotect() failed");
    },
    view(byteOffset: number, byteLength: number): Uint8Array {
      last = runtime.view(address + BigInt(byteOffset), byteLength);
      return new Uint8Array(last);
    },
    unmap(): void {
      c.munmap(address, length);
    },
  };
}
