import { allocationGranularity, MmapOptions } from "../mod.ts";

/** What stays free around, in bytes: room for what the runtime maps meanwhile. */
const MARGIN = 16 * 2 ** 20;

/** Finds an address at which `byteLength` bytes are free, and stay so for a while. */
export function freeAddress(byteLength: number): bigint {
  const around = new MmapOptions({ len: byteLength + 2 * MARGIN, noReserve: true }).mapAnon();
  const middle = around.address + BigInt(MARGIN);
  around.unmap();
  return middle - middle % BigInt(allocationGranularity());
}
