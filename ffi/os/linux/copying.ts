/**
 * Copying by the kernel on Linux.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import type { KernelRead } from "../contract/copying.ts";
import { lazily } from "../../lazily.ts";
import { linuxPipeCopying } from "./pipe_copying.ts";
import type { Failure } from "../contract/memory.ts";
import type { CopyingShared, KernelCopying } from "../posix/copying.ts";

const FUNCTIONS = {
  // void *memmove(void *dest, const void *src, size_t n): returns dest
  memmove: { parameters: ["buffer", "usize", "usize"], result: "usize" },
  // pid_t getpid(void)
  getpid: { parameters: [], result: "i32" },
  // ssize_t process_vm_readv(pid_t pid, const struct iovec *local_iov, unsigned long liovcnt,
  //   const struct iovec *remote_iov, unsigned long riovcnt, unsigned long flags)
  process_vm_readv: {
    parameters: ["i32", "usize", "usize", "usize", "usize", "usize"],
    result: "i64",
  },
  // ssize_t process_vm_writev(…), the same
  process_vm_writev: {
    parameters: ["i32", "usize", "usize", "usize", "usize", "usize"],
    result: "i64",
  },
} as const satisfies SymbolTable;

/** `sizeof(struct iovec)`: {@link https://man7.org/linux/man-pages/man3/iovec.3type.html} */
const IOVEC_BYTE_LENGTH = 16;
/** Where the bytes are that are on their way, behind the two `struct iovec`. */
const BYTES = 2 * IOVEC_BYTE_LENGTH;
const MAX_BYTE_LENGTH = 65_536 - BYTES;

/**
 * Opens `process_vm_readv` and `process_vm_writev`, which here copy within the
 * own process: {@link https://man7.org/linux/man-pages/man2/process_vm_readv.2.html}.
 * They want addresses on both sides, and what a caller gives has none that
 * lasts: all goes through memory of the library's own. That is the engine's, so that it goes
 * with a thread, however this ends, and it stays where it is: no engine moves an
 * `ArrayBuffer` of such a length.
 */
export function linuxCopying(native: Native, shared: CopyingShared): KernelCopying {
  const c = native.open(shared.library, FUNCTIONS);
  const { process_vm_readv, process_vm_writev } = c;
  const pid = c.getpid();
  const transit = new ArrayBuffer(BYTES + MAX_BYTE_LENGTH);
  /** The local `struct iovec`, then the remote one. */
  const iovecs = new BigUint64Array(transit, 0, BYTES / 8);
  const bytes = new Uint8Array(transit, BYTES);
  const local = c.memmove(new Uint8Array(transit), 0n, 0n);

  const copy = (
    syscall: "process_vm_readv" | "process_vm_writev",
    call: typeof process_vm_readv,
    address: bigint,
    byteLength: number,
  ): number | Failure => {
    iovecs.set([local + BigInt(BYTES), BigInt(byteLength), address, BigInt(byteLength)]);
    const copied = call(pid, local, 1n, local + BigInt(IOVEC_BYTE_LENGTH), 1n, 0n);
    return copied > 0n ? Number(copied) : shared.failed(syscall);
  };

  // Some sandboxes forbid the calls, and emulators lack them.
  const throughPipe = lazily(() => linuxPipeCopying(native, shared));
  const isMissing = ({ code }: Failure) => code === "ENOSYS" || code === "EPERM";

  const read: KernelRead = (address, target) => {
    for (let done = 0; done < target.byteLength;) {
      const length = Math.min(MAX_BYTE_LENGTH, target.byteLength - done);
      const from = address + BigInt(done);
      const copied = copy("process_vm_readv", process_vm_readv, from, length);
      if (typeof copied !== "number") {
        return isMissing(copied) ? throughPipe().read(address, target) : copied;
      }
      target.set(bytes.subarray(0, copied), done);
      done += copied;
    }
    return undefined;
  };

  return {
    read,

    peek(address, target) {
      const failure = throughPipe().read(address, target);
      // There can be no descriptor left.
      return failure === undefined || failure.code === "EFAULT" ? failure : read(address, target);
    },

    write(address, source) {
      for (let done = 0; done < source.byteLength;) {
        const part = source.subarray(done, done + MAX_BYTE_LENGTH);
        bytes.set(part);
        const copied = copy(
          "process_vm_writev",
          process_vm_writev,
          address + BigInt(done),
          part.byteLength,
        );
        if (typeof copied !== "number") {
          return isMissing(copied) ? throughPipe().write(address, source) : copied;
        }
        done += copied;
      }
      return undefined;
    },
  };
}
