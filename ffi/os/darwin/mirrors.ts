/**
 * Maps memory a second time on macOS.
 *
 * @module
 */
import { failure } from "../contract/memory.ts";
import type { CLibrary } from "../posix/library.ts";
import type { Repeat } from "../posix/mirrors.ts";
import { DARWIN, KERN_CODES, VM_FLAGS_OVERWRITE, VM_INHERIT_SHARE } from "./calls.ts";

/** Opens `mach_vm_remap`: {@link https://developer.apple.com/documentation/kernel/1402218-mach_vm_remap} */
export function darwinRepeat({ open }: CLibrary): Repeat {
  const { task_self_trap, mach_vm_remap } = open(DARWIN, "task_self_trap", "mach_vm_remap");
  const task = task_self_trap();
  const target = new Uint8Array(8);
  const current = new Uint8Array(4);
  const maximum = new Uint8Array(4);
  return (address, byteLength) => {
    new DataView(target.buffer).setBigUint64(0, address + byteLength, true);
    const result = mach_vm_remap(
      task,
      target,
      byteLength,
      0n,
      VM_FLAGS_OVERWRITE,
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
