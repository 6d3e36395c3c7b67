/**
 * Copying by the kernel on macOS.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { type Failure, failure } from "../contract/memory.ts";
import type { CopyingShared, KernelCopying } from "../posix/copying.ts";

const FUNCTIONS = {
  // mach_port_t task_self_trap(void)
  task_self_trap: { parameters: [], result: "u32" },
  // kern_return_t mach_vm_read_overwrite(vm_map_read_t target_task, mach_vm_address_t address,
  //   mach_vm_size_t size, mach_vm_address_t data, mach_vm_size_t *outsize)
  mach_vm_read_overwrite: {
    parameters: ["u32", "usize", "usize", "buffer", "buffer"],
    result: "i32",
  },
  // kern_return_t mach_vm_write(vm_map_t target_task, mach_vm_address_t address,
  //   vm_offset_t data, mach_msg_type_number_t dataCnt)
  mach_vm_write: { parameters: ["u32", "usize", "buffer", "u32"], result: "i32" },
} as const satisfies SymbolTable;

/** The POSIX names of `kern_return_t`, from `<mach/kern_return.h>`. */
export const KERN_CODES: Readonly<Record<number, string>> = {
  1: "EFAULT", // KERN_INVALID_ADDRESS
  2: "EFAULT", // KERN_PROTECTION_FAILURE
  3: "ENOMEM", // KERN_NO_SPACE
  4: "EINVAL", // KERN_INVALID_ARGUMENT
  6: "ENOMEM", // KERN_RESOURCE_SHORTAGE
  9: "EFAULT", // KERN_MEMORY_FAILURE
  10: "EFAULT", // KERN_MEMORY_ERROR
};

/** How much `mach_vm_write` takes at most at a time, in bytes: its length has 32 bits. */
const MAX_BYTE_LENGTH = 2 ** 30;

/** Opens `mach_vm_read_overwrite` and `mach_vm_write`, which here copy within the own process. */
export function darwinCopying(native: Native, { library }: CopyingShared): KernelCopying {
  const c = native.open(library, FUNCTIONS);
  const task = c.task_self_trap();
  const outsize = new Uint8Array(8);
  const checked = (syscall: string, result: number): Failure | undefined =>
    result === 0 ? undefined : failure(syscall, result, KERN_CODES);

  return {
    peek: undefined,

    read(address, target) {
      const byteLength = BigInt(target.byteLength);
      return checked(
        "mach_vm_read_overwrite",
        c.mach_vm_read_overwrite(task, address, byteLength, target, outsize),
      );
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
