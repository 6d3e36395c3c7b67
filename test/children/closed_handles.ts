// Closes handles, maps again at the same addresses, collects the handles, and
// counts what is still mapped.
import { Mmap, MmapOptions } from "../../mod.ts";
import { freeAddress } from "../support/free_address.ts";
import { collectGarbage } from "../support/harness.ts";
import { countMapped } from "../support/memory_map.ts";

const options = new MmapOptions({ len: 2 ** 20 });

/** Runs in a frame of its own, so that no local keeps the closed handles. */
function repeat<T>(make: () => T): T[] {
  return Array.from({ length: 20 }, make);
}

const again = repeat(() => {
  for (let attempt = 0;; attempt++) {
    const there = options.withHint(freeAddress(2 ** 20)).strict();
    try {
      const closed = there.mapAnon();
      closed.bytes[0] = 1;
      closed.unmap();
      return there.mapAnon();
    } catch (error) {
      // The runtime's own threads can be faster.
      if (attempt === 10) throw error;
    }
  }
});
const raws = repeat(() => {
  const mmap = options.mapAnon();
  mmap.bytes[0] = 1;
  return mmap.intoRaw();
});
await collectGarbage();
console.log(JSON.stringify({
  unmapped: countMapped(again.map(({ address }) => address)),
  givenAway: countMapped(raws.map(({ address }) => address)),
}));
for (const mmap of again) mmap.unmap();
for (const { address, byteLength } of raws) Mmap.unsafeFromRaw(address, byteLength).unmap();
