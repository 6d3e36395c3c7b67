/**
 * Counts mappings that are never unmapped, from the import of this module on. What is mapped at
 * an address does not tell: where something was unmapped, a thread of the
 * runtime may map its own.
 *
 * @module
 */
import { host } from "../../ffi/host.ts";
import type { Mapper, MapRequest } from "../../ffi/os/contract/memory.ts";
import { countMapped } from "./memory_map.ts";

const unmapped: { readonly start: bigint; readonly end: bigint }[] = [];
/** Addresses that were only taken to see whether they can be: memory lies there next. */
const looks: Set<bigint> = new Set();
const { os } = host();
for (const mapper of [os, os.mirrors]) {
  const { map, unmap } = mapper as Mapper<MapRequest>;
  Object.assign(mapper, {
    map(request: MapRequest) {
      const address = map(request);
      if (request.protection === "none" && typeof address === "bigint") looks.add(address);
      return address;
    },
    unmap(start: bigint, byteLength: bigint) {
      const failure = unmap(start, byteLength);
      if (failure === undefined && !looks.delete(start)) {
        unmapped.push({ start, end: start + byteLength });
      }
      return failure;
    },
  });
}

/** Counts the addresses that are mapped, and were never unmapped. */
export function countLeft(addresses: readonly bigint[]): number {
  const isUnmapped = (address: bigint) =>
    unmapped.some(({ start, end }) => start <= address && address < end);
  return countMapped(addresses.filter((address) => !isUnmapped(address)));
}
