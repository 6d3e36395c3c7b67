/**
 * Copying by the kernel on Linux.
 *
 * @module
 */
import { lazily } from "../../lazily.ts";
import type { KernelRead } from "../contract/copying.ts";
import type { Failure } from "../contract/memory.ts";
import { POSIX } from "../posix/calls.ts";
import type { KernelCopying } from "../posix/copying.ts";
import type { CLibrary } from "../posix/library.ts";
import { LINUX } from "./calls.ts";
import { linuxPipeCopying } from "./pipe_copying.ts";

/** `sizeof(struct iovec)`: {@link https://man7.org/linux/man-pages/man3/iovec.3type.html} */
const IOVEC_BYTE_LENGTH = 16;
/** The offset of the copied bytes, after the two `struct iovec`. */
const BYTES = 2 * IOVEC_BYTE_LENGTH;
const MAX_BYTE_LENGTH = 65_536 - BYTES;

/**
 * Opens `process_vm_readv` and `process_vm_writev`, used here to copy within the process:
 * {@link https://man7.org/linux/man-pages/man2/process_vm_readv.2.html}. They need addresses on
 * both sides, and the array of a caller has no stable address, so all bytes pass through a buffer
 * of the library. The engine owns that buffer and frees it with the thread, however the thread
 * ends. The address of the buffer is stable, because no engine moves an `ArrayBuffer` of its
 * length.
 */
export function linuxCopying(library: CLibrary): KernelCopying {
  const { open, failed } = library;
  const { memmove, getpid } = open(POSIX, "memmove", "getpid");
  const calls = open(LINUX, "process_vm_readv", "process_vm_writev");
  const pid = getpid();
  const transit = new ArrayBuffer(BYTES + MAX_BYTE_LENGTH);
  /** The local `struct iovec`, then the remote one. */
  const iovecs = new BigUint64Array(transit, 0, BYTES / 8);
  const bytes = new Uint8Array(transit, BYTES);
  const local = memmove(new Uint8Array(transit), 0n, 0n);

  const copy = (
    syscall: "process_vm_readv" | "process_vm_writev",
    address: bigint,
    byteLength: number,
  ): number | Failure => {
    iovecs.set([local + BigInt(BYTES), BigInt(byteLength), address, BigInt(byteLength)]);
    const copied = calls[syscall](pid, local, 1n, local + BigInt(IOVEC_BYTE_LENGTH), 1n, 0n);
    return copied > 0n ? Number(copied) : failed(syscall);
  };

  // Some sandboxes forbid the calls, and emulators lack them.
  const throughPipe = lazily(() => linuxPipeCopying(library));
  const isMissing = ({ code }: Failure) => code === "ENOSYS" || code === "EPERM";

  const read: KernelRead = (address, target) => {
    for (let done = 0; done < target.byteLength;) {
      const length = Math.min(MAX_BYTE_LENGTH, target.byteLength - done);
      const copied = copy("process_vm_readv", address + BigInt(done), length);
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
      // The pipe fails too if no descriptor is left.
      return failure === undefined || failure.code === "EFAULT" ? failure : read(address, target);
    },

    write(address, source) {
      for (let done = 0; done < source.byteLength;) {
        const part = source.subarray(done, done + MAX_BYTE_LENGTH);
        bytes.set(part);
        const copied = copy("process_vm_writev", address + BigInt(done), part.byteLength);
        if (typeof copied !== "number") {
          return isMissing(copied) ? throughPipe().write(address, source) : copied;
        }
        done += copied;
      }
      return undefined;
    },
  };
}
