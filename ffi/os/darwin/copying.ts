/**
 * Copying by the kernel on macOS.
 *
 * @module
 */
import { type Failure, failure } from "../contract/memory.ts";
import type { KernelCopying } from "../posix/copying.ts";
import type { CLibrary } from "../posix/library.ts";
import { DARWIN, KERN_CODES } from "./calls.ts";

/** The most bytes for one call of `mach_vm_write`, whose length has 32 bits. */
const MAX_BYTE_LENGTH = 2 ** 30;

/** Opens `mach_vm_read_overwrite` and `mach_vm_write`, used here to copy within the process. */
export function darwinCopying({ open }: CLibrary): KernelCopying {
  const c = open(DARWIN, "task_self_trap", "mach_vm_read_overwrite", "mach_vm_write");
  const task = c.task_self_trap();
  const outsize = new Uint8Array(8);
  const checked = (syscall: string, result: number): Failure | undefined =>
    result === 0 ? undefined : failure(syscall, result, KERN_CODES);

  return {
    peek: undefined,

    read(address, target) {
      const byteLength = BigInt(target.byteLength);
      const result = c.mach_vm_read_overwrite(task, address, byteLength, target, outsize);
      return checked("mach_vm_read_overwrite", result);
    },

    write(address, source) {
      for (let done = 0; done < source.byteLength; done += MAX_BYTE_LENGTH) {
        const part = source.subarray(done, done + MAX_BYTE_LENGTH);
        const result = c.mach_vm_write(task, address + BigInt(done), part, part.byteLength);
        if (result !== 0) return checked("mach_vm_write", result);
      }
      return undefined;
    },
  };
}
