import { assertEquals } from "@std/assert";
import { unmapCollected } from "../core/lifetime.ts";
import { MmapOptions, pageSize } from "../mod.ts";
import { freeAddress } from "./free_address.ts";
import { test } from "./harness.ts";
import { isMapped, withoutRegions } from "./memory_map.ts";

/** Memory that no handle owns, as the collector finds it. */
function collected(): { address: bigint; byteLength: bigint; isTransferred: boolean } {
  const len = pageSize();
  const options = new MmapOptions({ len, hint: freeAddress(len), strict: true });
  const { address, byteLength } = options.mapAnon().intoRaw();
  return { address, byteLength: BigInt(byteLength), isTransferred: false };
}

test("unmapCollected() unmaps, and unmaps once", () => {
  const allocation = collected();
  unmapCollected(allocation);
  assertEquals([allocation.byteLength, isMapped(allocation.address)], [0n, false]);
  unmapCollected(allocation);
}, { skip: withoutRegions() });

test("unmapCollected() tries again what the system refused", () => {
  const [first, second] = [collected(), collected()];
  const { address } = first;
  first.address = 1n; // nothing can be unmapped there
  unmapCollected(first);
  assertEquals(first.byteLength, BigInt(pageSize()));
  first.address = address;
  unmapCollected(second);
  assertEquals([first.byteLength, isMapped(address)], [0n, false]);
  assertEquals([second.byteLength, isMapped(second.address)], [0n, false]);
}, { skip: withoutRegions() });
