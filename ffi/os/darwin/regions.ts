/**
 * What is mapped, on macOS: `mach_vm_region` and `proc_regionfilename`.
 *
 * @module
 */
import type { Native, SymbolTable } from "../../symbols.ts";
import { textDecoder } from "../../web.ts";
import { KERN_CODES } from "./copying.ts";
import { VM_INHERIT_SHARE } from "./mirrors.ts";
import { failure } from "../contract/memory.ts";
import { type PosixShared, PROT_EXEC, PROT_READ, PROT_WRITE } from "../posix/calls.ts";
import { protectionOf, type RegionFacts, type Regions } from "../contract/regions.ts";

/** `VM_REGION_BASIC_INFO_64`, from `<mach/vm_region.h>` */
export const VM_REGION_BASIC_INFO_64 = 9;
/** `VM_REGION_BASIC_INFO_COUNT_64`: the length of a `struct vm_region_basic_info_64` by 4 bytes. */
export const VM_REGION_BASIC_INFO_COUNT_64 = 9;
/** `VM_REGION_EXTENDED_INFO` */
export const VM_REGION_EXTENDED_INFO = 13;
/** `VM_REGION_EXTENDED_INFO_COUNT`: the length of a `struct vm_region_extended_info` by 4 bytes. */
export const VM_REGION_EXTENDED_INFO_COUNT = 9;
/** `KERN_INVALID_ADDRESS`, from `<mach/kern_return.h>`: nothing is mapped from there on. */
export const KERN_INVALID_ADDRESS = 1;

/** `offsetof(struct vm_region_basic_info_64, inheritance)`; `protection` is at 0 */
const INHERITANCE = 8;
/** `offsetof(struct vm_region_extended_info, pages_resident)` */
const PAGES_RESIDENT = 8;
/** `MAXPATHLEN`, from `<sys/param.h>` */
const MAXPATHLEN = 1024;

const FUNCTIONS = {
  // mach_port_t task_self_trap(void)
  task_self_trap: { parameters: [], result: "u32" },
  // kern_return_t mach_vm_region(vm_map_read_t target_task, mach_vm_address_t *address,
  //   mach_vm_size_t *size, vm_region_flavor_t flavor, vm_region_info_t info,
  //   mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
  mach_vm_region: {
    parameters: ["u32", "buffer", "buffer", "i32", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // pid_t getpid(void)
  getpid: { parameters: [], result: "i32" },
  // int proc_regionfilename(int pid, uint64_t address, void *buffer, uint32_t buffersize)
  proc_regionfilename: { parameters: ["i32", "usize", "buffer", "u32"], result: "i32" },
} as const satisfies SymbolTable;

/**
 * Opens {@link https://developer.apple.com/documentation/kernel/1402149-mach_vm_region | mach_vm_region}
 * and `proc_regionfilename`. Shared is what a forked process would share: `mmap` makes
 * `MAP_SHARED` memory so.
 */
export function darwinRegions(
  native: Native,
  { library }: PosixShared,
  pageSize: number,
): Regions {
  const c = native.open(library, FUNCTIONS);
  const task = c.task_self_trap();
  const place = new Uint8Array(8);
  const size = new Uint8Array(8);
  const info = new Uint8Array(64);
  const count = new Uint8Array(4);
  const object = new Uint8Array(4);
  const path = new Uint8Array(MAXPATHLEN);
  const at = new DataView(place.buffer);
  const length = new DataView(size.buffer);
  const fields = new DataView(info.buffer);
  const decoder = textDecoder();

  /** Asks for the first region that ends above an address; returns 0 or the error. */
  const query = (address: bigint, flavor: number, infoCount: number): number => {
    at.setBigUint64(0, address, true);
    new DataView(count.buffer).setUint32(0, infoCount, true);
    return c.mach_vm_region(task, place, size, flavor, info, count, object);
  };
  const pid = c.getpid();
  const pathAt = (address: bigint): string | undefined => {
    const byteLength = c.proc_regionfilename(pid, address, path, path.length);
    return byteLength > 0 ? decoder.decode(path.subarray(0, byteLength)) : undefined;
  };

  return {
    fileOf: undefined,

    list({ resident }) {
      const regions = new Set<RegionFacts>();
      for (let told = 0n;;) {
        const result = query(told, VM_REGION_BASIC_INFO_64, VM_REGION_BASIC_INFO_COUNT_64);
        if (result === KERN_INVALID_ADDRESS) return [...regions];
        if (result !== 0) return failure("mach_vm_region", result, KERN_CODES);
        const start = at.getBigUint64(0, true);
        const end = start + length.getBigUint64(0, true);
        if (end <= told) return [...regions]; // it tells of nothing above
        const address = start < told ? told : start; // it has grown downwards meanwhile
        told = end;
        const protection = fields.getInt32(0, true);
        const isShared = fields.getUint32(INHERITANCE, true) === VM_INHERIT_SHARE;
        const path = pathAt(address);
        const byteLength = Number(end - address);
        let residentByteLength: number | undefined;
        if (resident) {
          const result = query(address, VM_REGION_EXTENDED_INFO, VM_REGION_EXTENDED_INFO_COUNT);
          // What is unmapped by now is not in RAM either, and then it tells of the next one.
          if (result !== 0 && result !== KERN_INVALID_ADDRESS) {
            return failure("mach_vm_region", result, KERN_CODES);
          }
          const isThere = result === 0 && at.getBigUint64(0, true) <= address;
          const pages = isThere ? fields.getUint32(PAGES_RESIDENT, true) : 0;
          residentByteLength = Math.min(pages * pageSize, byteLength);
        }
        regions.add({
          address,
          byteLength,
          access: protectionOf(
            (protection & PROT_READ) !== 0,
            (protection & PROT_WRITE) !== 0,
            (protection & PROT_EXEC) !== 0,
            !isShared && path !== undefined,
          ),
          isShared,
          path,
          isDeleted: false,
          name: undefined,
          residentByteLength,
        });
      }
    },
  };
}
