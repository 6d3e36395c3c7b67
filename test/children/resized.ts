// Resizes viewed mappings so that they move, keeps their handles, and prints how
// much more is mapped when their old buffers are collected.
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../harness.ts";
import { mappedByteLength } from "../memory_map.ts";

const kept: Mmap[] = [];
function move(): void {
  const mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
  for (let round = 1; round < 64; round++) {
    mmap.bytes[0] = round;
    kept.push(new MmapOptions({ len: 4096 }).mapAnon()); // in the way
    mmap.resize(2 ** 20 + round * 65_536);
  }
  mmap.resize(2 ** 20);
  kept.push(mmap);
}

move();
const before = mappedByteLength();
for (let round = 0; round < 8; round++) move();
await collectGarbage();
await collectGarbage();
console.log(JSON.stringify({ left: mappedByteLength() - before, kept: kept.length }));
