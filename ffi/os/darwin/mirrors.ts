/**
 * How macOS maps memory once more.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { KERN_CODES } from "./copying.ts";
import { failure } from "../contract/memory.ts";
import type { PosixShared } from "../posix/calls.ts";
import type { Repeat } from "../posix/mirrors.ts";

/** `VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE`, from `<mach/vm_statistics.h>` */
export const VM_FLAGS_OVERWRITE = 0x4000;
/** `VM_INHERIT_SHARE`, from `<mach/vm_inherit.h>`: as `MAP_SHARED` memory is inherited. */
export const VM_INHERIT_SHARE = 0;

const FUNCTIONS = {
  // mach_port_t task_self_trap(void)
  task_self_trap: { parameters: [], result: "u32" },
  // kern_return_t mach_vm_remap(vm_map_t target_task, mach_vm_address_t *target_address,
  //   mach_vm_size_t size, mach_vm_offset_t mask, int flags, vm_map_t src_task,
  //   mach_vm_address_t src_address, boolean_t copy, vm_prot_t *cur_protection,
  //   vm_prot_t *max_protection, vm_inherit_t inheritance)
  mach_vm_remap: {
    parameters: [
      "u32",
      "buffer",
      "usize",
      "usize",
      "i32",
      "u32",
      "usize",
      "i32",
      "buffer",
      "buffer",
      "u32",
    ],
    result: "i32",
  },
} as const satisfies SymbolTable;

/** Opens `mach_vm_remap`: {@link https://developer.apple.com/documentation/kernel/1402218-mach_vm_remap} */
export function darwinRepeat(native: Native, { library }: Pick<PosixShared, "library">): Repeat {
  const { task_self_trap, mach_vm_remap } = native.open(library, FUNCTIONS);
  const task = task_self_trap();
  const target = new Uint8Array(8);
  const current = new Uint8Array(4);
  const maximum = new Uint8Array(4);
  return (address, byteLength) => {
    new DataView(target.buffer).setBigUint64(0, address + byteLength, true);
    const flags = VM_FLAGS_OVERWRITE; // VM_FLAGS_FIXED is 0
    const result = mach_vm_remap(
      task,
      target,
      byteLength,
      0n,
      flags,
      task,
      address,
      0, // share, do not copy
      current,
      maximum,
      VM_INHERIT_SHARE,
    );
    return result === 0 ? undefined : failure("mach_vm_remap", result, KERN_CODES);
  };
}
