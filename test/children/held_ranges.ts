// Unmaps mappings that were viewed, and counts whose ranges are mapped while
// their buffers are kept, and once these are dropped.
import { MmapOptions } from "../../mod.ts";
import { countLeft } from "../support/count_left.ts";
import { collectGarbage } from "../support/harness.ts";

const addresses: bigint[] = [];
const buffers: ArrayBuffer[] = [];

/** Maps in a frame of its own, so that no local keeps anything. */
function mapAndUnmap(): void {
  const mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
  addresses.push(mmap.address);
  buffers.push(mmap.bytes.buffer);
  mmap.unmap();
}

for (let index = 0; index < 8; index++) mapAndUnmap();
await collectGarbage();
const kept = countLeft(addresses);
buffers.length = 0;
for (let round = 0; round < 20 && countLeft(addresses) > 0; round++) await collectGarbage();
console.log(JSON.stringify({ kept, dropped: countLeft(addresses) }));
