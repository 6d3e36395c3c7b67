/**
 * The mappings of a process on macOS, by `mach_vm_region` and `proc_regionfilename`.
 *
 * @module
 */
import { textDecoder } from "../../web.ts";
import { failure } from "../contract/memory.ts";
import { protectionOf, type RegionFacts, type Regions } from "../contract/regions.ts";
import { POSIX, PROT_EXEC, PROT_READ, PROT_WRITE } from "../posix/calls.ts";
import type { CLibrary } from "../posix/library.ts";
import {
  DARWIN,
  KERN_CODES,
  KERN_INVALID_ADDRESS,
  PATH_MAX,
  VM_INHERIT_SHARE,
  VM_REGION_BASIC_INFO_64,
  VM_REGION_BASIC_INFO_COUNT_64,
  VM_REGION_EXTENDED_INFO,
  VM_REGION_EXTENDED_INFO_COUNT,
} from "./calls.ts";

/** `offsetof(struct vm_region_basic_info_64, inheritance)`; `protection` is at 0 */
const INHERITANCE = 8;
/** `offsetof(struct vm_region_extended_info, pages_resident)` */
const PAGES_RESIDENT = 8;

/**
 * Opens {@link https://developer.apple.com/documentation/kernel/1402149-mach_vm_region | mach_vm_region}
 * and `proc_regionfilename`. A region counts as shared if a forked process would share it, as
 * memory of `MAP_SHARED` is.
 */
export function darwinRegions(
  { open, pageSize }: Pick<CLibrary, "open" | "pageSize">,
): Regions {
  const c = open(DARWIN, "task_self_trap", "mach_vm_region", "proc_regionfilename");
  const task = c.task_self_trap();
  const place = new Uint8Array(8);
  const size = new Uint8Array(8);
  const info = new Uint8Array(64);
  const count = new Uint8Array(4);
  const object = new Uint8Array(4);
  const path = new Uint8Array(PATH_MAX);
  const at = new DataView(place.buffer);
  const length = new DataView(size.buffer);
  const fields = new DataView(info.buffer);
  const decoder = textDecoder();

  /** Finds the first region that ends above an address; returns 0 or the error. */
  const query = (address: bigint, flavor: number, infoCount: number): number => {
    at.setBigUint64(0, address, true);
    new DataView(count.buffer).setUint32(0, infoCount, true);
    return c.mach_vm_region(task, place, size, flavor, info, count, object);
  };
  const pid = open(POSIX, "getpid").getpid();
  const pathAt = (address: bigint): string | undefined => {
    const byteLength = c.proc_regionfilename(pid, address, path, path.length);
    return byteLength > 0 ? decoder.decode(path.subarray(0, byteLength)) : undefined;
  };

  return {
    fileOf: undefined,

    list({ resident, within }) {
      const regions = new Set<RegionFacts>();
      const past = within && within.address + within.byteLength;
      for (let told = within?.address ?? 0n; past === undefined || told < past;) {
        const result = query(told, VM_REGION_BASIC_INFO_64, VM_REGION_BASIC_INFO_COUNT_64);
        if (result === KERN_INVALID_ADDRESS) return [...regions];
        if (result !== 0) return failure("mach_vm_region", result, KERN_CODES);
        const start = at.getBigUint64(0, true);
        const end = start + length.getBigUint64(0, true);
        if (end <= told) return [...regions]; // nothing is mapped above
        const address = start < told ? told : start; // the region has grown downwards since the last call
        told = end;
        const protection = fields.getInt32(0, true);
        const isShared = fields.getUint32(INHERITANCE, true) === VM_INHERIT_SHARE;
        const path = pathAt(address);
        const byteLength = Number(end - address);
        let residentByteLength: number | undefined;
        if (resident) {
          const result = query(address, VM_REGION_EXTENDED_INFO, VM_REGION_EXTENDED_INFO_COUNT);
          // If the region was unmapped since the last call, the call describes the next one.
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
      return [...regions];
    },
  };
}
