// Maps memory twice in a row, views and unmaps it, many times, and tells how many
// of the mappings and how many more descriptors are left.
import { readdirSync } from "node:fs";
import { allocationGranularity, MmapOptions } from "../../mod.ts";
import { countLeft } from "../support/count_left.ts";
import { collectGarbage } from "../support/harness.ts";
import { rounds } from "../support/rounds.ts";

const len = 4 * allocationGranularity();
const descriptors = () => process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;

const addresses: bigint[] = [];
function cycle(isViewed: boolean): void {
  const mmap = new MmapOptions({ len }).mapMirrored();
  addresses.push(mmap.address, mmap.address + BigInt(len));
  if (isViewed) mmap.view(Uint8Array, len)[0] = 1;
  mmap.unmap();
}

cycle(true);
await collectGarbage(); // the runtime opens descriptors of its own for it
const before = descriptors();
for (let index = 0; index < rounds("mirrorCycles"); index++) {
  cycle(index % 2 === 0);
  if (index % 100 === 99) await collectGarbage();
}
await collectGarbage();
const opened = Math.max(0, descriptors() - before);
console.log(JSON.stringify({ left: countLeft(addresses), opened }));
