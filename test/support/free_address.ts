import { allocationGranularity, MmapOptions } from "../../mod.ts";

/** The room that stays free around, in bytes, for mappings of the runtime. */
const MARGIN = 16 * 2 ** 20;

/** From here on neither a system nor a runtime maps anything of its own accord. */
let next = 0x5400_0000_0000n;

/** Finds an address at which `byteLength` bytes are free, and stay so for a while. */
export function freeAddress(byteLength: number): bigint {
  const address = next;
  const granule = BigInt(allocationGranularity());
  next += (BigInt(byteLength + MARGIN) / granule + 1n) * granule;
  try {
    new MmapOptions({ len: byteLength, hint: address, strict: true }).reserve().unmap();
    return address;
  } catch {
    return somewhere(byteLength); // a processor can have fewer addresses
  }
}

function somewhere(byteLength: number): bigint {
  const around = new MmapOptions({ len: byteLength + 2 * MARGIN, noReserve: true }).mapAnon();
  const middle = around.address + BigInt(MARGIN);
  around.unmap();
  return middle - middle % BigInt(allocationGranularity());
}
