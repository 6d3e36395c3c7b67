// Resizes viewed mappings so that they move, keeps their handles, and prints how
// much more is mapped when their old buffers are collected.
import { type Mmap, MmapOptions } from "../../mod.ts";
import { collectGarbage } from "../support/harness.ts";
import { countMapped, mappedByteLength } from "../support/memory_map.ts";
import { rounds } from "../support/rounds.ts";

const kept: Mmap[] = [];
let moves = 0;

/** Maps a page right behind, where there is none yet. */
function block({ address, byteLength }: Mmap): void {
  const hint = address + BigInt(byteLength);
  try {
    kept.push(new MmapOptions({ len: 4096, hint, strict: true }).mapAnon());
  } catch {
    // Something is there.
  }
}

function move(): void {
  const mmap = new MmapOptions({ len: 2 ** 20 }).mapAnon();
  for (let round = 1; round < 64; round++) {
    mmap.bytes[0] = round;
    block(mmap);
    const { address } = mmap;
    mmap.resize(2 ** 20 + round * 65_536);
    if (mmap.address !== address) moves++;
  }
  mmap.resize(2 ** 20);
  kept.push(mmap);
}

/** Moves mappings whose buffers stay reachable, as a call of the runtime keeps them; counts the old ranges. */
async function countHeld(): Promise<number> {
  const buffers: ArrayBuffer[] = [];
  const addresses: bigint[] = [];
  for (let round = 0; round < 20; round++) {
    const mmap = new MmapOptions({ len: 2 ** 22 }).mapAnon();
    buffers.push(mmap.bytes.buffer);
    addresses.push(mmap.address);
    block(mmap);
    mmap.resize(2 ** 23);
    kept.push(mmap);
  }
  await collectGarbage();
  const count = countMapped(addresses, 2 ** 22);
  return buffers.length === 20 ? count : 0;
}

const held = await countHeld();
move();
const before = mappedByteLength();
for (let round = 0; round < rounds("movedMappings"); round++) move();
await collectGarbage();
await collectGarbage();
console.log(JSON.stringify({ held, left: mappedByteLength() - before, moves, kept: kept.length }));
