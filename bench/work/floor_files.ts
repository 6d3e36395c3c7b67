/**
 * The system calls of reading one record of a mapped file, by the runtime's FFI alone.
 *
 * @module
 */
import { currentRuntime } from "../../ffi/host.ts";
import { RECORD, sumWords } from "./common.ts";
import type { Task, Work } from "./serve.ts";

/** `O_RDONLY | O_CLOEXEC` */
const READ_ONLY = 0o2_000_000;
const PROT_READ = 1;
const MAP_PRIVATE = 2;
/** More than `sizeof(struct stat)`, and `offsetof(struct stat, st_size)`. */
const [STAT_BYTES, SIZE] = [256, 48];

/** Opens a file and reads its record in the middle, so often. */
export const recordsByFfi: Work = ({ path, size, operations }: Task) => {
  const runtime = currentRuntime();
  const c = runtime.open("libc.so.6", {
    // int open(const char *pathname, int flags, ...): the mode is not passed
    open: { parameters: ["buffer", "i32"], result: "i32" },
    // int fstat(int fd, struct stat *statbuf)
    fstat: { parameters: ["i32", "buffer"], result: "i32" },
    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
    // int close(int fd)
    close: { parameters: ["i32"], result: "i32" },
    // int munmap(void *addr, size_t length)
    munmap: { parameters: ["usize", "usize"], result: "i32" },
  });
  const name = new TextEncoder().encode(`${path}\0`);
  const stat = new DataView(new ArrayBuffer(STAT_BYTES));
  const statBytes = new Uint8Array(stat.buffer);
  const middle = BigInt(size / 2);
  const sumRecord = () => {
    const file = c.open(name, READ_ONLY);
    if (c.fstat(file, statBytes) !== 0) throw new Error("open() or fstat() failed");
    const byteLength = stat.getBigInt64(SIZE, true);
    const address = c.mmap(0n, byteLength, PROT_READ, MAP_PRIVATE, file, 0n);
    c.close(file);
    const buffer = runtime.view(address + middle, RECORD);
    const sum = sumWords(new Uint32Array(buffer));
    buffer.transfer(0);
    if (c.munmap(address, byteLength) !== 0) throw new Error("munmap() failed");
    return sum;
  };
  return {
    run() {
      let sum = 0;
      for (let index = 0; index < operations; index++) sum = sumRecord();
      return sum;
    },
  };
};
