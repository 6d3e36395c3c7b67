import { assertEquals, assertStrictEquals } from "@std/assert";
import { windowsSearching } from "../../ffi/os/windows/searching.ts";
import type { WindowsLibrary } from "../../ffi/os/windows/library.ts";
import { test } from "../support/harness.ts";
import { randomBelow } from "../support/random.ts";
import { SimulatedRuntime } from "../support/simulated/mod.ts";

const ADDRESS = 0x1_8000_0000n;

/** Searches this memory. */
function search(bytes: Uint8Array, pattern: Uint8Array): bigint {
  const standIns = { memchr: () => 0n, memmove: () => 0n };
  const memory = new Map([[ADDRESS, bytes.slice().buffer as ArrayBuffer]]);
  const native = new SimulatedRuntime(standIns, memory);
  const found = windowsSearching({ native } as unknown as WindowsLibrary)
    .bytes(ADDRESS, bytes.length, pattern);
  assertStrictEquals(memory.get(ADDRESS)!.byteLength, 0, "the view is detached");
  return found;
}

test("bytes() of Windows finds what a comparison at each place finds", () => {
  const below = randomBelow(1);
  for (let round = 0; round < 2000; round++) {
    const letters = 1 + below(3);
    const random = (length: number) => Uint8Array.from({ length }, () => below(letters));
    const bytes = random(1 + below(60));
    const pattern = random(1 + below(9));
    const expected = String.fromCharCode(...bytes).indexOf(String.fromCharCode(...pattern));
    const found = search(bytes, pattern);
    const offset = found === 0n ? -1 : Number(found - ADDRESS);
    assertEquals(offset, expected, `${pattern} in ${bytes}`);
  }
});
