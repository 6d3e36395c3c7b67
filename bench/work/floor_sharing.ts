/**
 * The system calls of named memory and of waiting, by the runtime's FFI alone.
 *
 * @module
 */
import process from "node:process";
import { currentRuntime } from "../../ffi/host.ts";

/** `O_RDWR | O_CREAT | O_EXCL` */
const CREATE = 0o302;
const READ_WRITE = 3;
const MAP_SHARED = 1;
const [FUTEX_WAIT, FUTEX_WAKE] = [0n, 1n];
const SYS_FUTEX = process.arch === "arm64" ? 98n : 202n;

let functions: ReturnType<typeof open> | undefined;

function open() {
  return currentRuntime().open("libc.so.6", {
    // int shm_open(const char *name, int oflag, mode_t mode)
    shm_open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
    // int shm_unlink(const char *name)
    shm_unlink: { parameters: ["buffer"], result: "i32" },
    // int ftruncate(int fd, off_t length)
    ftruncate: { parameters: ["i32", "i64"], result: "i32" },
    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
    // int close(int fd)
    close: { parameters: ["i32"], result: "i32" },
    // int munmap(void *addr, size_t length)
    munmap: { parameters: ["usize", "usize"], result: "i32" },
    // long syscall(long number, ...): declared as ffi/os/linux/calls.ts does
    syscall: {
      parameters: ["usize", "usize", "usize", "usize", "usize", "usize", "usize"],
      result: "i32",
    },
  });
}

/** Makes memory with a name, stores to its first byte, and removes it. */
export function shareByFfi(name: string, byteLength: number): number {
  const c = functions ??= open();
  const runtime = currentRuntime();
  const cName = new TextEncoder().encode(`/${name}\0`);
  const length = BigInt(byteLength);
  const file = c.shm_open(cName, CREATE, 0o600);
  if (c.ftruncate(file, length) !== 0) throw new Error("shm_open() or ftruncate() failed");
  const address = c.mmap(0n, length, READ_WRITE, MAP_SHARED, file, 0n);
  c.close(file);
  c.shm_unlink(cName);
  const buffer = runtime.view(address, 1);
  const bytes = new Uint8Array(buffer);
  bytes[0] = 1;
  const first = bytes[0]!;
  buffer.transfer(0);
  if (c.munmap(address, length) !== 0) throw new Error("munmap() failed");
  return first;
}

/** Loads a byte at an address, by a buffer that is made for it and detached. */
export function loadByFfi(address: bigint): number {
  const buffer = currentRuntime().view(address, 1);
  const byte = new Uint8Array(buffer)[0]!;
  buffer.transfer(0);
  return byte;
}

/** Waits while the word at an address has a value. */
export function waitByFfi(address: bigint, value: number): void {
  (functions ??= open()).syscall(SYS_FUTEX, address, FUTEX_WAIT, BigInt(value), 0n, 0n, 0n);
}

/** Wakes one that waits for the word at an address. */
export function notifyByFfi(address: bigint): void {
  (functions ??= open()).syscall(SYS_FUTEX, address, FUTEX_WAKE, 1n, 0n, 0n, 0n);
}
